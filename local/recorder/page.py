"""The recorded page: opening it, navigating, waiting until it is ready, keeping it undisturbed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from local.recorder.cdp import CLOSED, CdpError, Connection
from local.recorder.job import Mobile, Viewport
from local.recorder.log import log
from local.recorder.scripts import READY, SCRIPTS, TOO_LARGE
from shared.domain.redaction import redact

_NOTES = 20
_LOAD_S = 5.0  # after the document is parsed, how long its pictures and frames may delay the start


class GotoError(Exception):
    """The page could not be opened: the message is what TRTC would report."""


class Page:
    """One tab."""

    def __init__(self, connection: Connection, target: str, session: str) -> None:
        self.crashed = asyncio.Event()
        self.too_large = asyncio.Event()  # it shows a video above the largest size
        self.on_refresh: Callable[[], None] | None = None
        self.status: int | None = None  # of the HTTP reply that is the page, once it is open
        self._notes = 0
        self._mime = ""
        self._downloads = False
        self._address = ""
        self._leaving = False  # what the document says that a reload replaces is nothing of the next one's
        self._ready = asyncio.Event()
        self._parsed = asyncio.Event()
        self._loaded = asyncio.Event()
        self.connection = connection
        self.target = target  # the tab's id, and its main frame's
        self._session = session

    @classmethod
    async def open(
        cls, connection: Connection, viewport: Viewport, mobile: Mobile | None, *, begin_frame: bool
    ) -> Page:
        """Open an empty tab of the given size.

        Raises:
            CdpError: the browser cannot, for example because it has no begin-frame control.
        """
        wanted: dict[str, Any] = {"url": "about:blank", "width": viewport.width, "height": viewport.height}
        if begin_frame:
            wanted["enableBeginFrameControl"] = True
        target = (await connection.call("Target.createTarget", wanted))["targetId"]
        attach = {"targetId": target, "flatten": True}
        session = (await connection.call("Target.attachToTarget", attach))["sessionId"]
        page = cls(connection, target, session)
        connection.listen(session, page._on_event)
        connection.listen(None, page._on_browser_event)
        await connection.call("Target.setDiscoverTargets", {"discover": True})
        await connection.call("Browser.setDownloadBehavior", {"behavior": "deny"})
        for domain in ("Page", "Inspector", "Runtime"):
            await page.call(f"{domain}.enable")
        for name in (READY, TOO_LARGE):
            await page.call("Runtime.addBinding", {"name": name})
        for script in SCRIPTS:
            await page.call("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        await page._emulate(viewport, mobile)
        return page

    def listen(self, name: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Call `handler(params)` for each event of that name."""

        def on_event(method: str, params: dict[str, Any]) -> None:
            if method == name:
                handler(params)

        self.connection.listen(self._session, on_event)

    async def call(self, method: str, params: dict[str, Any] | None = None, wait_s: float = 10) -> dict[str, Any]:
        """Send the tab a command; see `Connection.call`."""
        return await self.connection.call(method, params, self._session, wait_s)

    def tell(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send the tab a command whose answer does not matter."""
        self.connection.tell(method, params, self._session)

    async def goto(self, url: str, timeout_s: float) -> None:
        """Open an address and wait until its document is there.

        Raises:
            GotoError: the address cannot be reached or is no page, or nothing came within `timeout_s` seconds.
        """
        self.tell("Network.enable")
        try:
            await self._goto(url, timeout_s)
        finally:
            self.tell("Network.disable")  # each piece of a video is an event

    async def _goto(self, url: str, timeout_s: float) -> None:
        self._forget()
        deadline = time.monotonic() + timeout_s
        try:
            answer = await asyncio.wait_for(self.call("Page.navigate", {"url": url}, wait_s=timeout_s + 10), timeout_s)
        except asyncio.TimeoutError:
            self.tell("Page.stopLoading")
            raise GotoError("Goto url timeout") from None
        except CdpError as error:
            raise GotoError(f"Goto url error: {error}") from None
        if answer.get("errorText"):
            raise GotoError(f"Goto url error: {self._why(answer)}")
        if not await _within(self._parsed, deadline - time.monotonic()):
            self.tell("Page.stopLoading")
            raise GotoError("Goto url timeout")
        # An endless picture or frame must not keep the recording from starting.
        await _within(self._loaded, min(_LOAD_S, deadline - time.monotonic()))

    async def reload(self) -> None:
        """Load the page afresh."""
        self._forget()
        self._leaving = True
        with contextlib.suppress(CdpError):
            await self.call("Page.reload", {"ignoreCache": True})

    async def ready(self, timeout_s: float) -> bool:
        """Wait for the page's `notifyReady()`; tell whether it came in time."""
        return await _within(self._ready, timeout_s)

    def _why(self, answer: dict[str, Any]) -> str:
        """Return the browser's word for why there is no page, and what it leaves out."""
        word = str(answer["errorText"])
        if answer.get("isDownload") or self._downloads:
            kind = f" ({self._mime})" if self._mime else ""
            return f"{word}, the address is a download{kind}, not a page"
        return f"{word}, the address answers {self.status}" if self.status is not None else word

    def _forget(self) -> None:
        for event in (self._ready, self._parsed, self._loaded):
            event.clear()

    async def _emulate(self, viewport: Viewport, mobile: Mobile | None) -> None:
        metrics: dict[str, Any] = {
            "width": viewport.width,
            "height": viewport.height,
            "deviceScaleFactor": viewport.scale,
            "mobile": mobile is not None,
        }
        if mobile is None:
            await self.call("Emulation.setDeviceMetricsOverride", metrics)
            return
        portrait = mobile.orientation == "portrait"
        metrics |= {
            "screenWidth": viewport.width,
            "screenHeight": viewport.height,
            "screenOrientation": {
                "type": "portraitPrimary" if portrait else "landscapePrimary",
                "angle": 0 if portrait else 90,
            },
        }
        product = (await self.connection.call("Browser.getVersion"))["product"]
        agent = {
            "userAgent": mobile.user_agent(product.rpartition("/")[2]),
            "platform": "Linux armv8l",
        }
        await self.call("Emulation.setDeviceMetricsOverride", metrics)
        await self.call("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
        await self.call("Emulation.setUserAgentOverride", agent)

    def _on_event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.bindingCalled":
            self._on_call(params["name"], params["payload"])
        elif method == "Page.frameNavigated" and "parentId" not in params["frame"]:
            self._on_navigated(params["frame"]["url"])
        elif method == "Network.responseReceived":
            if params.get("type") == "Document" and params.get("frameId") == self.target:  # the main frame's id
                self.status, self._mime = params["response"]["status"], params["response"]["mimeType"]
        elif method == "Page.downloadWillBegin":
            self._downloads |= params.get("frameId") == self.target
        elif method == "Page.domContentEventFired":
            self._parsed.set()
        elif method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Page.javascriptDialogOpening":
            # Nobody is there to answer, and a dialog freezes the page. Leaving a page is allowed.
            self.tell("Page.handleJavaScriptDialog", {"accept": params["type"] == "beforeunload"})
            self._note(f"dismissed a dialog: {params['type']}")
        elif method in ("Inspector.targetCrashed", "Inspector.detached"):
            self.crashed.set()

    def _note(self, message: str) -> None:
        """Log what the page does, which it may do without end."""
        self._notes += 1
        if self._notes <= _NOTES:
            log(message if self._notes < _NOTES else f"{message}; no more of this is logged")

    def _on_call(self, name: str, payload: str) -> None:
        if name == READY:
            if not self._leaving:
                self._ready.set()
        elif name == TOO_LARGE:
            self._note(f"a video is larger than allowed: {payload[:20]}")
            self.too_large.set()

    def _on_navigated(self, url: str) -> None:
        """Tell a page that loaded itself afresh from one that went elsewhere."""
        self._leaving = False
        if url == self._address and self.on_refresh is not None:
            self.on_refresh()
        self._address = url

    def _on_browser_event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Target.targetCreated":
            info = params["targetInfo"]
            if info["type"] == "page" and info.get("openerId"):
                # In a full browser a popup hides the recorded tab, and its pictures stop.
                self.connection.tell("Target.closeTarget", {"targetId": info["targetId"]})
                self._note(f"closed a popup: {redact(str(info.get('url'))[:200])}")
        elif method == CLOSED or (
            method in ("Target.targetCrashed", "Target.targetDestroyed") and params["targetId"] == self.target
        ):
            self.crashed.set()


async def _within(event: asyncio.Event, wait_s: float) -> bool:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), max(wait_s, 0.001))
    return event.is_set()
