"""Function `callback`: TRTC's webhook. Verify, store the raw bytes, answer; then rewrite the document."""

from __future__ import annotations

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared.domain.errors import MethodNotAllowed
from shared.entrypoint import entrypoint
from shared.triggers import HttpRequest, HttpResponse, Trigger
from shared.usecases.receive import receive

BUDGET_S = 3.5
"""What one callback may take; TRTC gives 5 s, cold start included."""


def handle(trigger: Trigger, app: bootstrap.CallbackApp) -> HttpResponse | None:
    """Acknowledge a callback once it is durable."""
    if not isinstance(trigger, HttpRequest):
        return None
    if trigger.method != "POST":
        raise MethodNotAllowed(("POST",))
    received = receive(
        trigger.body,
        trigger.headers.get("sign"),
        trigger.headers.get("sdkappid"),
        app.clock(),
        store=app.store,
        keys=app.settings.callback_keys,
        sdk_app_ids=app.settings.sdk_app_id,
    )
    callback, recording = received.callback, received.recording
    log.note(event_type=callback.type, known=callback.known, task_id=callback.task_id, left=received.left)
    log.note(outcome="stored", recording_id=recording.recording_id if recording else None)
    log.note(state=recording.state.value if recording else None, trace_id=recording.trace_id if recording else None)
    return HttpResponse(200, '{"code":0}')


main_handler = entrypoint(handle, bootstrap.callback, within_s=BUDGET_S)
