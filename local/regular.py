"""Files that can be read to their end: a pipe or a device would be waited for without one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


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
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        return file.read()


def _at_once(path: str, flags: int) -> int:
    """Open a pipe that nobody writes to, too, instead of waiting for who does."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
