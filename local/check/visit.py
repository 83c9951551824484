"""One visit: opens the page with the recorder's own code, waits, and gathers what the judge needs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from local.check.picture import Luma, clip, figures, luma, moved
from local.check.seen import Asked, Frame, Look, Visit
from local.check.steady import SlowError, Steady, processor_s
from local.check.text import fields, items, number, word
from local.check.watch import Watcher
from local.check.words import t
from local.recorder.cdp import CdpError
from local.recorder.page import GotoError, Page
from local.recorder.scripts import READY

GOTO_S = 30.0
"""For the page to come, as the recorder waits."""
_LOOK = Path(__file__).with_name("page.js")
_PICTURE_S = 8.0
_SHOTS = (0.25, 0.625, 1.0)
"""When the pictures are taken, in shares of the time."""
_ASKING_S = 300.0
"""More than all questions take together, each as long as it may."""
_WAKE_S, _WAKE_EVERY_S = 3.0, 0.1
_LONGER, _LONGER_S, _STEP_S = 5, 60.0, 5.0
"""So many times as long, and seconds longer at most, is watched where a starved page has not begun; between two looks.
"""
_AT_WORK, _GOT = 0.8, 0.5
"""Shares: of the time that a starved page has work, and of that work that a processor is there for."""
_SOON_S = 1.0
"""A picture that comes so soon needs no excuse."""
_EVERY_S = 10.0
Say = Callable[[str], None]


class Wish(NamedTuple):
    """What a visit is for."""

    asked: Asked
    again: bool = False
    """The second one, without permission to play: only media and sound matter, and a click is tried."""
    screenshot: bool = False


class Visited(NamedTuple):
    """What was seen, and the picture where one was wished for (PNG)."""

    visit: Visit
    png: bytes = b""


async def look(page: Page, wish: Wish, say: Say) -> Visited:
    """Open an address in an empty tab and look at it; a page that fails is a result, never an exception.

    Raises:
        CdpError: the browser was gone before the page was opened.
    """
    visit = Visit()
    watcher = await Watcher.attach(page, visit)
    eye = _Eye(page, watcher, visit, wish, say)
    asked = wish.asked
    limit_s = GOTO_S + 2 * asked.ready_timeout_s + asked.seconds + _LONGER_S + _ASKING_S
    work = asyncio.ensure_future(eye.look())
    crash = asyncio.ensure_future(page.crashed.wait())
    try:
        await asyncio.wait([work, crash], timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        visit.crashed = page.crashed.is_set()
        error = work.exception() if work.done() else SlowError()
        if error is not None:
            if not isinstance(error, CdpError):
                raise error
            visit.slow = isinstance(error, SlowError) and not visit.crashed
            visit.stuck = not visit.slow and not visit.crashed
    finally:
        for task in (work, crash):
            task.cancel()
        await asyncio.wait([work, crash], timeout=5)
    watcher.sum_up()
    return Visited(visit, eye.png)


class _Eye:
    def __init__(self, page: Page, watcher: Watcher, visit: Visit, wish: Wish, say: Say) -> None:
        self.png = b""
        self._page, self._watcher, self._visit, self._wish, self._say = page, watcher, visit, wish, say
        self._last: Luma | None = None
        self._called_at = self._loaded_at = self._opened_at = 0.0
        self._steady = Steady(page, watcher, visit).ask
        self._in_time = True
        page.listen("Runtime.bindingCalled", self._on_called)

    async def look(self) -> None:
        asked, page, visit = self._wish.asked, self._page, self._visit
        self._opened_at = time.monotonic()
        try:
            await page.goto(asked.url, GOTO_S)
        except GotoError as error:
            visit.error = str(error)
            if "timeout" in visit.error:
                with contextlib.suppress(CdpError):
                    await self._used_s()
            return
        if self._wish.again:
            await self._without_permission(asked.seconds)
            return
        await self._until_ready()
        used = await self._steady(self._used_s, 0.0)
        began = time.monotonic()
        self._say(t("watching for {seconds:g} s …", seconds=asked.seconds))
        for share in _SHOTS:
            await self._until(began + share * asked.seconds)
            await self._steady(self._picture, None)
        await self._watch_on(began)
        spent = time.monotonic() - began
        if self._called_at and self._in_time:
            visit.ready_s = max(0.0, self._called_at - self._loaded_at)
        visit.cores = max(0.0, await self._steady(self._used_s, 0.0) - used) / max(spent, 0.1)
        visit.look = await self._steady(self._ask, None)
        if self._wish.screenshot:
            self.png = base64.b64decode(await self._steady(lambda: self._shot(None), ""))

    async def _watch_on(self, began: float) -> None:
        """Go on while the page gets too little of a processor to begin, or to be answered."""
        asked, visit, told = self._wish.asked, self._visit, False
        while time.monotonic() - began < min(_LONGER * asked.seconds, asked.seconds + _LONGER_S):
            await self._steady(self._used_s, 0.0)
            self._watcher.sum_up()
            begins = any((one.played or one.autoplay) and not one.time_s and not one.error for one in visit.media)
            blank = bool(visit.pictures) and visit.pictures[-1].values <= 1
            if not visit.starved or not (begins or blank or self._watcher.is_waiting):
                break
            if not told:
                told = True
                self._say(t("this machine is busy, and the page has not begun: watching for longer …"))
            await asyncio.sleep(min(asked.seconds / 4, _STEP_S))
            await self._steady(self._picture, None)

    async def _until(self, moment: float) -> None:
        """Sleep, and now and then say that it goes on."""
        while (left := moment - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _EVERY_S))
            if left > _EVERY_S:
                self._say(t("watching … next picture in {seconds:.0f} s", seconds=left - _EVERY_S))

    def _on_called(self, params: dict[str, Any]) -> None:
        if params.get("name") == READY:
            self._called_at = self._called_at or time.monotonic()

    async def _until_ready(self) -> None:
        """Wait as the recorder does: once, and once more after a reload."""
        wait_s, loaded_at, visit = self._wish.asked.ready_timeout_s, time.monotonic(), self._visit
        if wait_s:
            self._say(t("waiting for notifyReady(), at most {wait_s} s …", wait_s=wait_s))
            if not await self._page.ready(wait_s):
                self._say(t("reloading, and waiting once more for notifyReady(), at most {wait_s} s …", wait_s=wait_s))
                self._watcher.expect_load()
                await self._page.reload()
                visit.ready_again = await self._page.ready(wait_s)
                self._in_time = False
        self._loaded_at = loaded_at

    async def _picture(self) -> None:
        asked, at, used = self._wish.asked, time.monotonic(), await processor_s(self._page)
        with contextlib.suppress(ValueError):
            small = luma(await self._shot(clip(asked.size)))
            self._visit.pictures.append(figures(small))
            if self._last is not None:
                self._visit.moved.append(moved(self._last, small))
            self._last = small
        took_s = time.monotonic() - at
        if took_s > _SOON_S and (spent := await processor_s(self._page)):
            took_s = min(took_s, sum(spent.values()) - sum(used.values()))
        self._visit.picture_s = max(self._visit.picture_s, took_s)

    async def _shot(self, area: dict[str, Any] | None) -> str:
        wanted: dict[str, Any] = {"format": "png"} | ({"clip": area} if area else {})
        return word((await self._watcher.call("Page.captureScreenshot", wanted, _PICTURE_S)).get("data"), 64 << 20)

    async def _used_s(self) -> float:
        """Return what the page's process has used of a processor, and find out whether it got enough."""
        metrics = items((await self._watcher.call("Performance.getMetrics", wait_s=5)).get("metrics"), 200)
        told = {word(one.get("name")): number(one.get("value")) for one in map(fields, metrics)}
        work, got = told.get("TaskDuration", 0.0), told.get("ThreadTime", 0.0)
        at_work = work >= _AT_WORK * (time.monotonic() - self._opened_at)
        self._visit.starved = at_work and got < _GOT * work
        return told.get("ProcessTime", 0.0)

    async def _ask(self) -> Look:
        """Ask the top document, in a world of its own, where the page can't have changed what we ask with."""
        tell = {"expression": "window.__checkTell && window.__checkTell()", "timeout": 3_000}
        await self._watcher.call("Runtime.evaluate", tell, wait_s=6)
        world = await self._watcher.call("Page.createIsolatedWorld", {"frameId": self._page.target}, wait_s=6)
        wanted = {"expression": _LOOK.read_text(encoding="utf-8"), "returnByValue": True, "timeout": 3_000}
        wanted["contextId"] = world["executionContextId"]
        answer = await self._watcher.call("Runtime.evaluate", wanted, wait_s=6)
        return look_of(fields(answer.get("result")).get("value"))

    async def _without_permission(self, seconds: float) -> None:
        """See what is refused, and whether a visitor's click starts it."""
        self._say(t("opening it again in a browser that blocks autoplay with sound …"))
        await asyncio.sleep(min(seconds, 3.0))
        visit = self._visit
        visit.look = await self._steady(self._ask, None)
        self._watcher.sum_up()
        visit.refused = is_refused(visit)
        if visit.refused and visit.look and visit.look.point:
            where = {"x": visit.look.point[0], "y": visit.look.point[1], "button": "left", "clickCount": 1}
            for kind in ("mousePressed", "mouseReleased"):
                await self._watcher.call("Input.dispatchMouseEvent", {"type": kind, **where}, wait_s=5)
            limit = time.monotonic() + _WAKE_S
            while not visit.woken and time.monotonic() < limit:
                await asyncio.sleep(_WAKE_EVERY_S)
                await self._steady(self._ask, None)
                self._watcher.sum_up()
                visit.woken = bool(visit.media or visit.audio) and not is_refused(visit)


def is_refused(visit: Visit) -> bool:
    """Tell whether something in the page waits for permission to play."""
    waiting = [one for one in visit.media if one.paused and not one.error]
    silent = any(one.refused == "NotAllowedError" or (one.autoplay and not one.time_s) for one in waiting)
    return silent or "suspended" in visit.audio


def look_of(answer: object) -> Look:
    """Return what the page's document answered; the page may have changed what we asked with."""
    said = fields(answer)
    point = [number(one) for one in items(said.get("point"), 2)]
    frames = (fields(one) for one in items(said.get("frames"), 50))
    return Look(
        title=word(said.get("title")),
        text=word(said.get("text"), 4_000),
        letters=int(number(said.get("letters"))),
        over_x=int(number(said.get("over_x"))),
        over_y=int(number(said.get("over_y"))),
        below=bool(said.get("below")),
        passwords=int(number(said.get("passwords"))),
        login_share=number(said.get("login_share")),
        fields=int(number(said.get("fields"))),
        identity=bool(said.get("identity")),
        buttons=tuple(word(one, 80) for one in items(said.get("buttons"), 30)),
        frames=tuple(Frame(word(one.get("url")), number(one.get("share"))) for one in frames),
        cover=number(said.get("cover")),
        cover_text=word(said.get("cover_text"), 200),
        scripts=tuple(word(one, 40) for one in items(said.get("scripts"), 10)),
        web_fonts=int(number(said.get("web_fonts"))),
        point=(point[0], point[1]) if len(point) == 2 else None,
    )
