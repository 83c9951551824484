"""Check a film that lies on this machine, as reconcile checks those in the bucket."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

from local import regular
from shared.domain.film.check import inspect
from shared.domain.film.reader import Budget, Read
from shared.domain.film.verdict import FilmCheck, Flaw


def check_file(path: Path, off: Collection[Flaw] = (), budget: Budget | None = None) -> FilmCheck:
    """Check a file; of a playlist also the segments beside it.

    Raises:
        OSError: it can't be opened.
    """
    (read, size), folder = _opened(path), path.parent.resolve()

    def beside(name: str) -> tuple[Read, int] | None:
        found = path.parent / name
        try:
            inside = found.is_file() and found.resolve().is_relative_to(folder)
            return _opened(found) if inside else None
        except (OSError, ValueError):  # a name that none can have: too long, or with a NUL
            return None

    return inspect(path.name, read, size, budget or Budget(), open_=beside, off=off)


def _opened(path: Path) -> tuple[Read, int]:
    return partial(_read, path), path.stat().st_size


def _read(path: Path, offset: int, length: int) -> bytes:
    with regular.opened(path) as file:
        file.seek(offset)
        return file.read(length)
