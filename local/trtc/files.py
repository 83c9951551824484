"""Bringing a task's files to COS: retries now, retries in the background, and the events of group 3."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from local.trtc.events import Emitter, RecordedFile
from local.trtc.parameters import CosTarget
from local.trtc.ports import Uploader, UploadError
from local.trtc.settings import TrtcSettings

__all__ = ["CosFolder", "FileDelivery", "Mp4Delivery"]

log = logging.getLogger(__name__)


class FileDelivery(Protocol):
    """Takes the files of one task from the recorder to where the caller wants them."""

    def add(self, file: RecordedFile) -> None:
        """Take over a complete file."""
        ...

    def goes_on(self) -> None:
        """Learn that the recording continues, so that the files so far are not its last."""
        ...

    def hurry(self) -> None:
        """Try what is late once more, and wait no longer: the local cloud ends."""
        ...

    async def finish(self) -> bool:
        """Wait until every file arrived or was given up; say whether all arrived.

        To be called after the recorder's own last event was sent.
        """
        ...


class CosFolder:
    """The folder of one task: `<FileNamePrefix joined by '/'>/<TaskId>/<file>`, the TaskId as it is."""

    def __init__(self, uploader: Uploader, target: CosTarget, task_id: str, settings: TrtcSettings) -> None:
        self._uploader = uploader
        self._target = target
        self._base = "/".join((*target.prefix, task_id))
        self._settings = settings
        self.failure = ""
        """Why the last upload that failed did."""
        self.hurry = asyncio.Event()
        """No wait is worth while any more."""

    async def put(self, path: Path, name: str | None = None) -> bool:
        """Try one upload once; say whether the file is stored."""
        try:
            await self._uploader.upload(self._target, f"{self._base}/{name or path.name}", path)
        except UploadError as error:
            self.failure = str(error)
            log.warning("upload of %s failed: %s", name or path.name, error)
            return False
        return True

    async def put_soon(self, path: Path, name: str | None = None) -> bool:
        """Try with the first, short waits."""
        return await self.retry(lambda: self.put(path, name), late=False)

    async def put_late(self, path: Path, name: str | None = None) -> bool:
        """Try with the long waits of the background; false is the end of all tries."""
        return await self.retry(lambda: self.put(path, name), late=True)

    async def retry(self, attempt: Callable[[], Awaitable[bool]], *, late: bool) -> bool:
        """Wait and try, with the short waits or the long ones of the background; say whether it worked."""
        for wait in self._settings.upload_late_waits_s if late else (0.0, *self._settings.upload_waits_s):
            if late:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.hurry.wait(), wait)
            else:
                await asyncio.sleep(wait)
            if await attempt():
                return True
            if late and self.hurry.is_set():
                break
        return False


class Mp4Delivery:
    """Uploads each closed mp4 and reports it by event 310, once or, when late, twice."""

    def __init__(self, folder: CosFolder, work_dir: Path, emitter: Emitter) -> None:
        self._folder = folder
        self._work_dir = work_dir
        self._emitter = emitter
        self._open: asyncio.Event = asyncio.Event()
        self._tasks: list[asyncio.Task[bool]] = []

    def add(self, file: RecordedFile) -> None:
        """Upload in the background; playlists and slices do not occur here."""
        if file.kind == "mp4":
            self._tasks.append(asyncio.create_task(self._deliver(file, self._open)))

    def goes_on(self) -> None:
        """Let the reports of the files so far go out."""
        self._open.set()
        self._open = asyncio.Event()

    def hurry(self) -> None:
        """Try what is late once more."""
        self._folder.hurry.set()

    async def finish(self) -> bool:
        """Let the last report go out, which the document sends after 802, and wait for the uploads."""
        self._open.set()
        try:
            return all(await asyncio.gather(*self._tasks))
        finally:
            for task in self._tasks:
                task.cancel()

    async def _deliver(self, file: RecordedFile, reportable: asyncio.Event) -> bool:
        path = self._work_dir / file.name
        done = await self._folder.put_soon(path)
        await reportable.wait()
        if not done:
            self._emitter.complain(
                f"{file.name} can't be uploaded: {self._folder.failure}; it lies in {self._work_dir}", hopeless=True
            )
            self._emitter.mp4(1, file)
            done = await self._folder.put_late(path)
        self._emitter.mp4(0 if done else 2, file)
        if not done:
            log.error("%s could not be uploaded and stays in %s", file.name, self._work_dir)
        return done
