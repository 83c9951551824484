"""What the function `recordings` does for a COS event: it runs the job objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared import bootstrap, log
from shared.triggers import CosEvent
from shared.usecases.jobs import GO_ON_MS, JobResult, run_job
from shared.usecases.ports import begins_within

ENDS_S = 9.0
"""What a batch of lines may take, and the report."""


def run_jobs(event: CosEvent, app: bootstrap.RecordingsApp) -> None:
    """Start what the event's job objects ask for; raise the last error, once all had their turn."""
    results, failed = [], None
    until_ms = app.ports.clock() + int(begins_within(GO_ON_MS / 1000, app.ports.left_s(), ENDS_S) * 1000)
    for created in event.created:
        log.note(job=f"{created.bucket}/{(created.keys or (created.key,))[0]}")
        if app.is_own(created):
            results.append(JobResult([], [], "ignored"))
            continue
        try:
            source = app.job_store(created.bucket, created.region)
            more: dict[str, Any] = {"region": created.region, "many": app.ports.many, "until_ms": until_ms}
            results.append(run_job(source, created.bucket, created.keys, app.ports, created.size, **more))
        except Exception as error:  # noqa: BLE001 (the other objects of the event go on; then SCF invokes again)
            failed = error
    log.note(**_noted(results), unread=event.unread or None)
    if any(result.what == "job_missing" for result in results):
        log.note(tried=[created.keys for created in event.created][:5])
    if failed is not None:
        raise failed


def _noted(results: Sequence[JobResult]) -> dict[str, object]:
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
