"""The usual way without a display: `Page.startScreencast`, acknowledged at once, into an ffmpeg process.

`python -m bench.rival_cast` speaks as the local recorder does: a job on the first line of standard input, `stop` later.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.recorder.browser import Browser, find_chromium
from local.recorder.cdp import CdpClosedError
from local.recorder.job import Viewport
from local.recorder.page import Page

SIZE = (1280, 720)
ENCODE = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p")
INPUT = ("-f", "image2pipe", "-use_wallclock_as_timestamps", "1", "-c:v", "mjpeg", "-i", "-")


async def main() -> None:
    """Record until told to stop."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    job = json.loads(await lines.readline())
    work = Path(job["work_dir"])
    command = ["ffmpeg", "-v", "error", *INPUT, "-r", "25", *ENCODE, str(work / "recording.mp4")]
    viewport = Viewport(*SIZE, 1.0)
    browser = await Browser.launch(find_chromium(None), work, viewport, begin_frame=False, env=dict(os.environ))
    page = await Page.open(browser.connection, viewport, None, begin_frame=False)
    await page.goto(job["page_url"], 30)
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin is not None
    pipe, started = encoder.stdin, False

    def on_frame(params: dict[str, Any]) -> None:
        nonlocal started
        page.tell("Page.screencastFrameAck", {"sessionId": params["sessionId"]})
        pipe.write(base64.b64decode(params["data"]))
        if not started:
            started = True
            print(json.dumps({"event": "started"}), flush=True)

    page.listen("Page.screencastFrame", on_frame)
    await page.call("Page.startScreencast", {"format": "jpeg", "quality": 80, "everyNthFrame": 1})
    await lines.readline()
    with contextlib.suppress(CdpClosedError):
        await page.call("Page.stopScreencast")
    pipe.close()
    encoder.wait(30)
    await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
