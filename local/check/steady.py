"""Asking a page that moves on meanwhile, that hangs, or that has no processor to answer with."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from local.check.seen import Visit
from local.check.text import fields, items, number, word
from local.check.watch import ANSWER_S, Watcher
from local.recorder.cdp import CdpClosedError, CdpError, CdpLateError
from local.recorder.page import Page

_AGAIN_S, _TRIES = 0.2, 20
"""Pause in seconds, and number of tries, while a page is between two documents."""
_LATE = 3
"""Number of lost answers in one visit after which the check asks nothing more."""
_PROBE_S = 2.0
_HANGS_S = 4.0
"""Of a processor: what a page may use up without an answer."""
_WAITS_S = 0.05
"""Of a processor: a page that uses less while it is asked waits for what does not come."""
_LONGEST_S = 60.0
T = TypeVar("T")
Used = dict[tuple[str, float], float]


class SlowError(CdpLateError):
    """The page answers nothing, and has had too little of a processor to answer with."""


class Steady:
    """Asks one page, for one visit."""

    def __init__(self, page: Page, watcher: Watcher, visit: Visit, now: Callable[[], float] = time.monotonic) -> None:
        self._page, self._watcher, self._visit, self._now = page, watcher, visit, now
        self._late = 0

    async def ask(self, ask: Callable[[], Awaitable[T]], missed: T) -> T:
        """Ask again while the page is between two documents; `missed` where it never rests.

        Raises:
            CdpError: it answers nothing, and is not on its way to anywhere.
            SlowError: nor has it been able to.
        """
        watcher = self._watcher
        for _ in range(_TRIES):
            if self._late > _LATE:
                break
            moves, began, used = watcher.moves, self._now(), await processor_s(self._page)
            try:
                return await ask()
            except CdpClosedError:
                raise
            except CdpLateError:
                if not await self._goes_on(moves, began, used):
                    raise
                self._late += 1
            except CdpError:
                await asyncio.sleep(_AGAIN_S)
        return missed

    async def _goes_on(self, moves: int, began: float, used: Used) -> bool:
        """Tell whether a page that left a question without an answer moves, or answers another.

        Raises:
            SlowError: that can't be told on this machine.
        """
        watcher = self._watcher
        while True:
            # An answer is lost with a document that goes, and kept back while the next one does not answer.
            if watcher.awaited:
                unanswered = self._now() - watcher.awaited_at >= ANSWER_S
                if unanswered:
                    self._visit.awaited = watcher.awaited
                if unanswered or moves != watcher.moves:
                    self._page.tell("Page.stopLoading")  # is refused, too, between two documents
                return True
            if moves != watcher.moves:
                return True
            try:
                await watcher.call("Runtime.evaluate", {"expression": "0"}, wait_s=_PROBE_S)
            except CdpClosedError:
                raise
            except CdpLateError:
                if watcher.awaited or moves != watcher.moves:
                    continue
                spent = _busiest(used, await processor_s(self._page))
                if not _WAITS_S <= spent < _HANGS_S:
                    return False
                if self._now() - began > _LONGEST_S:
                    raise SlowError("the page gets too little of a processor to answer") from None
            except CdpError:  # it is between two documents
                return True
            else:
                return True


async def processor_s(page: Page) -> Used:
    """Return the seconds of a processor that each of the browser's processes has used; none where that is not told."""
    told: dict[str, object] = {}
    with contextlib.suppress(CdpError):
        told = await page.connection.call("SystemInfo.getProcessInfo")
    each = [fields(one) for one in items(told.get("processInfo"), 1_000)]
    return {(word(one.get("type")), number(one.get("id"))): number(one.get("cpuTime")) for one in each}


def _busiest(before: Used, now: Used) -> float:
    """Return what the busiest of the pages' processes used since; without end where that is not told."""
    spent = [seconds - before.get(process, 0.0) for process, seconds in now.items() if process[0] == "renderer"]
    return max(spent, default=math.inf)
