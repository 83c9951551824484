"""Stop a recording. The request is a fact; a task that is already gone is as good as stopped."""

from __future__ import annotations

from contextlib import suppress

from shared.domain import facts
from shared.domain.document import Recording, decide
from shared.domain.errors import RecorderBusy, TaskNotFound
from shared.domain.states import last_attempt, last_task
from shared.store import journal, markers
from shared.usecases.ports import Ports


def stop(recording_id: str, why: str, ports: Ports) -> Recording:
    """Ask for the end of the recording; uploading goes on after it. Stopping twice does no harm.

    A recording that has no task yet is called off instead. When TRTC is busy the request stands as a fact, and
    reconcile repeats it.

    Raises:
        NotFound: no recording has this id.
        RecorderMisconfigured: TRTC refused our keys.
    """
    store, now_ms = ports.store, ports.clock()
    known = journal.find(store, recording_id)
    if (recording := decide(known.accepted, known.evidence)).state.final:
        return recording
    known = journal.record(store, known, facts.stop_requested(now_ms, why))
    last, task = last_attempt(known.evidence), last_task(known.evidence)
    if task and task.task_id:
        with suppress(TaskNotFound, RecorderBusy):  # gone already, or asked again by reconcile
            ports.recorder.stop(task.task_id)
    elif last is None or last[1].refused:
        known = journal.record(store, known, facts.gave_up(now_ms, f"stopped before it started: {why}"))
    # else an attempt is on its way: nobody knows yet whether there is a task; reconcile finds out.
    markers.mark_look(store, recording_id, now_ms)
    return journal.save(store, known, now_ms)[1]
