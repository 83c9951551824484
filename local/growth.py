"""Files that others append to for ever, kept within a bound."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["older", "rotate"]


def older(path: Path) -> Path:
    """Return where the lines before a file's own are: `name.1`."""
    return path.with_name(f"{path.name}.1")


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
    with suppress(OSError), path.open("rb") as file, older(path).open("wb") as kept:
        file.seek(max(0, size - 2 * limit))
        kept.write(file.read(2 * limit))
    with suppress(OSError):
        os.truncate(path, 0)
