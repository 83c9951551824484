"""Reconcile: every minute, look at the recordings whose time has come, and make the starts that are due.

The work list is two kinds of markers, sorted by time: `open/<ms>-<id>` (look at it from then on) and
`due/<ms>-<id>` (start it then). A marker is deleted only after its successor is written, so whatever the line a
tick dies at, the next one goes on. Two ticks at once make the same facts and the same RecordIds: no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from threading import Lock

from shared.domain import keys
from shared.domain.document import Recording, decide
from shared.domain.errors import ParametersRefused, RecorderBusy, RecorderMisconfigured, TaskNotFound
from shared.domain.foreign import Foreign
from shared.domain.periods import REPEAT_MS, START_LEAD_MS
from shared.domain.refusals import is_full
from shared.domain.states import is_unsure
from shared.domain.steps import Start, Wait, next_step
from shared.store import journal, markers, tombstones
from shared.store.journal import Known
from shared.usecases.jobs import go_on
from shared.usecases.look import ReconcilePorts, look
from shared.usecases.remove import sweep
from shared.usecases.start import attempt
from shared.usecases.tasks import find

CLAIM_MS = 600_000
"""A marker this old without a request is of a start that died before it accepted anything."""
ENOUGH_REFUSALS = 3
"""In a row, from which a tick tries no more: TRTC is not well."""
AHEAD_MS = 50_000
"""A tick waits for starts that become due while it runs, so that they begin on time."""

Mapper = Callable[[Callable[[str], None], Iterable[str]], Iterable[None]]


@dataclass
class Report:
    """What a tick did and saw.

    Attributes:
        looked, started: recordings looked at, tasks started.
        refusals: TRTC's codes of starts that have to wait on, and how often.
        waiting, waiting_s: how many starts are due and not made, and how long the oldest has waited, seconds.
        open: recordings that have a marker to be looked at, now or later.
        ended: final states that recordings came to, and how many.
        notify_failures: notifications that were not taken.
        errors: looks and starts that failed.
        foreign: names among the markers that are none.
    """

    looked: int = 0
    started: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    waiting_s: int = 0
    open: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    notify_failures: int = 0
    errors: list[str] = field(default_factory=list)
    foreign: Foreign = field(default_factory=Foreign)
    _counting: Lock = field(default_factory=Lock)

    def note_look(self) -> None:
        """Count a look; looks are made by several threads at once."""
        with self._counting:
            self.looked += 1

    def note_news(self, before: Recording, after: Recording) -> None:
        """Count what a look changed."""
        tries = sum(message.attempts for message in after.notifications if message.delivered_ms is None)
        tried = sum(message.attempts for message in before.notifications if message.delivered_ms is None)
        with self._counting:
            self.ended.update([after.state.value] if after.state.final and not before.state.final else [])
            self.notify_failures += max(0, tries - tried)


def tick(ports: ReconcilePorts, budget_s: float, run: Mapper = map) -> Report:
    """Do what is to be done now, for at most about `budget_s` seconds; the rest is the next tick's.

    Args:
        ports: see ReconcilePorts.
        budget_s: when to stop beginning new work.
        run: how looks are run: `map`, or that of a thread pool.
    """
    report, now_ms = Report(), ports.clock()
    until_ms = now_ms + int(budget_s * 1000)
    # What is due goes first, with half of the time: a start that comes too late is a recording that is not made.
    starts = _Starts(ports, report)
    starts.make(now_ms, now_ms + int(budget_s * 500))
    markers, ripe_ms, watched = dict[str, list[str]](), ports.clock(), set[str]()
    for marker in _listed(ports, "open/", report):
        at_ms, recording_id = keys.marked(marker)
        watched.add(recording_id)
        if at_ms <= ripe_ms:
            markers.setdefault(recording_id, []).append(marker)
    report.open = len(watched)

    def look_at(recording_id: str) -> None:
        if ports.clock() < until_ms:
            _guarded(recording_id, report, lambda: _look_at(recording_id, markers[recording_id], ports, report))

    for _ in run(look_at, markers):
        pass
    starts.make(min(now_ms + AHEAD_MS, until_ms), until_ms)
    return report


def _listed(ports: ReconcilePorts, prefix: str, report: Report) -> Iterator[str]:
    """Yield the markers that are listed; whatever else lies among them is nobody's."""
    return report.foreign.skipped((item.key for item in ports.store.list(prefix)), keys.is_marker)


def _ripe(markers: Iterator[str], until_ms: int) -> Iterator[str]:
    return takewhile(lambda marker: keys.marked(marker)[0] <= until_ms, markers)


def _guarded(recording_id: str, report: Report, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 (one recording that can't be read must not stop all others)
        # Its marker stands: the next tick tries again. The others must not wait for it.
        report.errors.append(f"{recording_id}: {type(error).__name__}: {error}")


def _look_at(recording_id: str, marks: list[str], ports: ReconcilePorts, report: Report) -> None:
    known = journal.read(ports.store, recording_id)
    if known is None or _is_deleted(known, ports):
        _without_request(recording_id, marks, ports)
        return
    accepted, before = known.accepted, known.evidence
    known, step = look(known, ports)
    recording = decide(accepted, known.evidence)
    report.note_look()
    if known.evidence is not before:  # most looks find nothing new
        report.note_news(decide(accepted, before), recording)
    later_ms: list[int] = []
    if isinstance(step, Start) or recording.state.waiting:
        markers.mark_start(ports.store, accepted, ports.clock())
        # What is owed to the caller does not wait for the start.
        later_ms += [message.next_ms for message in recording.notifications if message.next_ms is not None]
        if is_unsure(known.evidence):
            # Its task, if there is one, holds a place of the quota: it must not wait behind who waits for that.
            later_ms.append(ports.clock() + REPEAT_MS)
    elif isinstance(step, Wait) and not step.done:
        later_ms.append(step.until_ms)
    if later_ms:
        markers.mark_look(ports.store, recording_id, max(min(later_ms), keys.marked(marks[-1])[0] + 1))
    for marker in marks:
        ports.store.delete(marker)


def _is_deleted(known: Known, ports: ReconcilePorts) -> bool:
    """Tell whether a deletion of the recording died before it erased the request; only what is over is deleted."""
    final = decide(known.accepted, known.evidence).state.final
    return final and tombstones.of(ports.store, known.accepted.recording_id) is not None


def _without_request(recording_id: str, marks: list[str], ports: ReconcilePorts) -> None:
    """Erase what is left of a deleted recording, or drop the markers of a start that died before it was accepted."""
    tombstone = tombstones.of(ports.store, recording_id)
    if tombstone is None:
        left = go_on(recording_id, ports, ports.many, ports.job_store) if ports.job_store else None
        if left == 0:
            ports.store.delete(keys.work_key(recording_id))
        for marker in marks:
            if left is None:
                _drop_claim(marker, ports)
            else:
                ports.store.delete(marker)
        return
    again_ms = sweep(recording_id, tombstone, ports.store, ports.clock())
    if again_ms is not None:
        markers.mark_look(ports.store, recording_id, again_ms)
    for marker in marks:
        if again_ms is None or keys.marked(marker)[0] != again_ms:
            ports.store.delete(marker)


def _drop_claim(marker: str, ports: ReconcilePorts) -> None:
    if ports.clock() - keys.marked(marker)[0] >= CLAIM_MS:
        ports.store.delete(marker)


class _Starts:
    """The starts of one tick: in order, until TRTC is full."""

    def __init__(self, ports: ReconcilePorts, report: Report) -> None:
        self._ports, self._report = ports, report
        self._refused_in_a_row = 0
        self._tried: dict[str, bool] = {}
        """Markers and whether they have to wait on."""

    def make(self, due_ms: int, until_ms: int) -> None:
        """Make the starts that are due by then and were not tried yet, waiting for their time, until `until_ms`."""
        ports = self._ports
        markers = list(_ripe(_listed(ports, "due/", self._report), due_ms + START_LEAD_MS))
        for marker in markers:
            if marker in self._tried:
                continue
            if ports.clock() >= until_ms or self._refused_in_a_row >= ENOUGH_REFUSALS:
                break
            while (early_ms := keys.marked(marker)[0] - START_LEAD_MS - ports.clock()) > 0:
                ports.sleep(early_ms / 1000)
            refusals: list[str] = []
            _guarded(keys.marked(marker)[1], self._report, partial(_start, marker, ports, self._report, refusals))
            self._tried[marker] = bool(refusals)
            self._report.refusals.update(refusals)
            # A full TRTC is full for everybody; any other refusal may be this one recording's own.
            full = any(is_full(code) for code in refusals)
            self._refused_in_a_row = ENOUGH_REFUSALS if full else self._refused_in_a_row + 1 if refusals else 0
        waiting = [keys.marked(marker)[0] for marker in markers if self._tried.get(marker, True)]
        self._report.waiting = len(waiting)
        self._report.waiting_s = max(0, (ports.clock() - min(waiting)) // 1000) if waiting else 0


def _start(marker: str, ports: ReconcilePorts, report: Report, refusals: list[str]) -> None:
    """Make one start, or add to `refusals` why it has to wait on."""
    recording_id = keys.marked(marker)[1]
    known = journal.read(ports.store, recording_id)
    if known is None:
        _without_request(recording_id, [marker], ports)
        return
    # A start does not wait for a message to be sent: that is the look's, by the open marker.
    quiet = known.accepted.model_copy(update={"notify_url": None})
    step = next_step(quiet, known.evidence, ports.clock(), ports.timing)
    if not isinstance(step, Start):
        if not (isinstance(step, Wait) and decide(known.accepted, known.evidence).state.waiting):
            markers.mark_look(ports.store, recording_id, ports.clock())
            ports.store.delete(marker)
        return
    markers.mark_look(ports.store, recording_id, ports.clock() + REPEAT_MS)
    found = False
    if step.recheck is not None:
        try:
            ports.pace()
            find(known, step.recheck, ports)
            found = True
        except TaskNotFound:
            pass
        except RecorderBusy as error:
            refusals.append(error.code)
            return
    if not found:
        ports.pace_start()
        try:
            outcome = attempt(known, known.accepted.parsed(), step.attempt, ports)
        except (ParametersRefused, RecorderMisconfigured):
            ports.store.delete(marker)  # refused for good, and stored as such; the open marker tells the caller
            raise
        if outcome.refused:
            refusals.append(outcome.refused)
            return
        if outcome.recording.state.final:  # the policy forbids by now what was accepted
            ports.store.delete(marker)
            return
    report.started += 1
    ports.store.delete(marker)
