"""Function `recordings`: the HTTP API, and recordings started by job objects put into a bucket."""

from __future__ import annotations

from typing import Any

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared.entrypoint import entrypoint
from shared.http import api, cors
from shared.triggers import CosEvent, HttpRequest, HttpResponse, Trigger
from shared.usecases.jobs import GO_ON_MS, JobResult, run_job


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
    recordings = [outcome.recording for result in results for outcome in result.outcomes]
    problems = [problem for result in results for problem in result.problems]
    what = {result.what for result in results}
    log.note(
        outcome=next((one for one in ("job_refused", "job_missing", "job_started") if one in what), "ignored"),
        recording_id=[recording.recording_id for recording in recordings[:20]],
        task_id=[recording.task_id for recording in recordings[:20]],
        starts=sum(result.starts for result in results),
        recordings=sum(result.recordings for result in results),
        left=sum(result.left for result in results) or None,
        problems=problems[:5] or None,
        tried=[created.keys for created in event.created][:5] if "job_missing" in what else None,
        unread=event.unread or None,
    )
    if failed is not None:
        raise failed


main_handler = entrypoint(
    handle, bootstrap.recordings, dress=lambda app, *call: cors.allow(app.settings.cors_origins, *call)
)
