"""Pictures as they come: `Page.startScreencast`, with acknowledgements held back to the wanted rate."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any

from local.recorder.page import Page

SOUND_DELAY_S = 0.112  # measured with a video that flashes and beeps: see Sound.begin


async def start(
    page: Page, sink: Callable[[float, bytes], None], fps: float, quality: int, size: tuple[int, int]
) -> None:
    """Give `sink(monotonic seconds, jpeg)` about `fps` pictures a second for as long as the page lives.

    A page that does not change gives none.

    Raises:
        CdpError: the browser does not do what it is told.
    """
    loop = asyncio.get_running_loop()
    interval = 1 / fps
    due = time.monotonic()

    def on_frame(params: dict[str, Any]) -> None:
        nonlocal due
        now = time.monotonic()
        due = max(due, now - interval) + interval
        acknowledge = {"sessionId": params["sessionId"]}
        # The browser draws the next picture only after this: that is the brake.
        loop.call_later(max(0.0, due - now - interval), page.tell, "Page.screencastFrameAck", acknowledge)
        age = time.time() - params["metadata"].get("timestamp", time.time())
        sink(now - min(max(age, 0.0), 1.0), base64.b64decode(params["data"]))

    page.listen("Page.screencastFrame", on_frame)
    cast = {"format": "jpeg", "quality": quality, "maxWidth": size[0], "maxHeight": size[1], "everyNthFrame": 1}
    await page.call("Page.startScreencast", cast)
