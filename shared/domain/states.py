"""The state of a recording, decided from what was accepted and what is known. Pure.

    scheduled → queued → starting → recording ⇄ paused → stopping → uploading → completed | failed | lost
    scheduled | queued | starting → cancelled, when it is called off before it begins

A late file may still turn `failed` or `lost` into `completed`; nothing turns `completed` back. Late word of an
earlier moment (a part was held) is kept, told as the reason, and the part is looked for until the last look.
"""

from __future__ import annotations

from enum import Enum

from shared.domain import parts
from shared.domain.accepted import Accepted
from shared.domain.attempts import asked_ms, failure, last_attempt, last_task, pending_tasks
from shared.domain.evidence import Evidence, Task
from shared.domain.once import once
from shared.domain.reasons import Code, Reason, of_page, of_recorder, of_trtc
from shared.domain.unseen import recorded_nothing, unseen
from shared.domain.uploads import (
    crashed,
    end_ms,
    failed_start,
    is_broken,
    is_over,
    is_uploaded,
    lost,
    missing_part,
    upload_failed,
)


class State(str, Enum):
    """Where a recording stands."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    STARTING = "starting"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPING = "stopping"
    UPLOADING = "uploading"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more is expected."""
        return self in _FINAL

    @property
    def waiting(self) -> bool:
        """Whether a start is still to be made."""
        return self in _WAITING


_FINAL = (State.COMPLETED, State.FAILED, State.LOST, State.CANCELLED)
_WAITING = (State.SCHEDULED, State.QUEUED)
_TURNED_BACK = (State.UPLOADING, State.FAILED, State.LOST)
"""What late news of a task that is over could make of `completed`."""


Verdict = tuple[State, "Reason | None"]
"""The state and, where it is not plain, the reason."""


@once
def state_of(accepted: Accepted, evidence: Evidence) -> Verdict:
    """Return the state and its reason."""
    state, reason = _state_of(accepted, evidence)
    if evidence.completed_ms is None or state not in _TURNED_BACK:
        return state, reason
    missing = next(filter(None, map(missing_part, evidence.tasks.values())), None)
    return State.COMPLETED, missing or (
        Reason(reason.code, f"only part was recorded: {reason.words}") if reason else None
    )


def is_reopened(accepted: Accepted, before: Evidence, after: Evidence) -> bool:
    """Tell whether news would turn `completed` back. That of another task may, until the caller was told."""
    told = any(sent.state == State.COMPLETED.value for sent in before.notifications.values())
    if before.tasks.keys() != after.tasks.keys() and not told:
        return False
    was, now = (state_of(accepted, evidence)[0] for evidence in (before, after))
    return was is State.COMPLETED and now in _TURNED_BACK


def _state_of(accepted: Accepted, evidence: Evidence) -> Verdict:
    state, reason = _of_last_attempt(accepted, evidence)
    if (state.waiting or state is State.STARTING) and evidence.gave_up:
        given_up_ms, why, code = evidence.gave_up
        # An attempt made after we gave up (the caller came back) is a new start; not one that a stop came too late for.
        overtaken = evidence.stop is not None or given_up_ms >= asked_ms(evidence)
        if last_task(evidence) is None and overtaken:
            state, reason = State.CANCELLED if evidence.stop else State.FAILED, Reason(code, why)
    if reason and state in (State.FAILED, State.LOST, State.CANCELLED):
        uploaded = any(is_uploaded(task) for task in evidence.tasks.values())
        # An empty list is enough to call it failed, which a late file mends, and not to call it completed.
        pending = pending_tasks(evidence, looks=accepted.can_list)
        if any(uploaded or not recorded_nothing(task, evidence) for task in pending):
            return State.UPLOADING, Reason(reason.code, f"an attempt may have left files; {reason.words}")
        if uploaded:
            return State.COMPLETED, Reason(reason.code, f"only part was recorded: {reason.words}")
    return _with_earlier(accepted, evidence, reason) if state is State.COMPLETED else (state, reason)


def _with_earlier(accepted: Accepted, evidence: Evidence, reason: Reason | None) -> Verdict:
    """Return the state of what the last task completed: earlier ones may have left a part, or have lost theirs."""
    last = last_task(evidence)
    others = [task for task in evidence.tasks.values() if task is not last and not recorded_nothing(task, evidence)]
    pending = pending_tasks(evidence, looks=accepted.can_list)
    for task in others:
        if task in pending and not is_uploaded(task):
            why = _why_missing(task)
            return State.UPLOADING, Reason(why.code, f"an attempt may have left files; {why.words}")
    for task in others:
        if is_uploaded(task):
            reason = missing_part(task) or reason
        elif (task.settled_ms is not None or is_broken(task)) and (task.began_ms or crashed(task) or task.files):
            why = _why_missing(task)
            reason = Reason(why.code, f"only part was recorded: {why.words}")
    return State.COMPLETED, reason


def _why_missing(task: Task) -> Reason:
    if is_broken(task):
        return upload_failed(task)
    if (gave_up := crashed(task)) is not None:
        return Reason(of_recorder(gave_up[1]), f"the recorder gave up: {gave_up[1]}")
    return lost(task)


def _of_last_attempt(accepted: Accepted, evidence: Evidence) -> Verdict:
    last = last_attempt(evidence)
    if last is None:
        return (State.SCHEDULED if accepted.start_at_ms else State.QUEUED), None
    attempt, task = last[1], last_task(evidence)
    if task is not None:
        if (why := _restart(accepted, evidence, task)) is not None:
            return State.QUEUED, Reason(why.code, f"to be started again: {why.words}")
        return _of_task(task, evidence)
    if attempt.refused:
        _, code, message = attempt.refused
        return (State.FAILED if attempt.final else State.QUEUED), Reason(of_trtc(code), f"{code}: {message}")
    if attempt.unanswered:
        _, code, message = attempt.unanswered
        return State.QUEUED, Reason(of_trtc(code), f"{code}: {message}")
    return State.STARTING, None


def _restart(accepted: Accepted, evidence: Evidence, task: Task) -> Reason | None:
    """Return why the recording is to be started again; None when it is not."""
    started = sum(1 for attempt in evidence.attempts.values() if attempt.task_key)
    if started >= accepted.max_attempts or evidence.stop or evidence.gave_up or accepted.caller_keys:
        return None
    return failure(task)


def _of_task(task: Task, evidence: Evidence) -> Verdict:
    end = end_ms(task)
    if is_uploaded(task):
        return State.COMPLETED, missing_part(task) or _early_end(task)
    if is_over(task) or (is_broken(task) and task.settled_ms is not None):
        return State.FAILED, upload_failed(task)
    if (failed := failed_start(task)) is not None:
        return State.FAILED, Reason(of_page(failed[1]), f"the page could not be recorded: {failed[1]}")
    if recorded_nothing(task, evidence) or (task.settled_ms is not None and unseen(task, evidence)):
        return _nothing_of(task, evidence)
    if task.settled_ms is not None:
        return State.FAILED if crashed(task) else State.LOST, _why_missing(task)
    if end is not None:
        if parts.held(task) is not None:
            return State.UPLOADING, Reason(Code.FILES_HELD, task.held[1]) if task.held and task.held[1] else None
        return State.UPLOADING, _early_end(task)
    if evidence.stop:
        return State.STOPPING, None
    if task.paused and task.paused[1]:
        return State.PAUSED, None
    return (State.RECORDING if task.began_ms else State.STARTING), None


def _nothing_of(task: Task, evidence: Evidence) -> Verdict:
    if evidence.stop is None:
        return State.FAILED, Reason(Code.NOTHING_RECORDED, "the recorder made no file; nothing was recorded")
    if task.began_ms is None:
        why = f"it ended before it began: {evidence.stop[1]}; nothing was recorded"
        return State.CANCELLED, Reason(Code.STOPPED_BEFORE_BEGIN, why)
    why = f"it was stopped at its first picture: {evidence.stop[1]}; nothing was recorded"
    return State.FAILED, Reason(Code.STOPPED_AT_BEGIN, why)


def since_ms(accepted: Accepted, evidence: Evidence, state: State) -> int:
    """Return what time the evidence gives for the beginning of a state that is not final; epoch ms."""
    task = last_task(evidence)
    if state.waiting:
        ended = [task.terminated, task.not_started] if task else []
        return max([accepted.created_ms, *(note[0] for note in ended if note)])
    if state is State.STOPPING and evidence.stop:
        return evidence.stop[0]
    if task and state in (State.RECORDING, State.PAUSED):
        return max(task.began_ms or 0, task.paused[0] if task.paused else 0)
    if task and state is State.UPLOADING:
        return end_ms(task) or 0
    return asked_ms(evidence) or accepted.created_ms


def _early_end(task: Task) -> Reason | None:
    if task.over_limit:
        return Reason(Code.ENDED_AT_LIMIT, f"ended at a limit: {task.over_limit[1]}")
    if (gave_up := crashed(task)) is not None:
        return Reason(of_recorder(gave_up[1]), f"the recorder gave up early: {gave_up[1]}")
    return None
