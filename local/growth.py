"""Files that others append to for ever, kept within a bound."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from local import regular

__all__ = ["appended", "older", "rotate"]

log = logging.getLogger(__name__)


def older(path: Path) -> Path:
    """Return where the lines before a file's own are: `name.1`."""
    return path.with_name(f"{path.name}.1")


def appended(path: Path) -> IO[bytes]:
    """Open a log to append to it; where something else lies in its place, what is written is lost, and that is said."""
    try:
        return regular.opened(path, "ab")
    except OSError as error:
        log.warning("%s can't be written: %s", path, error.strerror)
        return Path(os.devnull).open("ab")


def rotate(path: Path, limit: int) -> None:
    """Move what a file holds to `name.1`, in place of that one's, once it has more than `limit` bytes.

    It is copied and emptied, not renamed: processes that append to it go on where it begins. A disk without room for
    the copy loses the older lines. Of a file that grew far beyond the bound, the end is kept: twice the bound at most.
    """
    try:
        size = path.stat().st_size
    except OSError:
        return
    if size <= limit:
        return
    with suppress(OSError), regular.opened(path) as file, regular.opened(older(path), "wb") as kept:
        file.seek(max(0, size - 2 * limit))
        kept.write(file.read(2 * limit))
    with suppress(OSError):
        os.truncate(path, 0)
