"""Asking a page that moves, hangs or has no processor: a browser that is played."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.check.seen import Visit
from local.check.steady import SlowError, Steady
from local.check.watch import ANSWER_S, Watcher
from local.recorder.cdp import CdpClosedError, CdpError, CdpLateError, Connection
from local.recorder.page import Page


class PlayedBack(Connection):
    """Has a page that answers nothing, and uses so much of a processor in each ten seconds."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.now, self.asked, self.told = 0.0, 0, [""]
        self.share = share
        self.answers = False
        self.visit = Visit()
        page = Page(self, "tab", "session")
        self.watcher = Watcher(page, self.visit)
        self.steady = Steady(page, self.watcher, self.visit, lambda: self.now)

    async def call(
        self, method: str, params: dict[str, Any] | None = None, session: str | None = None, wait_s: float = 10
    ) -> dict[str, Any]:
        if method == "SystemInfo.getProcessInfo":
            used = self.share * self.now
            return {"processInfo": [{"type": "renderer", "id": 7, "cpuTime": used}, {"type": "GPU", "cpuTime": 1e6}]}
        assert method == "Runtime.evaluate", "nothing else is asked that could be refused"
        if self.answers:
            return {}
        self.now += wait_s
        raise CdpLateError(f"{method}: no answer")

    def tell(self, method: str, params: dict[str, Any] | None = None, session: str | None = None) -> None:
        self.told.append(method)

    async def late_once(self) -> str:
        """Lose the first answer."""
        self.asked += 1
        if self.asked == 1:
            self.now += 8
            raise CdpLateError("Page.captureScreenshot: no answer")
        return "a picture"

    async def late(self) -> str:
        self.asked = 0
        return await self.late_once()

    async def hurried(self) -> str:
        """Lose the answer with one document, while the page is on its way from the next to yet another."""
        self.watcher.moves += 1
        self.watcher.awaited, self.watcher.awaited_at = "http://example.com/?2", self.now + 7.9
        return await self.late_once()

    async def led_away(self) -> str:
        self.watcher.awaited, self.watcher.awaited_at = "http://example.com/hang", self.now
        return await self.late_once()


def test_a_page_that_moves_all_the_time_is_asked_again() -> None:
    """It is told to stop, whatever comes of that; the address that it goes to was not waited for."""
    played = PlayedBack(0.5)
    assert "a picture" == asyncio.run(played.steady.ask(played.hurried, ""))
    assert ("Page.stopLoading", "") == (played.told[-1], played.visit.awaited)


def test_a_page_that_is_led_to_silence_is_told() -> None:
    """The address has not answered for as long as is waited for one."""
    played = PlayedBack(0.5)
    assert "a picture" == asyncio.run(played.steady.ask(played.led_away, ""))
    assert ANSWER_S < played.now
    assert ("Page.stopLoading", "http://example.com/hang") == (played.told[-1], played.visit.awaited)


@pytest.mark.parametrize(
    ("share", "slow"),
    [
        (1.0, False),  # an endless script on an idle machine
        (0.15, False),  # on a busy one it takes longer
        (0.0, False),  # something is waited for that never comes
        (0.02, True),  # there is work, and no processor for it
    ],
)
def test_a_page_that_can_not_answer_is_told_from_one_that_does_not(share: float, slow: bool) -> None:
    """By what it has used of a processor while it was asked."""
    played = PlayedBack(share)
    with pytest.raises(CdpLateError) as raised:
        asyncio.run(played.steady.ask(played.late, ""))
    assert slow is isinstance(raised.value, SlowError)


def test_a_page_whose_answers_are_lost_is_not_asked_for_ever() -> None:
    """It answers small questions; after four lost answers nothing large is asked any more."""
    played = PlayedBack(0.5)
    played.answers = True
    assert "none" == asyncio.run(played.steady.ask(played.late, "none"))
    lost_s = played.now
    assert "none" == asyncio.run(played.steady.ask(played.late, "none"))
    assert lost_s == played.now


def test_a_browser_that_is_gone_is_not_asked_again() -> None:
    """Its end is told at once."""
    played = PlayedBack(0.5)

    async def gone() -> str:
        raise CdpClosedError("the browser is gone")

    with pytest.raises(CdpError, match="gone"):
        asyncio.run(played.steady.ask(gone, ""))
