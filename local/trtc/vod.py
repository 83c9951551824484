"""The local stand-in for VOD: files are copied to a directory that an HTTP server may serve."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from pathlib import Path

from local import regular
from local.trtc.events import VOD_STOP, Emitter, RecordedFile
from local.trtc.parameters import VodTarget
from local.trtc.settings import TrtcSettings

__all__ = ["VodDelivery"]


class VodDelivery:
    """Copies each mp4, and each playlist with its slices, to `<vod_dir>/<FileId>/`: 311 for each, 312 at the end."""

    def __init__(
        self, target: VodTarget, vod_dir: Path, work_dir: Path, emitter: Emitter, settings: TrtcSettings
    ) -> None:
        self._target = target
        self._vod_dir = vod_dir
        self._work_dir = work_dir
        self._emitter = emitter
        self._settings = settings
        self._files: dict[str, RecordedFile] = {}  # a playlist is reported when it begins and when it ends

    def add(self, file: RecordedFile) -> None:
        """Remember the file; a VOD commit comes at the end of the task."""
        self._files[file.name] = file

    def goes_on(self) -> None:
        """Do nothing: nothing is committed before the end."""

    def hurry(self) -> None:
        """Do nothing: nothing is tried again."""

    async def finish(self) -> bool:
        """Copy, send 311 per mp4 or playlist, then 312."""
        if not self._files:
            return True
        abnormal = 0
        for file in self._files.values():
            if file.kind == "ts":
                continue
            file_id = str(secrets.randbelow(9 * 10**18) + 10**18)  # 19 digits, as VOD's
            prefix = self._target.user_define_record_id
            cache_file = f"{prefix}__UserDefine_u_{file.name}" if prefix else file.name
            url = f"{self._settings.vod_base_url.rstrip('/')}/{file_id}/{file.name}"
            status, why = 0, ""
            try:
                await asyncio.to_thread(self._copy, file, self._vod_dir / file_id)
            except OSError as error:
                status, abnormal, why = 2, 1, f"copy failed: {error.strerror}"
                self._emitter.complain(f"{file.name} can't be copied to {self._vod_dir}: {error}", hopeless=True)
            self._emitter.vod(status, file, file_id, url, cache_file, why)
        self._emitter.emit(VOD_STOP, {"Status": abnormal})
        return not abnormal

    def _copy(self, file: RecordedFile, folder: Path) -> None:
        folder.mkdir(parents=True)
        names = [file.name]
        if file.kind == "m3u8":
            text = regular.text(self._work_dir / file.name)
            names += [line for line in text.splitlines() if line and not line.startswith("#")]
        for name in names:
            shutil.copyfile(self._work_dir / Path(name).name, folder / Path(name).name)
