"""Function `recordings`: the HTTP API, and recordings started by job objects put into a bucket."""

from __future__ import annotations

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared.entrypoint import entrypoint
from shared.http import api, cors
from shared.triggers import CosEvent, HttpRequest, HttpResponse, Trigger
from shared.usecases.jobs import run_job


def handle(trigger: Trigger, app: bootstrap.RecordingsApp) -> HttpResponse | None:
    """Answer a call, or start what the job objects of a COS event ask for."""
    if isinstance(trigger, HttpRequest):
        return api.answer(trigger, app.settings.api_tokens, app.ports)
    if isinstance(trigger, CosEvent):
        _run_jobs(trigger, app)
    return None


def _run_jobs(event: CosEvent, app: bootstrap.RecordingsApp) -> None:
    for created in event.created:
        if app.is_own(created):
            log.note(outcome="ignored")
            continue
        job = f"{created.bucket}/{created.keys[0]}"
        log.note(job=job)
        result = run_job(app.job_store(created), created.bucket, created.keys, app.ports)
        recordings = [outcome.recording for outcome in result.outcomes]
        log.note(
            outcome="job_refused" if result.problems else "job_started",
            recording_id=[recording.recording_id for recording in recordings[:20]],
            task_id=[recording.task_id for recording in recordings[:20]],
            starts=sum(outcome.created for outcome in result.outcomes),
            recordings=len(recordings),
            problems=result.problems[:5] or None,
        )


main_handler = entrypoint(
    handle, bootstrap.recordings, dress=lambda app, *call: cors.allow(app.settings.cors_origins, *call)
)
