"""What the function `recordings` does for a COS event: it runs the job objects."""

from __future__ import annotations

from typing import Any

from shared import bootstrap, log
from shared.triggers import CosEvent
from shared.usecases.job_results import JobResult, noted
from shared.usecases.jobs import GO_ON_MS, run_job


def run_jobs(event: CosEvent, app: bootstrap.RecordingsApp) -> None:
    """Start what the event's job objects ask for; raise the last error, once all had their turn."""
    results, failed = [], None
    until_ms = app.ports.clock() + GO_ON_MS
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
    log.note(**noted(results), unread=event.unread or None)
    if any(result.what == "job_missing" for result in results):
        log.note(tried=[created.keys for created in event.created][:5])
    if failed is not None:
        raise failed
