"""The report of a tick, and how a failing item does not affect the others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, takewhile
from threading import Lock

from shared.domain import keys
from shared.domain.document import Recording
from shared.domain.errors import RecorderError, StoreError
from shared.domain.evidence import Task
from shared.domain.film.verdict import Verdict
from shared.domain.foreign import Foreign
from shared.domain.states import state_of
from shared.domain.uploads import is_unheard
from shared.ports import ListedObject, ObjectStore
from shared.store import markers, tombstones
from shared.store.journal import Known
from shared.store.tombstones import Tombstone
from shared.usecases.jobs import go_on
from shared.usecases.look import ReconcilePorts
from shared.usecases.remove import sweep

CLAIM_MS = 600_000
"""A marker this old without a request belongs to a start that died before it accepted anything."""
PAGE = 1_000
"""Markers of a queue that are listed at once with those of the others."""
MOST_ERRORS = 100
LONGEST_ERROR = 300


@dataclass
class Report:
    """What a tick did and saw.

    Attributes:
        looked, started, asked: recordings looked at, tasks started, silent recordings among the looks.
        refusals: TRTC's codes of starts that have to wait on, and how often.
        blocked: starts that TRTC refuses until somebody mends the deployment: rights, keys, the package.
        waiting, waiting_s: how many starts are due and not made, and how long the oldest has waited, seconds.
        behind_s: how late the last question about a silent recording was, seconds.
        ended: final states that recordings came to, and how many.
        unheard: how many of these had a task whose end no callback told: TRTC was asked.
        films_suspect, films_bad: recordings whose films were found to be so.
        notify_failures: notifications that were not taken.
        given_up: receivers' hosts that got nothing more in this tick, because they did not answer in time.
        failed: looks, starts and notifications that failed; `errors` has the first of them in words.
        foreign: names among the markers that are none.
    """

    looked: int = 0
    started: int = 0
    asked: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    blocked: int = 0
    waiting: int = 0
    waiting_s: int = 0
    behind_s: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    unheard: int = 0
    films_suspect: int = 0
    films_bad: int = 0
    notify_failures: int = 0
    given_up: set[str] = field(default_factory=set)
    failed: int = 0
    errors: list[str] = field(default_factory=list)
    foreign: Foreign = field(default_factory=Foreign)
    _counting: Lock = field(default_factory=Lock)

    def noted(self) -> dict[str, object]:
        """Return what the invocation's line says of it; None where there is nothing to say."""
        return {
            "looked": self.looked,
            "starts": self.started,
            "refusals": self.refusals.total(),
            "refused": ", ".join(f"{code} {count}" for code, count in self.refusals.most_common(10)) or None,
            "starts_blocked": self.blocked or None,
            "asked": self.asked,
            "asked_late_s": self.behind_s,
            # Flat: SCF's log service knows the fields of a line, and takes what is nested for text.
            "ended_completed": self.ended["completed"],
            "ended_failed": self.ended["failed"],
            "ended_lost": self.ended["lost"],
            "ended_cancelled": self.ended["cancelled"],
            "ended_unheard": self.unheard,
            "films_suspect": self.films_suspect or None,
            "films_bad": self.films_bad or None,
            "queue_length": self.waiting,
            "queue_age_s": self.waiting_s,
            **self.foreign.noted(),
            "notify_failures": self.notify_failures,
            "notify_given_up": sorted(self.given_up)[:10] or None,
            "errors": self.errors[:10] or None,
            "error_count": self.failed,
        }

    def note_look(self, before: Recording | None, after: Recording, tasks: Iterable[Task], *, asked: bool) -> None:
        """Count a look, and what it changed; looks are made by several threads at once."""
        over = bool(before and after.state.final and not before.state.final)
        unheard = over and any(map(is_unheard, tasks))
        with self._counting:
            self.looked, self.asked = self.looked + 1, self.asked + asked
            if before and before.film is not after.film:
                self.films_suspect += after.film is Verdict.SUSPECT
                self.films_bad += after.film is Verdict.BAD
            self.ended.update([after.state.value] if over else [])
            self.unheard += unheard

    def note_not_taken(self, given_up: str | None) -> None:
        """Count a notification, and name the host that gets nothing more in this tick, if so."""
        with self._counting:
            self.notify_failures += 1
            self.given_up.update([given_up] if given_up is not None else [])

    def note_error(self, recording_id: str, error: Exception) -> None:
        """Count it, and name the first ones."""
        with self._counting:
            self.failed += 1
            if len(self.errors) < MOST_ERRORS:
                self.errors.append(f"{recording_id}: {type(error).__name__}: {error}"[:LONGEST_ERROR])


def in_turn(do: Callable[[str], None], items: Iterable[str]) -> Iterable[None]:
    """Do one after another what a pool of threads does several at once."""
    for item in items:
        do(item)
    return ()


def all_of(begun: Iterable[None]) -> None:
    """Wait until all of it is done; raise the first error."""
    deque(begun, 0)


Queues = dict[str, list[ListedObject]]
"""The first page of each listed queue, by its prefix."""


def peek(prefixes: Sequence[str], store: ObjectStore) -> Queues:
    """List the first page of several queues at once."""

    def page(prefix: str) -> list[ListedObject]:
        return list(store.list(prefix, limit=PAGE))

    pages = store.at_once(*(partial(page, prefix) for prefix in prefixes))
    return dict(zip(prefixes, pages, strict=True))


def ripe(
    prefix: str, until_ms: int, ports: ReconcilePorts, report: Report, seen: Queues | None = None
) -> Iterator[str]:
    """Yield the markers up to then, the oldest first; what lies behind them is not listed, nor what was `seen`."""
    page = (seen or {}).get(prefix)
    rest: Iterable[ListedObject] = ()
    if page is None:
        page, rest = [], ports.store.list(prefix)
    elif len(page) == PAGE:
        rest = ports.store.list(prefix, after=page[-1].key)
    listed = report.foreign.skipped((item.key for item in chain(page, rest)), keys.is_marker)
    return takewhile(lambda marker: keys.marked(marker)[0] <= until_ms, listed)


def guarded(
    recording_id: str, marks: Sequence[str], ports: ReconcilePorts, report: Report, do: Callable[[], None]
) -> None:
    """Run it; a failure affects this recording alone. Its markers stay, or move to later."""
    try:
        do()
    except RecorderError as error:  # TRTC's or the deployment's to mend: the next tick tries again
        report.note_error(recording_id, error)
    except Exception as error:  # noqa: BLE001 (one recording that can't be read must not stop all others)
        report.note_error(recording_id, error)
        with suppress(StoreError):
            for marker in marks:
                markers.back_off(ports.store, marker, ports.clock())


def tombstone_of(recording_id: str, known: Known | None, ports: ReconcilePorts) -> Tombstone | None:
    """Return the tombstone of a recording that is none, or of one whose deletion died before it erased the request."""
    if known and not state_of(known.accepted, known.evidence)[0].final:
        return None  # only what is over is deleted
    return tombstones.of(ports.store, recording_id)


def without_request(
    recording_id: str, marks: Sequence[str], ports: ReconcilePorts, tombstone: Tombstone | None
) -> None:
    """Erase what is left of a deleted recording, or drop the markers of a start that died before it was accepted."""
    now_ms, again_ms, left = ports.clock(), None, None
    if tombstone is not None:
        again_ms = sweep(recording_id, tombstone, ports)
        if again_ms is not None:
            markers.mark_look(ports.store, recording_id, again_ms)
    elif ports.job_store is not None:  # or it is a job, whose lines are not all accepted
        left = go_on(recording_id, ports, ports.many, ports.job_store)

    def is_done(at_ms: int) -> bool:
        return at_ms != again_ms if tombstone else left is not None or now_ms - at_ms >= CLAIM_MS

    markers.drop(ports.store, [marker for marker in marks if is_done(keys.marked(marker)[0])])
