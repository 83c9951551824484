"""A second session beside the recorder's own: what the browser tells of a page, counted and cut, into a `Visit`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from local.check.seen import Failure, Gl, Load, Media, Mixed, Visit
from local.check.text import fields, items, number, tidy, word
from local.recorder.page import Page
from local.recorder.scripts import TOO_LARGE

_HOOKS = Path(__file__).with_name("hooks.js")
_SAW = "__checkSaw"
_MOST = 50
"""Of each kind that is kept."""
_REQUESTS = 2_000
_STATES = 100
_DOMAINS = ("Page", "Runtime", "Network", "Log", "Audits", "Performance")
_QUIET = {"net::ERR_ABORTED", "net::ERR_BLOCKED_BY_CLIENT"}
_LIVE = ("failed", "disconnected")
_NOTHING = (204, 205)
ANSWER_S = 3.0
"""A request or a connection that has no answer by then has none for the recording's begin either."""
_PATIENT = 5
"""So many times as long is waited for what a page lets wait that gets too little of a processor."""
_PARTS = ("Document", "Script", "Stylesheet", "Font", "Image")
T = TypeVar("T")


def _keep(kept: list[T], one: T) -> None:
    if len(kept) < _MOST and one not in kept:
        kept.append(one)


class Watcher:
    """Listens to one tab, its frames and its workers."""

    def __init__(self, page: Page, visit: Visit) -> None:
        self._page, self._visit = page, visit
        self._session = ""
        self._requests: dict[str, str] = {}
        self._states: dict[tuple[str, int], dict[str, object]] = {}
        self._asked = True
        self._document = self._why = ""
        self._sockets: dict[str, tuple[float, str]] = {}
        self._unanswered: dict[str, tuple[float, str]] = {}
        self.moves = 0
        """How many documents the top frame has had."""
        self.awaited = ""
        """The address that the page is on its way to, and that has not answered yet."""
        self.awaited_at = 0.0
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "Network.requestWillBeSent": self._on_request,
            "Network.responseReceived": self._on_response,
            "Network.loadingFailed": self._on_failed,
            "Network.webSocketCreated": self._on_socket,
            "Network.webSocketHandshakeResponseReceived": self._on_socket_told,
            "Network.webSocketFrameError": self._on_socket_told,
            "Network.webSocketClosed": self._on_socket_told,
            "Runtime.exceptionThrown": self._on_exception,
            "Page.frameNavigated": self._on_navigated,
            "Page.javascriptDialogOpening": self._on_dialog,
            "Page.windowOpen": self._on_popup,
            "Audits.issueAdded": self._on_issue,
        }

    @classmethod
    async def attach(cls, page: Page, visit: Visit) -> Watcher:
        """Begin to listen, before the page is opened.

        Raises:
            CdpError: the browser does not do what it is told.
        """
        self = cls(page, visit)
        attach = {"targetId": page.target, "flatten": True}
        self._session = (await page.connection.call("Target.attachToTarget", attach))["sessionId"]
        self._arm(self._session)
        await self.call("Runtime.evaluate", {"expression": "0"})  # all of it is in force
        return self

    async def call(self, method: str, params: dict[str, Any] | None = None, wait_s: float = 10) -> dict[str, Any]:
        """Send the tab a command; see `Connection.call`."""
        return await self._page.connection.call(method, params, self._session, wait_s)

    def expect_load(self) -> None:
        """Take the next document in the top frame for one that the check asked for."""
        self._asked = True

    @property
    def is_waiting(self) -> bool:
        """A request or a connection of the page has no answer yet."""
        return bool(self._sockets or self._unanswered)

    def sum_up(self) -> None:
        """Write what the frames told last into the visit, in place of what was written before."""
        visit = self._visit
        for kept in (visit.media, visit.audio, visit.gl, visit.frame_texts):
            kept.clear()
        for state in list(self._states.values()):
            for one in map(fields, items(state.get("media"), _MOST)):
                if one.get("there"):
                    _keep(visit.media, _media(one))
            visit.audio += [word(one, 20) for one in items(state.get("audio"), _MOST)][: _MOST - len(visit.audio)]
            for one in map(fields, items(state.get("gl"), _MOST)):
                _keep(visit.gl, Gl(word(one.get("kind"), 20), number(one.get("area"))))
            if text := word(state.get("text"), 500):
                _keep(visit.frame_texts, text)
            for peer in items(state.get("peers"), _MOST):
                if peer in _LIVE:
                    _keep(visit.connections, f"WebRTC {peer}")
        late = time.monotonic() - ANSWER_S * (_PATIENT if visit.starved else 1)
        for begun, url in self._sockets.values():
            if begun <= late:
                _keep(visit.connections, f"WebSocket {tidy(url, 100)} does not open")
        for request, (begun, kind) in self._unanswered.items():
            if begun <= late:
                _keep(visit.failed, Failure(kind, self._requests.get(request, ""), "does not answer"))

    def _arm(self, session: str, *, worker: bool = False) -> None:
        """Subscribe to a session's events; skip those that it does not support, as workers do not."""
        connection = self._page.connection
        connection.listen(session, lambda method, params: self._on(session, worker, method, params))
        for domain in _DOMAINS:
            connection.tell(f"{domain}.enable", None, session)
        connection.tell("Runtime.addBinding", {"name": _SAW}, session)
        script = {"source": _HOOKS.read_text(encoding="utf-8")}
        connection.tell("Page.addScriptToEvaluateOnNewDocument", script, session)
        attach = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        connection.tell("Target.setAutoAttach", attach, session)

    def _on(self, session: str, worker: bool, method: str, params: dict[str, Any]) -> None:
        handle = self._handlers.get(method)
        if handle is not None:
            handle(params)
        elif method == "Runtime.bindingCalled":
            self._on_said(session, params)
        elif method == "Runtime.executionContextDestroyed":
            self._states.pop((session, params.get("executionContextId", 0)), None)
        elif method == "Runtime.executionContextsCleared":
            self._states = {key: state for key, state in self._states.items() if key[0] != session}
        elif method == "Log.entryAdded":
            self._on_log(worker, fields(params.get("entry")))
        elif method == "Target.attachedToTarget":
            kind = fields(params.get("targetInfo")).get("type")
            self._arm(params["sessionId"], worker=kind != "iframe" and kind != "page")
            self._page.connection.tell("Runtime.runIfWaitingForDebugger", None, params["sessionId"])
        elif method == "Target.detachedFromTarget":
            self._states = {key: state for key, state in self._states.items() if key[0] != params.get("sessionId")}

    def _on_said(self, session: str, params: dict[str, Any]) -> None:
        """Take what a hook says; the page can call it too, with anything."""
        visit, payload = self._visit, word(params.get("payload"), 100_000)
        if params.get("name") == TOO_LARGE:
            _keep(visit.sizes, _size(*payload.partition("x")[::2]))
        if params.get("name") != _SAW:
            return
        try:
            said = fields(json.loads(payload))
        except (ValueError, RecursionError):
            return
        kind = said.get("kind")
        if kind == "state" and (len(self._states) < _STATES or (session, params["executionContextId"]) in self._states):
            self._states[session, params["executionContextId"]] = said
        elif kind == "size":
            _keep(visit.sizes, _size(said.get("w"), said.get("h")))
        elif kind == "device":
            _keep(visit.devices, word(said.get("name"), 40))
        elif kind == "protected":
            _keep(visit.protected, tidy(word(said.get("key")), 80))
        elif kind == "speech":
            visit.speech = True

    def _on_log(self, worker: bool, entry: dict[str, object]) -> None:
        text = word(entry.get("text"), 500)
        visit = self._visit
        visit.gl_worker |= worker and "webgl" in text.lower()
        visit.fullscreen |= "requestFullscreen" in text
        visit.audio_refused |= "AudioContext was not allowed to start" in text
        if "Content Security Policy" in text and "inline script" in text:
            _keep(visit.errors, tidy(text, 160))

    def _on_request(self, params: dict[str, Any]) -> None:
        request, url = str(params.get("requestId")), word(fields(params.get("request")).get("url"))
        kind = params.get("type")
        if len(self._requests) < _REQUESTS:
            self._requests[request] = url
        if kind == "Document" and params.get("frameId") == self._page.target:
            self._document, self.awaited, self.awaited_at = request, url, time.monotonic()
            if params.get("redirectResponse"):
                _keep(self._visit.hops, url)
        elif kind in _PARTS and len(self._unanswered) < _REQUESTS:
            self._unanswered[request] = time.monotonic(), str(kind)

    def _on_response(self, params: dict[str, Any]) -> None:
        visit, response, kind = self._visit, fields(params.get("response")), word(params.get("type"), 20)
        self._unanswered.pop(str(params.get("requestId")), None)
        status = int(number(response.get("status")))
        if kind == "Document" and params.get("frameId") == self._page.target:
            self.awaited = ""
            if status in _NOTHING and visit.loads:
                return  # the page stays
            visit.status, visit.mime = status, word(response.get("mimeType"), 80)
            headers = {str(name).lower(): value for name, value in fields(response.get("headers")).items()}
            asks = word(headers.get("www-authenticate"), 80) if status == 401 else ""
            visit.login = asks.partition(" ")[0][:20]
        elif status >= 400:
            _keep(visit.failed, Failure(kind, word(response.get("url")), f"answers {status}"))

    def _on_failed(self, params: dict[str, Any]) -> None:
        why, request = word(params.get("errorText"), 100), str(params.get("requestId"))
        self._unanswered.pop(request, None)
        if request == self._document:
            self._why, came, self.awaited = why.removeprefix("net::"), not self.awaited, ""
            if came and why not in _QUIET:
                self._visit.broken = self._why
            return
        if params.get("canceled") or why in _QUIET:
            return
        blocked = word(params.get("blockedReason"), 40)
        kind, url = word(params.get("type"), 20), self._requests.get(request, "")
        _keep(self._visit.failed, Failure(kind, url, why.removeprefix("net::"), blocked))

    def _on_exception(self, params: dict[str, Any]) -> None:
        details = fields(params.get("exceptionDetails"))
        described = word(fields(details.get("exception")).get("description")) or word(details.get("text"))
        _keep(self._visit.errors, tidy(described.partition("\n")[0], 160))

    def _on_navigated(self, params: dict[str, Any]) -> None:
        frame, visit = fields(params.get("frame")), self._visit
        if frame.get("parentId") is not None:
            return
        gone = word(frame.get("unreachableUrl"))
        visit.lost = Failure("Document", gone, self._why) if gone else None
        visit.awaited = ""
        visit.broken = ""
        self.moves += 1
        self._unanswered.clear()
        if len(visit.loads) < _MOST:
            visit.loads.append(Load(word(frame.get("url")), self._asked))
            self._asked = False

    def _on_issue(self, params: dict[str, Any]) -> None:
        issue = fields(params.get("issue"))
        found = fields(fields(issue.get("details")).get("mixedContentIssueDetails"))
        if found:
            blocked = found.get("resolutionStatus") == "MixedContentBlocked"
            _keep(self._visit.mixed, Mixed(word(found.get("insecureURL")), blocked))

    def _on_socket(self, params: dict[str, Any]) -> None:
        if len(self._sockets) < _MOST:
            self._sockets[str(params.get("requestId"))] = time.monotonic(), word(params.get("url"))

    def _on_socket_told(self, params: dict[str, Any]) -> None:
        self._sockets.pop(str(params.get("requestId")), None)
        if said := tidy(word(params.get("errorMessage")), 120):
            _keep(self._visit.connections, f"WebSocket {said}")

    def _on_dialog(self, params: dict[str, Any]) -> None:
        if params.get("type") != "beforeunload":
            _keep(self._visit.dialogs, tidy(f"{params.get('type')}: {params.get('message')}", 120))

    def _on_popup(self, params: dict[str, Any]) -> None:
        _keep(self._visit.popups, tidy(word(params.get("url")), 160))


def _size(width: object, height: object) -> tuple[int, int]:
    def whole(side: object) -> int:
        return int(side) if isinstance(side, str) and side.isdecimal() and len(side) < 7 else int(number(side))

    return whole(width), whole(height)


def _media(one: dict[str, object]) -> Media:
    return Media(
        bool(one.get("paused")),
        number(one.get("time")),
        bool(one.get("muted")),
        int(number(one.get("error"))),
        bool(one.get("played")),
        word(one.get("refused"), 40),
        bool(one.get("autoplay")),
    )
