"""The next step of a recording that runs or uploads, and when it ends. Pure."""

from __future__ import annotations

from shared.domain import parts
from shared.domain.accepted import Accepted
from shared.domain.attempts import asked_ms, begun_ms, last_task
from shared.domain.evidence import Evidence, Task
from shared.domain.periods import REPEAT_MS
from shared.domain.states import State
from shared.domain.steps import Describe, Look, Step, Stop, Timing, Wait, first_due
from shared.domain.unseen import unseen
from shared.domain.uploads import end_ms

LIMIT_SLACK_MS = 120_000
"""TRTC ends a task at its limit by itself; we stop it when it did not."""


def is_outlived(accepted: Accepted, evidence: Evidence, now_ms: int, timing: Timing) -> bool:
    """Return True if the longest possible time of every task is over, whatever TRTC answers."""
    latest_ms = max([begun_ms(accepted, evidence), *(task.began_ms or 0 for task in evidence.tasks.values())])
    return now_ms >= latest_ms + accepted.max_duration_s * 1000 + LIMIT_SLACK_MS + timing.lost_after


def ends_ms(accepted: Accepted, evidence: Evidence) -> int:
    """Return when the recording's task is to be stopped, by its `stop_at` or past its limit."""
    task = last_task(evidence)
    # No task begins before it was asked for, whatever its clock says.
    began_ms = max((task.began_ms if task else None) or 0, begun_ms(accepted, evidence))
    limit_ms = began_ms + accepted.max_duration_s * 1000 + LIMIT_SLACK_MS
    return min(limit_ms, accepted.stop_at_ms or limit_ms)


def running_step(
    accepted: Accepted, evidence: Evidence, task: Task, state: State, now_ms: int, timing: Timing, seen_ms: int | None
) -> Step:
    task_id = task.task_id or ""
    heard_ms = max(task.began_ms or 0, task.paused[0] if task.paused else 0, seen_ms or 0, asked_ms(evidence))
    stop_ms = ends_ms(accepted, evidence)
    if evidence.stop or now_ms >= stop_ms:
        why = "its stop_at has come" if stop_ms == accepted.stop_at_ms else "it is past its MaxDurationLimit"
        return Wait(now_ms + REPEAT_MS) if seen_ms is not None else Stop(task_id, why)
    every = REPEAT_MS if state is State.STARTING else timing.alive_every
    if seen_ms is None and now_ms - heard_ms >= every:
        return Describe(task_id)
    ask_ms = max(heard_ms + every, now_ms + 1)
    return Wait(stop_ms) if stop_ms <= ask_ms else Wait(ask_ms, asks=True)


def uploading_step(accepted: Accepted, tasks: list[Task], evidence: Evidence, now_ms: int, timing: Timing) -> Step:
    return first_due([_upload_of(accepted, task, evidence, now_ms, timing) for task in tasks])


def _upload_of(accepted: Accepted, task: Task, evidence: Evidence, now_ms: int, timing: Timing) -> Step:
    task_id = task.task_id or ""
    # An event without a time: at once, since "now" would move with every look.
    ended_ms = end_ms(task) or task.listed_ms or 0
    held, failed = parts.held(task) is not None, parts.failed(task) is not None
    give_up_ms = ended_ms + (timing.held_for if held else timing.lost_after)
    if unseen(task, evidence):  # stopped before it began, as far as anybody said: an event is late by a minute
        give_up_ms = ended_ms + min(timing.files_after, timing.lost_after)
    if now_ms >= give_up_ms:
        return Look(task_id, last=True)
    # "Still on the recorder's side" is TRTC's word that more will come: what lies there is not all.
    if held or not accepted.can_list:
        return Wait(give_up_ms)
    # What could not be uploaded may lie there all the same: it is looked for once after that was said.
    failed_ms = parts.failed_ms(task) if failed else 0
    if task.listed_ms is not None and task.listed_ms >= failed_ms:
        return Wait(give_up_ms)
    look_ms = max(ended_ms, failed_ms) + timing.files_after
    return Look(task_id, last=False) if now_ms >= look_ms else Wait(min(look_ms, give_up_ms))
