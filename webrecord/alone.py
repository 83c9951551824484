"""Lock a file during its download: one command at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from webrecord import files
from webrecord.errors import RecordingFailed
from webrecord.words import t

if os.name == "posix":
    import fcntl


@contextmanager
def alone(part: Path, name: str) -> Iterator[None]:
    """Lock the part file against other commands; remove it at the end if it is empty.

    Raises:
        RecordingFailed: another command holds it, or has just finished it; a pipe or a folder is there.
    """
    files.make_way(part)
    with part.open("ab") as held:
        if not _is_ours(held, part):
            raise RecordingFailed(
                t("{name}: another command is fetching it to the same folder; let it finish", name=name)
            )
        try:
            yield
        finally:
            if part.exists() and part.stat().st_size == 0:
                part.unlink()


def _is_ours(held: IO[bytes], part: Path) -> bool:
    try:
        if os.name == "posix":
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(held.fileno()), part.stat())  # it was not renamed in between
    except (BlockingIOError, FileNotFoundError):
        return False
