"""Which attempt and which task of a recording count, and which tasks may still have files on their way. Pure."""

from __future__ import annotations

from shared.domain.accepted import Accepted
from shared.domain.evidence import Attempt, Evidence, Task
from shared.domain.periods import IN_FLIGHT_MS, REPEAT_MS, START_LEAD_MS
from shared.domain.reasons import Reason, of_page, of_recorder
from shared.domain.uploads import crashed, end_ms, failed_start, is_over, is_unlooked, is_uploaded


def last_attempt(evidence: Evidence) -> tuple[int, Attempt] | None:
    """Return the number and evidence of the newest attempt."""
    attempts = evidence.attempts
    newest = next(iter(attempts), None) if len(attempts) < 2 else max(attempts, key=int)
    return None if newest is None else (int(newest), attempts[newest])


def asked_ms(evidence: Evidence) -> int:
    """Return when the newest attempt was made, epoch ms; 0 where nothing says so."""
    last = last_attempt(evidence)
    return (last[1].at_ms if last else None) or 0


def begun_ms(accepted: Accepted, evidence: Evidence) -> int:
    """Return when the newest attempt was made, epoch ms; where no fact says so, when it was at the latest."""
    return asked_ms(evidence) or accepted.start_by_ms or accepted.due_ms


def is_unsure(evidence: Evidence) -> bool:
    """Tell whether the newest attempt may have started a task that we have not seen."""
    last = last_attempt(evidence)
    return last is not None and not last[1].task_key and not last[1].refused


def last_task(evidence: Evidence) -> Task | None:
    """Return the task that determines the state: the newest attempt's that runs or ended in order, else the newest's.

    It is an older attempt's when two invocations raced: one was refused under the RecordId that gave the other a task.
    """
    attempts, known = evidence.attempts, evidence.tasks
    if len(attempts) < 2:  # as most have
        return next((known.get(attempt.task_key or "") for attempt in attempts.values()), None)
    tasks = [known.get(attempts[number].task_key or "") for number in sorted(attempts, key=int, reverse=True)]
    for task in tasks:
        if task and _stands(task):
            return task
    return tasks[0] if tasks else None


def _stands(task: Task) -> bool:
    """Tell whether the task runs or ended in order; of one that was settled unheard only its files told."""
    settled_unheard = task.settled_ms is not None and end_ms(task) is None
    return failure(task) is None and not settled_unheard


def begins_until_ms(accepted: Accepted, evidence: Evidence) -> int:
    """Return until when a task may begin of a recording that was called off or given up; 0 where none can.

    Who read it just before that became known may be about to start it, and it became known within its writer's time.
    """
    task = last_task(evidence)
    if task and failure(task) is None:
        return 0  # nobody starts it again
    off_ms = max((note[0] for note in (evidence.stop, evidence.gave_up) if note), default=0)
    late = off_ms and off_ms >= accepted.due_ms - START_LEAD_MS - IN_FLIGHT_MS
    overtook = unasked(evidence)
    # Twice a tick's time, to ask TRTC for it.
    return max(off_ms + 2 * IN_FLIGHT_MS if late else 0, overtook[1] + 4 * IN_FLIGHT_MS if overtook else 0)


def unasked(evidence: Evidence) -> tuple[int, int] | None:
    """Return number of an attempt that a stop came too late for, and when TRTC can say whether it has a task."""
    last = last_attempt(evidence)
    if last is None or evidence.gave_up is None or not is_unsure(evidence):
        return None
    at_ms = last[1].at_ms or 0
    return (last[0], at_ms + IN_FLIGHT_MS) if at_ms > evidence.gave_up[0] else None


def pending_tasks(evidence: Evidence, *, looks: bool = True) -> list[Task]:
    """Return the tasks that are over and may still have files on their way: one whose files were listed is over.

    With `looks`, files lie where we may look: what TRTC could not upload may be there all the same.
    """
    return [
        task
        for task in evidence.tasks.values()
        if task.task_id
        and (end_ms(task) is not None or task.listed_ms is not None)
        and task.settled_ms is None
        and failed_start(task) is None
        and (is_unlooked(task, looks=looks) if is_uploaded(task) or is_over(task) else True)
    ]


def failure(task: Task) -> Reason | None:
    """Return why another task is to be started after this one; None where it runs or ended in order."""
    if task.ended_ms is not None:
        return None  # in order
    told, code_of = crashed(task), of_recorder
    if told is None:
        told, code_of = failed_start(task), of_page
    if told is None or _is_late(told[0], task):
        return None
    return Reason(code_of(told[1]), told[1])


def _is_late(told_ms: int, task: Task) -> bool:
    """Tell whether a failure was told long after TRTC knew the task no more: then what was recorded counts.

    TRTC sends for a minute: between a failure and its callback anybody may ask, and be told that it is over.
    """
    return task.gone_ms is not None and (task.settled_ms is not None or told_ms > task.gone_ms + REPEAT_MS)
