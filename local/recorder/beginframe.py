"""Pictures on command: `HeadlessExperimental.beginFrame`. The page draws exactly when it is recorded."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable

from local.recorder.cdp import CdpClosedError, CdpError
from local.recorder.log import log
from local.recorder.page import Page

SOUND_DELAY_S = 0.150  # measured with a video that flashes and beeps: see Sound.begin
_WAIT_S = 5.0


async def probe(page: Page) -> None:
    """Draw once.

    Raises:
        CdpError: this browser has no begin-frame control.
    """
    await page.call("HeadlessExperimental.beginFrame", {}, wait_s=_WAIT_S)


async def run(page: Page, sink: Callable[[float, bytes], None], fps: float, quality: int) -> None:
    """Give `sink(monotonic seconds, jpeg)` up to `fps` pictures a second until cancelled.

    It also has to run while the page is navigating: without frames some pages never finish loading.
    """
    interval = 1 / fps
    due = time.monotonic()
    shot = {"format": "jpeg", "quality": quality, "optimizeForSpeed": True}
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        # One late picture is made up for; after a longer pause the rhythm starts anew.
        due = max(due, now - interval) + interval
        params = {"frameTimeTicks": now * 1000, "interval": interval * 1000, "screenshot": shot}
        try:
            answer = await page.call("HeadlessExperimental.beginFrame", params, wait_s=_WAIT_S)
        except CdpClosedError:
            return
        except CdpError as error:
            # A page that hangs, or a frame still under way after a navigation: ask again.
            log(f"no frame: {error}")
            await asyncio.sleep(0.1)
            continue
        if "screenshotData" in answer:
            sink(now, base64.b64decode(answer["screenshotData"]))
