"""What came of the job objects of one event, and what the invocation's line says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.usecases.attempt import Outcome


class JobResult(NamedTuple):
    """What came of one job object.

    Attributes:
        outcomes: its first recordings.
        problems: the lines that never will start.
        what: `job_started`, `job_refused` where there are problems, `job_missing` where there is no such object,
            `ignored` for a folder.
        recordings, starts, left: how many there are by now, were started here, are left to reconcile.
    """

    outcomes: list[Outcome]
    problems: list[dict[str, object]]
    what: str = "job_started"
    recordings: int = 0
    starts: int = 0
    left: int = 0


def noted(results: Sequence[JobResult]) -> dict[str, object]:
    """Return what the invocation's line says of an event's job objects; None where there is nothing to say."""
    recordings = [outcome.recording for result in results for outcome in result.outcomes][:20]
    what = {result.what for result in results}
    return {
        "outcome": next((one for one in ("job_refused", "job_missing", "job_started") if one in what), "ignored"),
        "recording_id": [recording.recording_id for recording in recordings],
        "task_id": [recording.task_id for recording in recordings],
        "starts": sum(result.starts for result in results),
        "recordings": sum(result.recordings for result in results),
        "left": sum(result.left for result in results) or None,
        "problems": [problem for result in results for problem in result.problems][:5] or None,
    }
