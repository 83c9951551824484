"""Function `recordings`: the HTTP API, and recordings started by job objects put into a bucket."""

from __future__ import annotations

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, job_events
from shared.entrypoint import entrypoint
from shared.http import api, cors
from shared.triggers import CosEvent, HttpRequest, HttpResponse, Trigger


def handle(trigger: Trigger, app: bootstrap.RecordingsApp) -> HttpResponse | None:
    """Answer a call, or start what the job objects of a COS event ask for."""
    if isinstance(trigger, HttpRequest):
        return api.answer(trigger, app.settings.api_tokens, app.ports)
    if isinstance(trigger, CosEvent):
        job_events.run_jobs(trigger, app)
    return None


main_handler = entrypoint(
    handle, bootstrap.recordings, dress=lambda app, *call: cors.allow(app.settings.cors_origins, *call)
)
