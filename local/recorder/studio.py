"""Everything that must run before a recording can: the sound's FIFO, the browser, the tab, the source of pictures."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

from local.recorder import beginframe, screencast
from local.recorder.browser import LOG as BROWSER_LOG
from local.recorder.browser import Browser, find_chromium, is_headless_shell
from local.recorder.cdp import CdpError
from local.recorder.job import Job
from local.recorder.log import log
from local.recorder.page import Page
from local.recorder.paths import private_folder
from local.recorder.rescue import BROWSER, PLAIN
from local.recorder.sound import Sound

QUALITY = 80  # of the JPEG pictures between browser and encoder
_BEGINFRAME_PIXELS = 1280 * 720  # above that the screencast gives more pictures: measured

_NO_DEVICE = re.compile(r"(PcmOpen: .*|Failed to write to pcm device: .*)")  # as Chromium logs it
_LOG_BYTES = 1 << 20

PictureSink = Callable[[float, bytes], None]


class Studio:
    """A page ready to be recorded; pictures go to `sink(monotonic seconds, jpeg)`."""

    def __init__(self, job: Job, sink: PictureSink, *, autoplay: bool = True) -> None:
        self._job = job
        self._autoplay = autoplay
        self._sink = sink
        self._home = job.work_dir / BROWSER
        self._home.mkdir(parents=True, exist_ok=True)
        self._plain: Path | None = None
        self._browser: Browser | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._casting = False
        self.sound = Sound(self._make_plain())
        self._go(self.sound.run(), "sound")

    async def open(self) -> Page:
        """Start the browser and return an empty tab.

        Raises:
            BrowserError: no browser, or it does not start.
            CdpError: the browser does not do what it is told.
        """
        path = find_chromium(self._job.chromium)
        width, height = self._job.picture
        able = is_headless_shell(path) and width * height <= _BEGINFRAME_PIXELS
        if self._job.way == "beginframe" or (self._job.way == "auto" and able):
            try:
                return await self._launch(path, begin_frame=True)
            except CdpError as error:
                if self._job.way == "beginframe":
                    raise
                log(f"no begin-frame control, so screencast: {error}")
                await self._close_browser()
        return await self._launch(path, begin_frame=False)

    @property
    def sound_delay_s(self) -> float:
        """How much later than its picture a sound arrives; see `Sound.begin`."""
        return screencast.SOUND_DELAY_S if self._casting else beginframe.SOUND_DELAY_S

    async def cast(self, page: Page) -> None:
        """Make sure that pictures come: a screencast starts only here, begin frames came from the first moment.

        Raises:
            CdpError: the browser does not do what it is told.
        """
        if self._casting:
            await screencast.start(page, self._sink, self._job.fps, QUALITY, self._job.picture)

    def broken(self) -> str:
        """Return which of the loops that a recording lives by has ended, and why; empty while all go on."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                error = task.exception()
                why = f"{type(error).__name__}: {error}" if error else "it ended"
                return f"the loop of {task.get_name()} is over: {why}"
        return ""

    def sound_trouble(self) -> str:
        """Return why the page can't be heard, as far as that is known; empty while nothing is wrong."""
        if self.sound.trouble or self.sound.heard:
            return self.sound.trouble
        with contextlib.suppress(OSError), (self._home / BROWSER_LOG).open("rb") as file:
            if said := _NO_DEVICE.findall(file.read(_LOG_BYTES).decode(errors="replace")):
                return f"no sound: the browser can't use its sound device: {said[-1]}"
        return ""

    async def close(self) -> None:
        """End the browser and remove its files."""
        for task in self._tasks:
            task.cancel()
        await self._close_browser()
        self.sound.close()
        for folder in (self._plain, self._home):
            if folder is not None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _make_plain(self) -> Path:
        """Return a folder for the sound device and the browser's temporary files, noted down for the rescue."""
        try:
            self._plain = private_folder()
            (self._home / PLAIN).write_text(str(self._plain), encoding="utf-8")
        except OSError as error:
            log(str(error))
        return self._plain or self._home

    async def _launch(self, path: str, *, begin_frame: bool) -> Page:
        viewport = self._job.viewport
        env = self.sound.environment() | ({"TMPDIR": str(self._plain)} if self._plain else {})
        self._browser = await Browser.launch(
            path, self._home, viewport, begin_frame=begin_frame, env=env, autoplay=self._autoplay
        )
        page = await Page.open(self._browser.connection, viewport, self._job.mobile, begin_frame=begin_frame)
        if begin_frame:
            await beginframe.probe(page)
            self._go(beginframe.run(page, self._sink, self._job.fps, QUALITY), "pictures")
        self._casting = not begin_frame
        log(f"{path}: {'beginframe' if begin_frame else 'screencast'} {self._job.picture}")
        return page

    async def _close_browser(self) -> None:
        if self._browser is not None:
            with contextlib.suppress(OSError):
                await self._browser.close()
            self._browser = None

    def _go(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))
