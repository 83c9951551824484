"""Look into the films of a task: ranged reads of the objects that a listing names, one task at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from posixpath import normpath

from shared.domain import facts, parts
from shared.domain.accepted import Accepted
from shared.domain.evidence import Filmed, Task
from shared.domain.facts import Fact
from shared.domain.film.recording import MOST_FILES
from shared.domain.film.verdict import FilmCheck, Flaw, Verdict
from shared.ports import FilmStore, ObjectStore
from shared.usecases.tasks import folder_of, list_files

LONGEST_MS = 15_000
"""No read begins after this time, so that other recordings get their turn."""
LISTINGS, LISTED_AFTER_S = 2, 1.5
"""How often a film that was just uploaded is listed again, and the time in between: its receiver waits for it."""
Opened = tuple[Callable[[int, int], bytes], int]
"""What reads a file, by offset and length, and its bytes."""


@dataclass(frozen=True)
class Films:
    """What a look into films needs.

    Attributes:
        store: reads ranges, under the same keys as the recordings' store.
        off: findings that this deployment does not want.
        one_at_a_time: an index takes memory; held while a task's films are looked into.
    """

    store: FilmStore
    off: Collection[Flaw]
    one_at_a_time: AbstractContextManager[object]


def inspect_task(
    accepted: Accepted,
    task: Task,
    tries: int,
    films: Films,
    store: ObjectStore,
    clock: Callable[[], int],
    sleep: Callable[[float], None],
) -> Fact:
    """Check a task's films, waiting for one that is not listed yet; the fact holds failures, but of the listing."""
    from shared.domain.film.check import inspect  # most looks need none
    from shared.domain.film.reader import Budget

    task_id, at_ms = task.task_id or "", clock()
    names, sizes, checks = parts.films(task)[:MOST_FILES], list_files(accepted, task_id, store), dict[str, FilmCheck]()
    for _ in range(LISTINGS):
        if sizes.keys() >= {*names}:
            break
        sleep(LISTED_AFTER_S)
        sizes = list_files(accepted, task_id, store)
    folder = f"{folder_of(accepted)}{task_id}/"
    with films.one_at_a_time:
        until_ms = clock() + LONGEST_MS
        for name in names:
            if name not in sizes:
                checks[name] = FilmCheck(verdict=Verdict.UNCHECKED, why="it is not there", again=True)
                continue
            opened, budget = partial(_opened, films.store, folder, sizes), Budget(has_time=lambda: clock() < until_ms)
            checks[name] = inspect(name, *opened(name), budget, open_=partial(_beside, opened, sizes, name))
    return facts.filmed(task_id, Filmed(at_ms=at_ms, tries=tries, off=sorted(films.off), files=checks))


def unlooked(task: Task, at_ms: int) -> Filmed:
    """Return that nobody can look here."""
    why = FilmCheck(verdict=Verdict.UNCHECKED, why="films are not checked here")
    return Filmed(at_ms=at_ms, files=dict.fromkeys(parts.films(task)[:MOST_FILES], why))


def _opened(store: FilmStore, folder: str, sizes: dict[str, int], name: str) -> Opened:
    """Open a file of a task; it is read as the object that it was at its first read."""
    etag: str | None = None

    def read(offset: int, length: int) -> bytes:
        nonlocal etag
        part = store.part(folder + name, offset, length, etag)
        etag = part.etag or etag
        return part.body

    return read, sizes[name]


def _beside(opened: Callable[[str], Opened], sizes: dict[str, int], name: str, other: str) -> Opened | None:
    """Open a file in the folder of another one."""
    found = normpath(f"{name[: name.rfind('/') + 1]}{other}")
    return opened(found) if found in sizes else None
