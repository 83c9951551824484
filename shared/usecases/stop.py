"""Stop a recording. The request is a fact; a task that is already gone is as good as stopped."""

from __future__ import annotations

from contextlib import suppress

from shared.domain import facts, keys
from shared.domain.document import Recording, decide
from shared.domain.errors import RecorderBusy, TaskNotFound
from shared.domain.evidence import Evidence
from shared.domain.states import last_attempt, last_task
from shared.store import journal
from shared.usecases.start import Ports


def stop(recording_id: str, why: str, ports: Ports) -> Recording:
    """Ask for the end of the recording; uploading goes on after it. Stopping twice does no harm.

    A recording that has no task yet is given up instead. When TRTC is busy the request stands as a fact, and
    reconcile repeats it.

    Raises:
        NotFound: no recording has this id.
        RecorderMisconfigured: TRTC refused our keys.
    """
    store, now_ms = ports.store, ports.clock()
    accepted, known = journal.load(store, recording_id)
    evidence = journal.complete(store, recording_id, known)  # a listing may not name the newest facts yet
    if decide(accepted, evidence).state.final:
        return decide(accepted, evidence)
    evidence = evidence.join(journal.record(store, recording_id, facts.stop_requested(now_ms, why)))
    last, task = last_attempt(evidence), last_task(evidence)
    if task and task.task_id:
        with suppress(TaskNotFound, RecorderBusy):  # gone already, or asked again by reconcile
            ports.recorder.stop(task.task_id)
    elif last is None or last[1].refused:
        fact = facts.gave_up(now_ms, f"stopped before it started: {why}")
        evidence = evidence.join(journal.record(store, recording_id, fact))
    # else an attempt is on its way: nobody knows yet whether there is a task; reconcile finds out.
    store.put(keys.open_key(now_ms, recording_id), b"")
    return journal.publish_whole(store, accepted, Evidence(), evidence, now_ms)
