"""Tasks that made no picture, or no file, so that nothing has to be waited for. Pure."""

from __future__ import annotations

from shared.domain.evidence import Evidence, Task
from shared.domain.periods import CLOCKS_DIFFER_MS

SLOW_START_MS = 150_000
"""A page may take this long to its first picture: it is waited for twice, up to 60 s each time."""
AT_ONCE_MS = 1_500
"""A task that was stopped this soon after it was asked for has no picture: TRTC takes about 5 s to the first one. After
a later stop, or end, the word of a first picture may still be on its way, and is waited for."""
NO_PICTURE_MS = 1_000
"""A task that ends this soon after its first picture leaves no file."""


def unseen(task: Task, evidence: Evidence) -> bool:
    """Tell whether the task was stopped and ended with no picture, or hardly one, and no file that we were told of."""
    told = task.files or task.covered_ms is not None or task.held or task.terminated
    if not task.ended_ms or told or task.runs_ms:
        return False
    # Of an end long before the beginning one of the two times is wrong.
    if task.began_ms is not None and not -CLOCKS_DIFFER_MS <= task.ended_ms - task.began_ms <= NO_PICTURE_MS:
        return False
    return _is_over_within(SLOW_START_MS, task, evidence)


def doubted(evidence: Evidence) -> list[str]:
    """Return the TaskIds of tasks that seem to have recorded nothing, though nobody said so: silence is no proof."""
    quiet = (task for task in evidence.tasks.values() if task.empty_ms is None and not task.files)
    over = (task for task in quiet if unseen(task, evidence) or recorded_nothing(task, evidence))
    return [task.task_id for task in over if task.task_id]


def _is_over_within(most_ms: int, task: Task, evidence: Evidence) -> bool:
    """Tell whether the task was stopped, and ended, this soon after it was asked for.

    A stop may be asked for before the start that overtakes it is made, and be carried out by a later tick.
    """
    asked = max((one.at_ms or 0 for one in evidence.attempts.values() if one.task_id == task.task_id), default=0)
    if evidence.stop is None or evidence.stop[0] - asked > most_ms:
        return False
    return (task.ended_ms or 0) - asked <= most_ms + CLOCKS_DIFFER_MS


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
    return _is_over_within(AT_ONCE_MS, task, evidence)
