"""Handle a wake event: do for these recordings now what the next tick would do.

Events may be repeated, late, reordered, in groups, and beside ticks. Nothing depends on them: the markers say what is
due, and the next tick handles a marker that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock

from shared.domain import ids, keys
from shared.domain.document import decide
from shared.domain.errors import StoreError
from shared.domain.refusals import is_full, is_rate
from shared.domain.starting import behind_ms
from shared.store import journal
from shared.usecases.jobs import go_on
from shared.usecases.look import ReconcilePorts, look
from shared.usecases.report import Report, all_of, guarded, in_turn, tombstone_of
from shared.usecases.starts import Starts
from shared.usecases.tell import Tellings
from shared.usecases.tick import Mapper

MOST = 500
"""The most wakes of one invocation; the timer does the rest."""
LISTINGS, LISTED_AFTER_S = 3, 2.0
"""How often the queue is listed after a job without a new start in it, and the time in between."""
TRIES, TRIED_AFTER_S = 2, 1.0
"""How often a place is tried again for which TRTC was full, and the time in between."""


def woken(abouts: Sequence[str], ports: ReconcilePorts, budget_s: float, run: Mapper = in_turn) -> Report:
    """Look at the recordings, notify their receivers, start what has room by now, and delete the wakes.

    Args:
        abouts: names of wakes: of recordings, of places they gave back, of jobs with lines to take or to start.
        ports, budget_s, run: as for a tick.
    """
    report = Report()
    until_ms = ports.clock() + int(budget_s * 1000)
    woken = _Woken(ports, report, until_ms)
    all_of_them = list(dict.fromkeys(abouts))[:MOST]
    all_of(run(woken.take_place, [about for about in all_of_them if about.endswith(keys.PLACE)]))
    all_of(run(woken.at, list(dict.fromkeys(about.removesuffix(keys.PLACE) for about in all_of_them))))
    if woken.owing:
        tellings = Tellings(ports, report, until_ms, woken.owing)
        all_of(run(tellings.sort, list(tellings.marks)))
        lanes = tellings.lanes()
        begun = run(lambda name: tellings.serve(lanes[name]), list(lanes))
        woken.start()
        all_of(begun)
    else:
        woken.start()
    _delete([about for about in all_of_them if about not in woken.taken], ports, report)
    return report


class _Woken:
    """What the wakes of one invocation are about."""

    def __init__(self, ports: ReconcilePorts, report: Report, until_ms: int) -> None:
        self._ports, self._report, self._until_ms = ports, report, until_ms
        self._counting = Lock()
        self.owing = list[str]()
        """Recordings whose receivers are owed something."""
        self._waiting = list[str]()
        """Markers of starts that wait."""
        self.taken = set[str]()
        """Wakes of places that are given away here."""
        self._jobs = 0

    def take_place(self, about: str) -> None:
        """Claim the free place that a wake reports, unless another event claimed it. TRTC would refuse a second start
        for it, and that start would miss the next place for half a minute."""
        try:
            if self._ports.store.get(keys.wake_key(about)) is not None:
                self._ports.store.delete(keys.wake_key(about))
                self.taken.add(about)
        except StoreError as error:
            self._report.note_error(about, error)

    def at(self, about: str) -> None:
        """Look at a recording, or go on with a job, unless the time is over. The markers stand."""
        if self._ports.clock() < self._until_ms:
            guarded(about, (), self._ports, self._report, partial(self._at, about))

    def _at(self, about: str) -> None:
        ports = self._ports
        known = journal.read(ports.store, about)
        if tombstone_of(about, known, ports):
            return
        if known is None:
            if ids.is_digest_id(about):  # as a job's is; of anything else nothing is known
                self._take_job(about)
            return
        before = decide(known.accepted, known.evidence)
        known, _ = look(known, ports, asking=False, confirming=True)
        recording = decide(known.accepted, known.evidence)
        self._report.note_look(before, recording, known.evidence.tasks.values(), asked=False)
        with self._counting:
            self.owing += [about] if any(message.next_ms is not None for message in recording.notifications) else []
            if recording.state.waiting:
                due_ms = max(known.accepted.due_ms, behind_ms(known.evidence))
                self._waiting.append(keys.due_key(due_ms, about))

    def _take_job(self, job_id: str) -> None:
        """Go on with a job; one that is accepted has lines that are to be started."""
        with self._counting:
            self._jobs += 1
        ports = self._ports
        while ports.job_store is not None and ports.clock() < self._until_ms:
            if not go_on(job_id, ports, ports.many, ports.job_store):
                break

    def start(self) -> None:
        """Start again what failed to start, and the heads of the queue: one for each place, or all after a job."""
        if not (self._waiting or self.taken or self._jobs):
            return
        # Who was refused a moment ago need not wait where what he was refused for is over.
        passed = is_full if self.taken else is_rate
        starts, most = Starts(self._ports, self._report, passed), None if self._jobs else len(self.taken)
        started, idle = -1, 0
        while idle < LISTINGS and self._ports.clock() < self._until_ms:
            starts.make(self._ports.clock(), self._until_ms, self._waiting, most)
            if self._jobs and starts.throttled:
                self._ports.sleep(TRIED_AFTER_S)  # a tick beside us has the rest of TRTC's rate
                starts.again()
                continue
            if not self._jobs or starts.ended:
                break
            # Lines of the job are still being taken, or not listed yet.
            idle = idle + 1 if self._report.started == started else 0
            started = self._report.started
            if idle:
                self._ports.sleep(LISTED_AFTER_S)
        left = len(self.taken)
        for _ in range(TRIES):
            left -= starts.made
            if self._jobs or left <= 0 or not starts.full or self._ports.clock() >= self._until_ms:
                break
            # TRTC says that a task is over, and may count it for a moment more.
            self._ports.sleep(TRIED_AFTER_S)
            starts = Starts(self._ports, self._report, is_full)
            starts.make(self._ports.clock(), self._until_ms, most=left)


def _delete(abouts: Sequence[str], ports: ReconcilePorts, report: Report) -> None:
    try:
        if len(abouts) == 1:
            ports.store.delete(keys.wake_key(abouts[0]))
        else:
            ports.store.delete_many([keys.wake_key(about) for about in abouts])
    except StoreError as error:  # a tick deletes what is left
        report.note_error("wake", error)
