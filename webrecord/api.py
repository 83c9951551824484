"""The API's calls (docs/api.md), over one connection pool; errors are those of `webrecord.errors`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

import httpx
import tenacity

from webrecord import errors
from webrecord.answer import WITHIN_S, whole
from webrecord.proxies import proxy_for
from webrecord.replies import Document, document, documents, other_server, problem, retry_after_s
from webrecord.settings import Target
from webrecord.waiting import QUIET_S, Waits, silently
from webrecord.wire import Ways, why
from webrecord.words import t

FINAL = ("completed", "failed", "lost", "cancelled")
WAITING = ("scheduled", "queued")
PAGE = 100
"""Largest page of a list."""
MOST_LISTED = 50_000
"""Of one list: a server that names another page each time would be asked without end."""
WAIT_S = 20
"""How long one call waits for a change."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,26}")
_CONNECT_S = 10.0
_LONGEST_PAUSE_S = 120.0


@dataclass(frozen=True)
class Patience:
    """Limits of retries (number of tries, seconds from the first to the start of the last) and of a list's pages."""

    tries: int = 5
    within_s: float = 60.0
    pages: int = 2_000


class Api:
    """Calls one deployment.

    Args:
        target: where, and the token.
        patience: for calls that may be repeated, and for pages.
        pause: sleeps; a batch gives one that an interruption ends.
        waits: tells of a call that takes long.
    """

    def __init__(
        self,
        target: Target,
        patience: Patience | None = None,
        pause: Callable[[float], None] = time.sleep,
        waits: Waits = silently,
    ) -> None:
        self.target, self._patience, self._pause, self.waits = target, patience or Patience(), pause, waits
        headers = {"Accept": "application/json", "User-Agent": "webrecord"}
        if target.token:
            headers["Authorization"] = f"Bearer {target.token}"
        self.http = httpx.Client(
            base_url=target.endpoint,
            headers=headers,
            timeout=httpx.Timeout(WITHIN_S, connect=_CONNECT_S),
            transport=Ways(),
            trust_env=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def start(self, body: Document, key: str, typed: Mapping[str, str] | None = None) -> tuple[int, Document]:
        """POST /recordings; return status and recording. The key makes it safe to repeat; `typed` as in `of_reply`."""
        reply = self.call("POST", "/recordings", body=body, headers={"Idempotency-Key": key}, typed=typed)
        return reply.status_code, document(reply)

    def get(self, recording_id: str) -> tuple[Document, str | None]:
        """GET /recordings/{id}; return the recording and its ETag."""
        reply = self.call("GET", _path(recording_id))
        return document(reply), reply.headers.get("etag")

    def wait(self, recording_id: str, etag: str | None, timeout_s: int = WAIT_S) -> tuple[Document | None, str | None]:
        """GET /recordings/{id}/wait; return the recording, or None where nothing is new, and its ETag."""
        headers = {"If-None-Match": etag} if etag else {}
        path = f"{_path(recording_id)}/wait"
        reply = self.call("GET", path, query={"timeout": timeout_s}, headers=headers, held_s=timeout_s)
        return (None if reply.status_code == 304 else document(reply)), reply.headers.get("etag", etag)

    def pages(
        self,
        query: list[tuple[str, str]],
        limit: int | None,
        cursor: str | None,
        takes: Callable[[Document], bool] = lambda _: True,
    ) -> Iterator[Document]:
        """GET /recordings page by page, until `limit` recordings match `takes`; None for all.

        It ends at MOST_LISTED recordings, so many pages, or a page that follows itself: the last has a `next_cursor`.
        """
        left = MOST_LISTED if limit is None else min(limit, MOST_LISTED)
        for _ in range(self._patience.pages):
            size = min(PAGE, left)
            more = [("cursor", cursor)] if cursor else []
            page = document(self.call("GET", "/recordings", query=[*query, ("limit", str(size)), *more]), "recordings")
            page["recordings"] = [one for one in documents(page["recordings"]) if takes(one)]
            yield page
            left -= len(page["recordings"])
            before, cursor = cursor, page.get("next_cursor")
            if not cursor or cursor == before or left <= 0:
                return

    def events(self, recording_id: str) -> Document:
        """GET /recordings/{id}/events, page after page up to the limits of pages(); `next_after` says that more are."""
        path = f"{_path(recording_id)}/events"
        whole = page = document(self.call("GET", path), "events")
        found = documents(page["events"])
        for _ in range(self._patience.pages - 1):
            if not (after := page.get("next_after")) or len(found) >= MOST_LISTED:
                break
            page = document(self.call("GET", path, query={"after": str(after)}), "events")
            if page.get("next_after") == after:
                page = {}  # no page follows itself
                break
            found += documents(page["events"])
        left = {"next_after": page["next_after"]} if page.get("next_after") else {}
        return {**{name: value for name, value in whole.items() if name != "next_after"}, "events": found, **left}

    def playlist(self, recording_id: str, name: str) -> str:
        """GET /recordings/{id}/playlist: an HLS playlist with signed segment addresses."""
        return self.call("GET", f"{_path(recording_id)}/playlist", query={"file": name}).text

    def segment(self, recording_id: str, address: str) -> str:
        """GET /recordings/{id}/segment: the signed address of a segment that a long playlist names by ours."""
        query = parse_qsl(urlsplit(address).query)
        return str(self.call("GET", f"{_path(recording_id)}/segment", query=query, leads=True).headers["location"])

    def stop(self, recording_id: str) -> Document:
        """POST /recordings/{id}/stop."""
        return document(self.call("POST", f"{_path(recording_id)}/stop", repeat=False))

    def delete(self, recording_id: str, *, files: bool) -> int:
        """DELETE /recordings/{id}; return 202 for cancelled, 204 for deleted."""
        query = {"files": "true"} if files else {}
        return self.call("DELETE", _path(recording_id), query=query, repeat=False).status_code

    @property
    def waited_for(self) -> str:
        """Return the text for a call that takes long."""
        return t("waiting for an answer of {target} …", target=self.target)

    def unreachable(self, error: httpx.HTTPError) -> errors.Unreachable:
        """Return the error for a call that got no answer."""
        proxy = proxy_for(self.target.endpoint, os.environ)
        found = why(error, self.target.endpoint, proxy)
        kind = errors.Unreachable if found.passing else errors.Unconnectable
        return kind(t("no answer from {target}: {line}", target=self.target, line=found.line))

    def refusal(self, reply: httpx.Response, typed: Mapping[str, str] | None = None) -> errors.CliError:
        """Return the error for an answer that is not 2xx."""
        told, status = problem(reply), reply.status_code
        if status == 401:
            return errors.NotAuthorized(self._unauthorized(told))
        if told is None and status in (429, 503):
            return errors.Busy(
                t("{target} is busy ({status})", target=self.target, status=status), retry_after_s(reply)
            )
        if told is None and 300 <= status < 400:
            to = reply.headers.get("location", "").split("?")[0].split("#")[0][:200] or "nowhere"
            line = t(
                "{target} redirects ({status}) to {to}; the token is not sent there",
                target=self.target,
                status=status,
                to=to,
            )
            return errors.NotTheApi(t("{line}; is the endpoint right?", line=line))
        if told is None and status in (502, 504):
            return errors.ServiceFailed(
                t("{target}: a gateway before the API answered {status}; try again", target=self.target, status=status)
            )
        if told is None:
            if "HTTPS port" in reply.text[:2000]:
                return errors.NotTheApi(
                    t("{target} speaks https, not http; write https:// in front", target=self.target)
                )
            return errors.NotTheApi(t("{other}; is the endpoint right?", other=other_server(reply)))
        error = errors.of_reply(status, told, retry_after_s(reply), typed)
        if isinstance(error, errors.NotFound) and "platform" not in told:
            hint = t("was it deleted, or is it in another profile? the endpoint was {target}", target=self.target)
            return errors.NotFound(t("; ").join((str(error), hint)))
        return errors.ServiceFailed(str(error)) if "platform" in told else error

    def _unauthorized(self, told: Document | None) -> str:
        said = f" ({told['detail']})" if told and told.get("detail") else ""
        give = t("give one by --token-file, WEBRECORD_TOKEN or `webrecord config set token`")
        if self.target.token:
            return t(
                "{target} refused the token from {token_from}{said}; {give}",
                target=self.target,
                token_from=self.target.token_from or t("the settings"),
                said=said,
                give=give,
            )
        why_none = t("; ") + self.target.token_from if self.target.token_from else ""
        return t(
            "{target} requires a token, and none was sent{why_none}{said}; {give}",
            target=self.target,
            why_none=why_none,
            said=said,
            give=give,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | Sequence[tuple[str, str]] = (),
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = True,
        leads: bool = False,
        held_s: float = 0.0,
        typed: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Make one call, and retry it if that is safe and may help. Return 2xx and 304, and 302 if it `leads` on.

        The API may keep back its answer for `held_s`.

        Raises:
            CliError: what the answer means, or that there was none.
        """

        sent = {"Content-Type": "application/json"} if method == "POST" else {}
        sent |= headers or {}

        def once() -> httpx.Response:
            try:
                params = httpx.QueryParams(dict(query) if isinstance(query, Mapping) else list(query))
                request = self.http.build_request(method, path, params=params, json=body, headers=sent)
                reply = whole(self.http, request)
            except httpx.HTTPError as error:
                raise self.unreachable(error) from error
            except httpx.InvalidURL:
                raise errors.BadUsage(t("{target} is not an endpoint that can be called", target=self.target)) from None
            except UnicodeEncodeError:
                raise errors.BadUsage(
                    t("the request has invalid characters: half a surrogate pair, or not UTF-8")
                ) from None
            located = leads and reply.status_code == 302 and reply.has_redirect_location
            if located or reply.is_success or reply.status_code == 304:
                return reply
            raise self.refusal(reply, typed)

        tries = self._patience.tries if repeat else 1
        with self.waits(self.waited_for, QUIET_S + held_s) as tell:
            again = tenacity.Retrying(
                retry=tenacity.retry_if_exception(_may_pass),
                stop=tenacity.stop_after_attempt(tries) | tenacity.stop_before_delay(self._patience.within_s),
                wait=_pause_s,
                sleep=self._pause,
                before_sleep=lambda state: tell(_goes_on(state, tries)),
                reraise=True,
            )
            return again(once)


def _pause_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, errors.Busy) and error.retry_after_s is not None:
        return min(error.retry_after_s, _LONGEST_PAUSE_S)
    return float(tenacity.wait_exponential_jitter(max=15)(state))


def _goes_on(state: tenacity.RetryCallState, tries: int) -> str:
    error = state.outcome.exception() if state.outcome else None
    pause_s = state.next_action.sleep if state.next_action else 0.0
    number = state.attempt_number + 1
    after = t("try {number} of {tries} in {pause_s:.0f} s", number=number, tries=tries, pause_s=pause_s)
    return t("; ").join((str(error), after))


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, errors.Unreachable | errors.Busy) and not isinstance(error, errors.Unconnectable)


def _path(recording_id: str) -> str:
    if not _ID.fullmatch(recording_id):
        raise errors.NotFound(
            t(
                "{recording_id!r} is not a recording's id: `webrecord list` shows them",
                recording_id=recording_id[:80],
            )
        )
    return f"/recordings/{recording_id}"
