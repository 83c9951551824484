"""Tasks that made no picture, or no file, so that nothing has to be waited for. Pure."""

from __future__ import annotations

from shared.domain.evidence import Evidence, Task

SLOW_START_MS = 150_000
"""A page may take this long to its first picture: it is waited for twice, up to 60 s each time."""
AT_ONCE_MS = 1_500
"""A task that was stopped this soon after it was asked for has no picture: TRTC takes about 5 s to the first one. After
a later stop the word of a first picture may still be on its way, and is waited for."""
NO_PICTURE_MS = 1_000
"""A task that ends this soon after its first picture leaves no file."""


def unseen(task: Task, evidence: Evidence) -> bool:
    """Tell whether the task was stopped and ended with no picture, or hardly one, and no file that we were told of."""
    told = task.files or task.covered_ms is not None or task.held or task.terminated
    if not task.ended_ms or told or task.runs_ms:
        return False
    if task.began_ms is not None and task.ended_ms - task.began_ms > NO_PICTURE_MS:
        return False
    return _stopped_after_ms(task, evidence) <= SLOW_START_MS


def _stopped_after_ms(task: Task, evidence: Evidence) -> float:
    """Return how long after the task was asked for the stop was; infinite without one."""
    asked = [attempt.at_ms or 0 for attempt in evidence.attempts.values() if attempt.task_id == task.task_id]
    return evidence.stop[0] - max(asked, default=0) if evidence.stop else float("inf")


def recorded_nothing(task: Task, evidence: Evidence) -> bool:
    """Tell whether the task is over and made no file, so that nothing has to be waited for.

    TRTC said so by an empty list of files, or the stop came before TRTC can have begun. A file that comes all the same
    completes the recording.
    """
    ended = task.ended_ms
    if not ended or task.files or task.held or task.runs_ms:
        return False
    if task.empty_ms is not None and task.empty_ms >= ended:
        return True
    if evidence.stop is None or task.began_ms is not None or task.covered_ms is not None or task.terminated:
        return False
    return _stopped_after_ms(task, evidence) <= AT_ONCE_MS
