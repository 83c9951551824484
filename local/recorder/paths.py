"""Paths in plain letters, for those who read a meaning into others: FFmpeg, ALSA, Chromium's sockets."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from local import regular

PREFIX = "webrecord-"
_PLAIN = re.compile(r"/[A-Za-z0-9/_.-]{0,99}")
_DESCRIPTORS = Path("/proc/self/fd")


def is_plain(path: Path) -> bool:
    """Tell whether a path is short, and of letters that mean nothing to anybody."""
    return _PLAIN.fullmatch(str(path)) is not None


def private_folder() -> Path:
    """Make an empty folder of our own whose path is plain, wherever TMPDIR points.

    Raises:
        OSError: there is no place for one.
    """
    places = ["/tmp", "/var/tmp", "/dev/shm"]  # noqa: S108 (mkdtemp makes what nobody else can open)
    with contextlib.suppress(OSError):
        places.insert(0, tempfile.gettempdir())
    for place in places:
        if is_plain(Path(place)):
            with contextlib.suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    raise OSError(f"no folder for temporary files: {', '.join(places)}")


def remove_private_folder(note: Path) -> None:
    """Remove the folder whose path a file tells, if it is one of ours."""
    with contextlib.suppress(OSError, ValueError):
        folder = Path(regular.text(note))
        if folder.name.startswith(PREFIX) and folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


class Folder:
    """A directory under the name of its descriptor: none of FFmpeg's `%d`, `:`, `?`, `#` and ASCII matters then.

    Its files stay where they are. Where there is no /proc, names are the directory's own.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: there is no such directory.
        """
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        own = _DESCRIPTORS / str(self._fd)
        self._path = own if own.is_dir() else path.absolute()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def url(self, name: str) -> str:
        """Return what FFmpeg opens as the file of that name, which is plain itself."""
        return f"file:{self._path}/{name}"

    def close(self) -> None:
        """Let go of the directory, after all that was opened in it; twice does no harm."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
