"""Look at one recording: gather what is known, decide the next step, carry it out, until it has to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, ClassVar

from shared.domain import facts, ids, parts
from shared.domain.accepted import Accepted
from shared.domain.ending import is_outlived
from shared.domain.errors import RecorderBusy, RecorderError, TaskNotFound
from shared.domain.evidence import Task
from shared.domain.facts import Fact
from shared.domain.next_step import next_step
from shared.domain.periods import REPEAT_MS
from shared.domain.steps import Confirm, Describe, GiveUp, Inspect, Look, Start, Step, Stop, Sweep, Timing, Wait
from shared.domain.unseen import doubted, unseen
from shared.domain.uploads import end_ms, word_ms
from shared.ports import Notifier, ObjectStore
from shared.store import journal, writer
from shared.store.journal import Known
from shared.usecases.doubt import confirm, recheck, records
from shared.usecases.films import Films, inspect_task, unlooked
from shared.usecases.ports import Ports
from shared.usecases.tasks import list_files, task_of_files

MAX_STEPS = 12
"""More than any recording needs at one look; a mistake in next_step must not spin for ever."""


@dataclass(frozen=True)
class ReconcilePorts(Ports):
    """What reconcile needs besides: the notifier, its patience, and how to wait (seconds)."""

    wakes: ClassVar[bool] = False
    """Reconcile writes no wakes: it does due work itself."""
    notifier: Notifier
    timing: Timing
    sleep: Callable[[float], None]
    pace: Callable[[], None]
    """Called before each Describe, so that all of them together keep to TRTC's rate."""
    pace_start: Callable[[], None]
    """The same for starts: TRTC counts each action by itself."""
    pace_stop: Callable[[], None] | None = None
    """The same for stops; None: they share that of the questions."""
    many: Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]] = map
    """How lines of a job are taken."""
    job_store: Callable[[str, str | None], ObjectStore] | None = None
    """Gives a bucket that job objects are in, by name and region."""
    films: Films | None = None
    """Checks films; None marks every film as unchecked."""


class _Unanswered(Exception):
    """TRTC can't say now; it is asked again."""


def asks(step: Step) -> bool:
    """Return True if the next step is a question to TRTC."""
    rechecks = isinstance(step, Start | GiveUp | Sweep) and step.recheck is not None
    return rechecks or isinstance(step, Describe | Confirm)


def look(
    known: Known, ports: ReconcilePorts, *, asking: bool = True, filming: bool = True, confirming: bool = False
) -> tuple[Known, Step]:
    """Carry out the steps that are due; return what is known afterwards, and the final Wait or Start.

    It sends no notifications. Without `asking` it also ends before a question to TRTC, with that step, where it is not
    `confirming` an end that was told; without `filming` before a look into films, which may take as long as all else.
    """
    seen_ms: int | None = None
    step: Step
    for steps in count():
        now_ms = ports.clock()
        if steps == MAX_STEPS:
            step = Wait(now_ms)  # the next tick goes on
            break
        # What is owed to a receiver is another pass's.
        step = next_step(known.accepted, known.evidence, now_ms, ports.timing, seen_ms, quiet=True)
        confirms = confirming and isinstance(step, Confirm)
        if (asks(step) and not (asking or confirms)) or (isinstance(step, Inspect) and not filming):
            break
        if isinstance(step, Start | GiveUp | Sweep) and step.recheck is not None:
            try:
                ports.pace()
                known = recheck(known, step.recheck, ports)[0]
                continue
            except TaskNotFound:
                pass
            except RecorderError as error:
                if not _is_past_asking(error, known, ports):
                    if not isinstance(error, RecorderBusy):
                        raise
                    step = Wait(now_ms + REPEAT_MS)
                    break
        if isinstance(step, Wait | Start):
            break
        try:
            fact = _carry_out(step, known, ports)
        except _Unanswered:
            step = Wait(now_ms + REPEAT_MS)
            break
        if fact is None and isinstance(step, Look):
            stop_ms = known.accepted.stop_at_ms or 0  # then TRTC is asked whether it is over
            again_ms = now_ms + ports.timing.files_after
            step = Wait(stop_ms if now_ms < stop_ms < again_ms else again_ms)
            break
        if fact is None:
            seen_ms = now_ms
            continue
        known = journal.record(ports.store, known, fact)
    if known.evidence != known.documented:  # most looks find nothing new
        known, _ = writer.save(ports.store, known, ports.clock())
    return known, step


def _carry_out(step: Step, known: Known, ports: ReconcilePorts) -> Fact | None:
    """Do one step; return the fact it found, or None when there is nothing new."""
    now_ms, accepted, evidence = ports.clock(), known.accepted, known.evidence
    match step:
        case GiveUp(reason, _):
            return facts.gave_up(now_ms, reason.words, reason.code)
        case Confirm(task_id, told_ms):
            ports.pace()
            return confirm(task_id, told_ms, ports)
        case Describe(task_id):
            ports.pace()
            return _gone(ports.recorder.describe_task, task_id, known, ports)
        case Stop(_, why) if evidence.stop is None:
            return facts.stop_requested(now_ms, why)  # a fact first: then it is not started again
        case Stop(task_id):
            (ports.pace_stop or ports.pace)()
            return _gone(ports.recorder.stop, task_id, known, ports)
        case Inspect(task_id, tries):
            task = evidence.tasks[ids.task_key_of(task_id)]
            if ports.films is None:
                return facts.filmed(task_id, unlooked(task, now_ms))
            return inspect_task(accepted, task, tries, ports.films, ports.store, ports.clock, ports.sleep)
        case Look(task_id, last):
            task = evidence.tasks[ids.task_key_of(task_id)]
            if last and _runs(task, ports):  # before its files are listed, which may be many pages
                return facts.runs(ports.clock(), task_id)
            files, failed = _found(accepted, task_id, ports), parts.failed(task) is not None  # nothing there is news
            # A film where nothing was thought to be recorded: then the whole grace time is waited, as for any.
            last = last and not (files and unseen(task, evidence))
            return facts.looked(now_ms, task_id, files, last=last) if files or last or failed else None
        case Sweep(_):
            # Its callbacks may say more than its files do: only its own last look settles it.
            for task_id in filter(None, (task_of_files(accepted, evidence, ports.store), *doubted(evidence))):
                if files := _found(accepted, task_id, ports):
                    return facts.looked(now_ms, task_id, files, last=False)
            return None
    return None


def _runs(task: Task, ports: ReconcilePorts) -> bool:
    """Ask TRTC, before a told end becomes final, whether the task records all the same.

    Where nobody can say any more, the signed callback counts. _Unanswered: TRTC can't say now.
    """
    told_ms, asked = word_ms(task), task.gone_ms is not None or task.over_ms is not None
    if told_ms is None or asked or task.task_id is None:
        return False
    ports.pace()
    try:
        return records(task.task_id, ports)
    except RecorderError as error:
        # As with any question: an outage ends, and is waited for longer than a refusal.
        patience = ports.timing.held_for if isinstance(error, RecorderBusy) else 2 * ports.timing.lost_after
        if ports.clock() >= told_ms + patience:
            return False
        raise _Unanswered from error


def _found(accepted: Accepted, task_id: str, ports: ReconcilePorts) -> dict[str, int]:
    """Return a task's files that lie there; an empty one holds nothing."""
    return {name: size for name, size in list_files(accepted, task_id, ports.store).items() if size}


def _gone(call: Callable[[str], object], task_id: str, known: Known, ports: ReconcilePorts) -> Fact | None:
    try:
        call(task_id)
    except RecorderError as error:
        if _is_past_asking(error, known, ports):
            task = known.evidence.tasks[ids.task_key_of(task_id)]
            return facts.gone(ports.clock(), task_id) if end_ms(task) is None else None
        if not isinstance(error, RecorderBusy):
            raise
    return None  # asked again at the next look


def _is_past_asking(error: RecorderError, known: Known, ports: ReconcilePorts) -> bool:
    """Tell whether a task is over, as far as anybody will ever know.

    Nobody may be able to ask TRTC about it ever again: an application that was deleted, another account. An outage
    ends, and is waited for longer.
    """
    timing = ports.timing
    patience = replace(timing, lost_after=timing.held_for) if isinstance(error, RecorderBusy) else timing
    return isinstance(error, TaskNotFound) or is_outlived(known.accepted, known.evidence, ports.clock(), patience)
