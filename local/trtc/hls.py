"""Bringing an HLS recording to COS while it grows: slices first, then a playlist of those there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from local import regular
from local.trtc.events import FILE_INFO, UPLOAD_START, UPLOAD_STOP, Emitter, RecordedFile
from local.trtc.files import CosFolder
from local.trtc.settings import TrtcSettings

__all__ = ["HlsDelivery", "shorten"]

log = logging.getLogger(__name__)

OF_A_SLICE = ("#EXTINF", "#EXT-X-DISCONTINUITY", "#EXT-X-PROGRAM-DATE-TIME")


def shorten(playlist: str, present: set[str]) -> str:
    """Cut a playlist before the first slice that is not present; whole when all are."""
    lines = playlist.splitlines()
    for index, line in enumerate(lines):
        if line and not line.startswith("#") and line not in present:
            head = lines[:index]
            while head and head[-1].startswith(OF_A_SLICE):
                head.pop()
            return "\n".join(head) + "\n"
    return playlist


class HlsDelivery:
    """Uploads slices one after another and the playlist after each; events 303, 304, 307 and 305."""

    def __init__(self, folder: CosFolder, work_dir: Path, emitter: Emitter, settings: TrtcSettings) -> None:
        self._folder = folder
        self._work_dir = work_dir
        self._emitter = emitter
        self._settings = settings
        self._queue: asyncio.Queue[RecordedFile | None] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._present: set[str] = set()
        self._late: list[str] = []
        self._announced: set[str] = set()
        self._published: dict[str, str] = {}
        self._started = False

    def add(self, file: RecordedFile) -> None:
        """Queue a slice, or a playlist that is complete."""
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        self._queue.put_nowait(file)

    def goes_on(self) -> None:
        """Do nothing: slices are reported when they are uploaded."""

    def hurry(self) -> None:
        """Try what is late once more."""
        self._folder.hurry.set()

    async def finish(self) -> bool:
        """Upload what is left and send 305; when something is missing, go on and send 305 once more."""
        if self._worker is None:
            return True
        self._queue.put_nowait(None)
        try:
            await self._worker
        finally:
            self._worker.cancel()
        if await self._catch_up(late=False):
            self._emitter.emit(UPLOAD_STOP, {"LeaveCode": 0})
            return True
        self._complain(f"{len(self._late)} slices" if self._late else "the playlist")
        self._emitter.emit(UPLOAD_STOP, {"LeaveCode": 1})
        if await self._catch_up(late=True):
            self._emitter.emit(UPLOAD_STOP, {"LeaveCode": 2})
            return True
        log.error("%d slices were given up and stay in %s", len(self._late), self._work_dir)
        return False

    async def _work(self) -> None:
        while (file := await self._queue.get()) is not None:
            if file.kind == "ts":
                await self._slice(file)
            if self._queue.empty() or file.kind == "m3u8":
                await self._playlists()

    async def _slice(self, file: RecordedFile) -> None:
        # While something is missing already, one try each keeps the queue from growing.
        put = self._folder.put if self._late else self._folder.put_soon
        done = await put(self._work_dir / file.name)
        if not self._started:
            self._started = True
            self._emitter.emit(UPLOAD_START, {"Status": 0 if done else 1})
            if not done:
                self._complain(file.name)
        if not done:
            self._late.append(file.name)
            return
        self._present.add(file.name)
        if self._settings.slice_events:
            self._emitter.slice(file)

    def _complain(self, what: str) -> None:
        self._emitter.complain(
            f"{what} can't be uploaded: {self._folder.failure}; all lies in {self._work_dir}", hopeless=True
        )

    async def _playlists(self) -> bool:
        """Upload every playlist as far as its slices are uploaded; say whether that is to the end."""
        complete = True
        for path in sorted(self._work_dir.glob("*.m3u8")):
            try:
                whole = regular.text(path)
            except OSError as error:
                self._folder.failure = f"a playlist cannot be read: {error.strerror}"
                complete = False
                continue
            text = shorten(whole, self._present)
            complete &= text == whole
            if text == self._published.get(path.name):
                continue
            if not await self._put_playlist(path, text):
                complete = False
                continue
            self._published[path.name] = text
            if path.name not in self._announced:
                self._announced.add(path.name)
                self._emitter.emit(FILE_INFO, {"FileList": path.name})
        return complete

    async def _put_playlist(self, path: Path, text: str) -> bool:
        if text.rstrip().endswith("#EXT-X-ENDLIST"):
            return await self._folder.put(path)  # final; needs no room on a disk that may be full
        copy = path.with_suffix(".m3u8.copy")  # the recorder rewrites its own at any moment
        try:
            regular.write(copy, text.encode())
        except OSError as error:
            self._folder.failure = f"a playlist cannot be copied: {error}"
            log.warning("%s", self._folder.failure)
            return False
        return await self._folder.put(copy, path.name)

    async def _catch_up(self, *, late: bool) -> bool:
        """Upload what is missing with the short waits, or with the long ones; say whether nothing is."""
        return await self._folder.retry(self._once_more, late=late)

    async def _once_more(self) -> bool:
        for name in list(self._late):
            if await self._folder.put(self._work_dir / name):
                self._late.remove(name)
                self._present.add(name)
        return await self._playlists() and not self._late
