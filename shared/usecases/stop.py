"""Stop a recording. The request is a fact; a task that is already gone is as good as stopped."""

from __future__ import annotations

from contextlib import suppress

from shared.domain import facts
from shared.domain.attempts import last_attempt, last_task
from shared.domain.document import Recording, decide
from shared.domain.doubt import unconfirmed
from shared.domain.errors import RecorderBusy, TaskNotFound
from shared.domain.periods import IN_FLIGHT_MS
from shared.domain.starting import called_off
from shared.store import journal, markers, writer
from shared.store.journal import Known
from shared.usecases import wakes
from shared.usecases.ports import Ports
from shared.usecases.tasks import find


def stop(recording_id: str, why: str, ports: Ports) -> Recording:
    """Ask for the end of the recording; uploading goes on after it. Stopping twice does no harm.

    A recording that has no task yet is called off instead. When TRTC is busy the request stands as a fact, and
    reconcile repeats it.

    NotFound: no recording has this id; RecorderMisconfigured: TRTC refused our keys; RecorderBusy: TRTC can't say now
    whether a task that a callback called over records.
    """
    store, now_ms = ports.store, ports.clock()
    known = journal.find(store, recording_id)
    # With keys of their own the caller may start again what was not started, or an answer was lost and it runs.
    startable = known.accepted.caller_keys and last_task(known.evidence) is None and known.evidence.stop is None
    state = decide(known.accepted, known.evidence).state
    if state.final and not startable:
        if doubt := unconfirmed(known.accepted, known.evidence):  # a callback alone says that the task is over
            with suppress(TaskNotFound):
                ports.recorder.stop(doubt.task_id)
        return _saved(known, ports)
    if known.evidence.stop is None:  # once: who asks over and over would leave a fact and a marker each time
        # Whoever is at the document now, or this call if it dies, may leave the fact out: then they are over.
        markers.mark_look(store, recording_id, now_ms + IN_FLIGHT_MS)
        known = journal.record(store, known, facts.stop_requested(now_ms, why))
    last = last_attempt(known.evidence)
    if startable and last and last[1].unanswered:
        with suppress(TaskNotFound, RecorderBusy):
            known, _ = find(known, last[0], ports)
    task = last_task(known.evidence)
    if task and task.task_id:
        try:
            ports.recorder.stop(task.task_id)
        except TaskNotFound:
            pass  # gone already
        except RecorderBusy:
            markers.mark_look(store, recording_id, now_ms)  # asked again by reconcile
    begun = task is not None and task.task_id is not None
    if state.waiting if begun else last is None or last[1].refused:  # begun, it was to be started again
        reason = called_off(why)
        known = journal.record(store, known, facts.gave_up(now_ms, reason.words, reason.code))
    elif not begun:  # an attempt is on its way: nobody knows yet whether there is a task; reconcile finds out
        markers.mark_look(store, recording_id, now_ms)
    return _saved(known, ports)


def _saved(known: Known, ports: Ports) -> Recording:
    """Write what is answered, so that no later call writes less; a document may be behind its facts."""
    now_ms, before = ports.clock(), known.documented
    saved, recording = writer.save(ports.store, known, now_ms)
    if ports.wakes and saved.documented is not before:
        wakes.leave(ports.store, before, saved, now_ms)
    return recording
