"""Function `recordings`: the HTTP API, and recordings started by job objects put into a bucket."""

from __future__ import annotations

from typing import Any

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared.entrypoint import entrypoint
from shared.http import api, cors
from shared.triggers import CosEvent, HttpRequest, HttpResponse, Trigger
from shared.usecases.jobs import GO_ON_MS, JobResult, noted, run_job


def handle(trigger: Trigger, app: bootstrap.RecordingsApp) -> HttpResponse | None:
    """Answer a call, or start what the job objects of a COS event ask for."""
    if isinstance(trigger, HttpRequest):
        return api.answer(trigger, app.settings.api_tokens, app.ports)
    if isinstance(trigger, CosEvent):
        _run_jobs(trigger, app)
    return None


def _run_jobs(event: CosEvent, app: bootstrap.RecordingsApp) -> None:
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


main_handler = entrypoint(
    handle, bootstrap.recordings, dress=lambda app, *call: cors.allow(app.settings.cors_origins, *call)
)
