"""Reconcile: every minute, pass by pass, so that none holds up another.

1. Starts that are due, in order.
2. Looks at the recordings whose time has come: stops, ends, files. Nothing here waits for a receiver, or for TRTC's
   answer to a question about a silent task.
3. Looks into films, until three quarters of the time are over.
4. At once: questions about silent recordings, notifications, and the starts that become due meanwhile.

The work lists are markers, sorted by time (`shared/store/markers.py`); none is listed beyond now. A marker is deleted
only after its successor is written, so whatever the line a tick dies at, the next one goes on. Two ticks at once make
the same facts and the same RecordIds: no harm.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count, islice

from shared.domain import keys
from shared.domain.attempts import is_unsure
from shared.domain.document import Recording, decide
from shared.domain.ending import ends_ms
from shared.domain.errors import RecorderBusy, RecorderError
from shared.domain.next_step import next_step, settles_ms
from shared.domain.periods import REPEAT_MS
from shared.domain.starting import behind_ms
from shared.domain.states import State
from shared.domain.steps import Confirm, Describe, Inspect, Start, Step, Wait
from shared.store import journal, markers
from shared.store.journal import Known
from shared.usecases import wakes
from shared.usecases.look import ReconcilePorts, asks, look
from shared.usecases.report import Queues, Report, all_of, guarded, in_turn, peek, ripe, tombstone_of, without_request
from shared.usecases.starts import Starts
from shared.usecases.tell import Tellings

__all__ = ["Report", "tick"]

AHEAD_MS = 50_000
"""A tick waits this long for starts that become due while it runs, so that they begin on time."""
FILMS = 2
"""Films that are looked into at once: of one the files are listed while the other is read."""
QUESTIONS = 6
"""Questions at once: as many as keep to TRTC's rate when each takes half a second."""
MOST_QUESTIONS = 2_000
"""The most silent recordings of one tick: more than TRTC's rate allows, because finished ones need no question."""
WHOLE_EVERY_MS = 3_600_000
"""So often the facts of a recording that runs quietly are listed: its document may lack one, whose writer died."""
MOST_DOUBTS = 50
"""So many told ends are asked about before the tick's other questions: five seconds by TRTC's rate."""
NEAR_MS = 7_200_000
"""A limit of TRTC's own has a marker from so long before it on: nobody's question waits longer for its turn."""
CLEARED_EVERY = 60
"""Of so many minutes, one has its tick delete wakes whose event was lost: a listing an hour, and not one a tick."""

Mapper = Callable[[Callable[[str], None], Sequence[str]], Iterable[None]]
"""Runs work over items, several at once or one after another, and begins before its result is read."""


def tick(ports: ReconcilePorts, budget_s: float, run: Mapper = in_turn) -> Report:
    """Do everything that is due; no new work begins after `budget_s` seconds, and the next tick does the rest.

    Work is run `in_turn`, or by the `map` of a thread pool.
    """
    report, now_ms = Report(), ports.clock()
    until_ms = now_ms + int(budget_s * 1000)
    # What is due goes first, with half of the time: a start that comes too late is a recording that is not made.
    starts = Starts(ports, report)
    seen = peek(["due/", "open/"], ports.store)
    starts.make(now_ms, now_ms + int(budget_s * 500), seen=seen)
    looks = _Looks(ports, report, until_ms, {} if starts.any else seen)  # starts take their time
    all_of(run(looks.at, list(looks.marks)))
    all_of(run(lambda _: looks.film(now_ms + int(budget_s * 750)), looks.filming()))
    seen = peek(["ask/", "tell/", "due/"], ports.store)
    looks.gather_questions(seen)
    tellings = Tellings(ports, report, until_ms, also=looks.owing, seen=seen)
    all_of(run(tellings.sort, list(tellings.marks)))
    work = dict.fromkeys(looks.asking(), looks.ask)
    work |= {name: partial(tellings.serve, lane) for name, lane in tellings.lanes().items()}
    begun = run(lambda name: work[name](), list(work))
    starts.make(min(now_ms + AHEAD_MS, until_ms), until_ms, seen={} if tellings.marks else seen)
    all_of(begun)
    if now_ms // REPEAT_MS % CLEARED_EVERY == 0:
        wakes.clear(ports.store)
    return report


class _Looks:
    """The looks of one tick: first all that need no question to TRTC, then those that do."""

    def __init__(self, ports: ReconcilePorts, report: Report, until_ms: int, seen: Queues) -> None:
        self._ports, self._report, self._until_ms = ports, report, until_ms
        self.marks: dict[str, list[str]] = {}
        """Recording → its markers."""
        for marker in ripe("open/", ports.clock(), ports, report, seen):
            self.marks.setdefault(keys.marked(marker)[1], []).append(marker)
        self._unsure: list[tuple[str, list[str]]] = []
        self._questions = deque[tuple[str, list[str]]]()
        self._doubts = count()
        self._films = deque[tuple[str, list[str]]]()
        self.owing = list[str]()
        """Recordings whose receivers are owed something now: listings may not have the markers yet, and no wake is
        written for what was found here."""

    def at(self, recording_id: str) -> None:
        """Look at a recording, unless the time is over."""
        if self._ports.clock() < self._until_ms:
            self._guarded(recording_id, self.marks[recording_id], asking=False, filming=False)

    def filming(self) -> list[str]:
        """Return a name for each worker that looks into films: no more than there are."""
        return [f"film {number}" for number in range(min(FILMS, len(self._films)))]

    def film(self, until_ms: int) -> None:
        """Look into films, when all is stopped that is to be stopped; those that come to no turn wait for a tick."""
        while self._films and self._ports.clock() < until_ms:
            with suppress(IndexError):  # another took the last one
                recording_id, marks = self._films.popleft()
                self._guarded(recording_id, marks, asking=False)

    def gather_questions(self, seen: Queues) -> None:
        """Collect the questions to TRTC: first about attempts with an unknown task, then about silent recordings."""
        silent = islice(ripe("ask/", self._ports.clock(), self._ports, self._report, seen), MOST_QUESTIONS)
        self._questions.extend([*self._unsure, *((keys.marked(marker)[1], [marker]) for marker in silent)])

    def asking(self) -> list[str]:
        """Return a name for each worker that asks TRTC: no more than there are questions."""
        return [f"ask {number}" for number in range(min(QUESTIONS, len(self._questions)))]

    def ask(self) -> None:
        """Ask TRTC, again and again, until the time is over: the silent who come to no turn wait for the next tick."""
        while self._questions and self._ports.clock() < self._until_ms:
            with suppress(IndexError):  # another took the last one
                recording_id, marks = self._questions.popleft()
                self._report.behind_s = max(0, self._ports.clock() - keys.marked(marks[0])[0]) // 1000
                self._guarded(recording_id, marks, asking=True)

    def _guarded(self, recording_id: str, marks: list[str], *, asking: bool, filming: bool = True) -> None:
        do = partial(self._look, recording_id, marks, asking=asking, filming=filming)
        guarded(recording_id, marks, self._ports, self._report, do)

    def _glance(self, known: Known, marks: list[str], *, asking: bool) -> bool:
        """Settle by its document alone what runs quietly, or has ended and is to be looked at later.

        False where all facts are to be listed: at a marker of somebody's who may have written one and died, once in
        an hour, and at the last look. Of callbacks TRTC tries again until the document has them.
        """
        ports, now_ms = self._ports, self._ports.clock()
        recording, evidence = decide(known.accepted, known.evidence), known.evidence
        step = next_step(known.accepted, evidence, now_ms, ports.timing, quiet=True)
        first = marks[0] == keys.open_key(known.accepted.created_ms + REPEAT_MS, recording.recording_id)
        if recording.state is State.RECORDING and (asking or first):
            since_ms = keys.marked(marks[0])[0] - ports.timing.alive_every - known.accepted.created_ms
            if since_ms >= 0 and since_ms // WHOLE_EVERY_MS != (now_ms - known.accepted.created_ms) // WHOLE_EVERY_MS:
                return False
            if isinstance(step, Describe):
                try:
                    ports.pace()
                    ports.recorder.describe_task(step.task_id)
                except RecorderBusy:
                    pass  # asked again at the next look
                except RecorderError:
                    return False
                step = next_step(known.accepted, evidence, ports.clock(), ports.timing, now_ms, quiet=True)
        elif not (asking and recording.state.final):
            return False
        if not isinstance(step, Wait) or step.done or step.until_ms <= ports.clock():
            return False
        self._report.note_look(None, recording, (), asked=asking)
        self._mark(known, recording, step, marks)
        markers.drop(ports.store, marks)
        return True

    def _look(self, recording_id: str, marks: list[str], *, asking: bool, filming: bool) -> None:
        ports = self._ports
        seen = journal.glanced(ports.store, recording_id)
        if seen and len(marks) == 1 and self._glance(seen, marks, asking=asking):
            return
        over = seen is not None and decide(seen.accepted, seen.evidence).state.final
        known = journal.whole(ports.store, seen) if seen and over else journal.read(ports.store, recording_id, seen)
        # A deletion has a marker of its own, and this one is the last look's.
        last = known is not None and marks == [keys.open_key(settles_ms(known.evidence, ports.clock()), recording_id)]
        tombstone = None if last else tombstone_of(recording_id, known, ports)
        if known is None or tombstone:
            without_request(recording_id, marks, ports, tombstone)
            return
        before = known.evidence
        known, step = look(known, ports, asking=asking, filming=filming)
        if isinstance(step, Confirm) and not asking and next(self._doubts) < MOST_DOUBTS:
            known, step = look(known, ports, asking=False, filming=filming, confirming=True)  # so that it is told now
        if not asking and asks(step) and not isinstance(step, Describe):
            # A task that nobody knows holds a place of the quota: it is asked for first.
            self._unsure.append((recording_id, marks))
            return
        recording = decide(known.accepted, known.evidence)
        changed = known.evidence is not before  # most looks find nothing new
        if not isinstance(step, Describe):  # else it is looked at when TRTC is asked
            was = decide(known.accepted, before) if changed else None
            self._report.note_look(was, recording, known.evidence.tasks.values(), asked=asking)
        if isinstance(step, Inspect):
            self._films.append((recording_id, marks))
            return
        self._mark(known, recording, step, marks)
        markers.drop(ports.store, marks)

    def _mark(self, known: Known, recording: Recording, step: Step, marks: list[str]) -> None:
        """Write the marker of the recording's next check."""
        store, now_ms, recording_id = self._ports.store, self._ports.clock(), known.accepted.recording_id
        after_ms, silent = keys.marked(marks[-1])[0] + 1, marks[0].startswith("ask/")
        if isinstance(step, Start) or recording.state.waiting:
            markers.mark_start(store, known.accepted, now_ms, behind_ms(known.evidence))
            if is_unsure(known.evidence):
                # Its task, if there is one, holds a place of the quota: it must not wait behind who waits for that.
                markers.mark_look(store, recording_id, max(now_ms + REPEAT_MS, after_ms))
        elif isinstance(step, Describe) or (isinstance(step, Wait) and step.asks):
            end_ms, near_ms = ends_ms(known.accepted, known.evidence), now_ms + NEAR_MS
            # Silent, it was marked at a look before, unless it came near since.
            came_ms = after_ms - 2 * self._ports.timing.alive_every + NEAR_MS if silent else 0
            if came_ms < end_ms <= near_ms or (known.accepted.stop_at_ms and not silent):
                markers.mark_look(store, recording_id, end_ms)
            soon = isinstance(step, Wait) and step.until_ms <= now_ms + REPEAT_MS
            every_ms = REPEAT_MS if soon else self._ports.timing.alive_every
            # The next time at which it is silent for long enough: a look before would find that it is not.
            from_ms = max(now_ms, step.until_ms - REPEAT_MS) if isinstance(step, Wait) and not silent else now_ms
            markers.mark_question(store, recording_id, from_ms, every_ms, at_once=isinstance(step, Describe))
        else:
            end_ms = ends_ms(known.accepted, known.evidence)
            if silent and (known.accepted.stop_at_ms or end_ms <= now_ms + NEAR_MS):  # what it had while it ran
                store.delete(keys.open_key(end_ms, recording_id))
            if isinstance(step, Wait) and not step.done:
                markers.mark_look(store, recording_id, max(step.until_ms, after_ms))
        owed = [message.next_ms for message in recording.notifications if message.next_ms is not None]
        if owed:  # whoever wrote it may have died before this marker
            markers.mark_message(store, recording_id, max(now_ms, min(owed)))
            if min(owed) <= now_ms:
                self.owing.append(recording_id)
