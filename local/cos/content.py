"""Content on its way to disk: written to a temporary file and digested as it passes."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import BinaryIO

import crcmod

CHUNK = 1024 * 1024
# CRC-64/ECMA-182, reflected: what x-cos-hash-crc64ecma carries (document "CRC64 Check").
_crc64 = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True)


class Sink:
    """One temporary file. Close it, then move it into place with `move_to` or `discard` it."""

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self.path = folder / uuid.uuid4().hex
        self.size = 0
        self.crc64 = 0
        self.mtime_ns = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._fsync = fsync
        self._moved = False
        self._file = self.path.open("xb", buffering=0)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()

    @property
    def etag(self) -> str:
        return f'"{self._md5.hexdigest()}"'

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._md5.update(data)
        self.crc64 = _crc64(data, self.crc64)
        self.size += len(data)

    def write_from(self, source: BinaryIO, size: int) -> None:
        """Copy `size` bytes, or fewer if the source ends."""
        while size > 0 and (data := source.read(min(CHUNK, size))):
            self.write(data)
            size -= len(data)

    def close(self) -> None:
        if self._file.closed:
            return
        if self._fsync:
            os.fsync(self._file.fileno())
        self.mtime_ns = os.fstat(self._file.fileno()).st_mtime_ns
        self._file.close()

    def move_to(self, target: Path) -> None:
        """Replace `target` in one step, making its folders.

        Raises:
            NotADirectoryError, FileExistsError, IsADirectoryError: the name is taken by a file where a
                folder is needed, or the reverse.
        """
        self.close()
        try:
            self.path.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(target)
        self._moved = True

    def discard(self) -> None:
        """Forget the content; harmless after `move_to`."""
        self._file.close()
        if not self._moved:
            self.path.unlink(missing_ok=True)


def digest(file: BinaryIO) -> tuple[str, int]:
    """ETag and CRC-64 of a file that is already in place, read to its end."""
    md5, crc = hashlib.md5(usedforsecurity=False), 0
    while data := file.read(CHUNK):
        md5.update(data)
        crc = _crc64(data, crc)
    return f'"{md5.hexdigest()}"', crc


def empty_folder(folder: Path) -> None:
    """Make the folder, without the leftovers of a process that died."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def now() -> float:
    """Epoch seconds."""
    return time.time()
