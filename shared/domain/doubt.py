"""Which word of a task's end TRTC is asked about before anybody is told of it. Pure.

A callback proves that its sender has the key, not that its word is true. What we stopped, and what reached its limit,
is over as was to be expected: nothing is asked, and nothing waits.
"""

from __future__ import annotations

from shared.domain.accepted import Accepted
from shared.domain.attempts import begun_ms, last_task
from shared.domain.ending import LIMIT_SLACK_MS
from shared.domain.evidence import Evidence
from shared.domain.periods import CLOCKS_DIFFER_MS, REPEAT_MS
from shared.domain.steps import Confirm, Step, Wait
from shared.domain.uploads import word_ms

ENDING_MS = REPEAT_MS
"""TRTC may know a task for so long after it told its end."""
PATIENCE_MS = 3 * REPEAT_MS
"""What is final is told after so long though TRTC can't say whether the task records."""
ASKED_MS = 900_000
"""So long after the end TRTC is asked: longer than between two looks at what runs quietly."""


def unconfirmed(accepted: Accepted, evidence: Evidence) -> Confirm | None:
    """Return the question about the newest task, where a callback alone tells that it is over, and nothing else why."""
    task = last_task(evidence)
    if task is None or not task.task_id or task.gone_ms is not None or task.over_ms is not None:
        return None
    told_ms = word_ms(task)
    if told_ms is None or (evidence.stop and evidence.stop[0] <= told_ms + CLOCKS_DIFFER_MS):
        return None  # a stop that came after a told end explains nothing, and is still to be carried out
    limit_ms = max(task.began_ms or 0, begun_ms(accepted, evidence)) + accepted.max_duration_s * 1000
    return None if told_ms + LIMIT_SLACK_MS >= limit_ms else Confirm(task.task_id, told_ms)


def final_doubt(accepted: Accepted, evidence: Evidence, now_ms: int, seen_ms: int | None) -> Step | None:
    """Return the question before a final state is told, the wait for the next one, or None where nothing is doubted."""
    doubt = unconfirmed(accepted, evidence)
    if doubt is None or now_ms >= doubt.told_ms + ASKED_MS:
        return None
    again_ms = doubt.told_ms + ENDING_MS
    return doubt if seen_ms is None else Wait(again_ms if now_ms < again_ms else now_ms + REPEAT_MS)


def stop_doubt(accepted: Accepted, evidence: Evidence, now_ms: int, seen_ms: int | None) -> Step | None:
    """Return the question at the `stop_at` of what was told to be over before: if it records, it is to be stopped."""
    doubt = unconfirmed(accepted, evidence) if accepted.stop_at_ms else None
    if doubt is None or accepted.stop_at_ms is None:
        return None
    if now_ms < accepted.stop_at_ms:
        return Wait(accepted.stop_at_ms)
    return doubt if seen_ms is None else Wait(now_ms + REPEAT_MS)
