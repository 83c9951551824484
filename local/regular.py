"""Files that can be read to their end: a pipe or a device would be waited for without one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast


def why_not(path: Path) -> str | None:
    """Return why a path is no file that can be read; None where it is one.

    Raises:
        ValueError: it has a NUL.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "it is a link that leads nowhere" if path.is_symlink() else "it is not there"
    except OSError as error:
        return error.strerror or str(error)
    if stat.S_ISDIR(mode):
        return "it is a folder"
    if not stat.S_ISREG(mode):
        return "it is no regular file"
    return None if os.access(path, os.R_OK) else os.strerror(13)


def read(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        OSError: it can't be read, or is no regular file.
    """
    with opened(path) as file:
        return file.read()


def text(path: Path) -> str:
    """Return the text that a file holds, whatever of it is none; OSError as for `read`."""
    return read(path).decode(errors="replace")


def write(path: Path, data: bytes) -> None:
    """Write a file anew; OSError as for `read`."""
    with opened(path, "wb") as file:
        file.write(data)


def opened(path: Path, mode: str = "rb", *, links: bool = True) -> BinaryIO:
    """Open a file at once: a pipe is refused, instead of waited for.

    Args:
        path, mode: as of `open`; the mode is one of bytes.
        links: a link is followed; else it is refused.

    Raises:
        OSError: it can't be opened, or is no regular file.
    """
    more = getattr(os, "O_NONBLOCK", 0) | (0 if links else getattr(os, "O_NOFOLLOW", 0))

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | more, 0o666)

    file = cast("BinaryIO", open(path, mode, opener=at_once))  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return file
