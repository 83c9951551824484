"""Start a recording, once, whatever happens on the way.

Order of writes: `open/` marker, `request.json`, day index, attempt fact, *StartWebRecord*, accepted fact, task
pointer, document. Whatever the line it dies at, a retry with the same id (or reconcile) can finish it, and
nothing records without a marker. TRTC's RecordId makes the attempt happen once; the store only makes retries cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ulid import ULID

from shared.domain import facts, ids, keys
from shared.domain.accepted import Accepted, differences
from shared.domain.document import Recording, decide
from shared.domain.errors import (
    CallerMustRetry,
    Conflict,
    ParametersRefused,
    RecorderBusy,
    RecorderMisconfigured,
    StoreError,
    TaskExists,
    TaskNotFound,
)
from shared.domain.evidence import Evidence
from shared.domain.periods import IN_FLIGHT_MS, REPEAT_MS, START_LEAD_MS
from shared.domain.policy import Policy
from shared.domain.refusals import refusal
from shared.domain.request import RecordingRequest
from shared.domain.states import last_attempt, last_task
from shared.ports import ObjectStore, Recorder
from shared.store import journal

MOST_NAMED = 5
"""Fields that the answer to another request under the same id names."""
_ACCEPTED = "it was accepted, or may have been, and this call did not start it"


@dataclass(frozen=True)
class Ports:
    """What starting needs: the bucket, TRTC, this deployment's policy and the time (epoch ms)."""

    store: ObjectStore
    recorder: Recorder
    policy: Policy
    clock: Callable[[], int]


class Outcome(NamedTuple):
    """A recording, and whether this call started it."""

    recording: Recording
    created: bool


def start(
    request: RecordingRequest, key: str | None, source: str, ports: Ports, traceparent: str | None = None
) -> Outcome:
    """Start the recording, or return the one that was started under the same key.

    Args:
        request: what to record.
        key: the caller's name for it; None for an id of ours.
        source: who asks, as stored.
        ports: see Ports.
        traceparent: the caller's W3C trace, if it is one.

    Raises:
        PageNotAllowed, InvalidRequest, ConfigurationError: nothing was stored.
        Conflict: the key names a different request.
        ParametersRefused, RecorderMisconfigured: TRTC refused for good; stored as failed.
        CallerMustRetry: TRTC is busy and the caller's keys can't wait.
        StoreError: what was acknowledged to nobody may be half done; the same key finishes it.
    """
    now_ms = ports.clock()
    recording_id = ids.recording_id_of(key) if key else str(ULID.from_timestamp(now_ms / 1000))
    again = "the same Idempotency-Key" if key else f"Idempotency-Key {recording_id}"
    stage = _Stage()
    try:
        known = journal.load_accepted(ports.store, recording_id) if key else None
        if known is None:
            accepted = ports.policy.accept(request, recording_id, source, now_ms, traceparent)
            known = _accept(accepted, ports, stage)
            if known is None:
                if is_early(accepted, now_ms):
                    return queue(accepted, Evidence(), ports)
                return attempt(accepted, request, 1, Evidence(), ports)
        stage.words = _ACCEPTED
        if differing := differences(known.request, request.redacted()):
            named = f"{', '.join(differing[:MOST_NAMED])}{' and more' if len(differing) > MOST_NAMED else ''}"
            why = f"the id {recording_id} was used for a different request (it differs in {named})"
            raise Conflict(f"{why}; use another Idempotency-Key for another recording")
        return resume(known, request, ports)
    except StoreError as error:
        error.meaning = f"{error.meaning or stage.words}; call again with {again}: nothing is started twice"
        raise


class _Stage:
    """How far a start came, in words for who waits for the answer."""

    words = "nothing was started"


def _accept(accepted: Accepted, ports: Ports, stage: _Stage) -> Accepted | None:
    """Store the request; return the one that is stored already where there is one."""
    now_ms, recording_id = accepted.created_ms, accepted.recording_id
    mark(ports.store, accepted, now_ms)
    stage.words = _ACCEPTED
    if not ports.store.create(keys.request_key(recording_id), _body(accepted)):
        return journal.load_accepted(ports.store, recording_id) or accepted
    ports.store.put(keys.day_key(now_ms, recording_id), b"")
    return None


def resume(accepted: Accepted, request: RecordingRequest, ports: Ports) -> Outcome:
    """Return the recording that this id already has, finishing its start where that was cut off."""
    # The document besides: a listing may not name the facts of the last minute yet.
    known = journal.load_document(ports.store, accepted.recording_id)
    evidence = journal.complete(ports.store, accepted.recording_id, known)
    last, task = last_attempt(evidence), last_task(evidence)
    if last is None:
        mark(ports.store, accepted, ports.clock())
        ports.store.put(keys.day_key(accepted.created_ms, accepted.recording_id), b"")
        if evidence.gave_up or is_early(accepted, ports.clock()):
            return queue(accepted, evidence, ports)
        return attempt(accepted, request, 1, evidence, ports)
    number, state = last
    if task and task.task_id:
        link(ports.store, accepted.recording_id, task.task_id)
        return Outcome(journal.publish(ports.store, accepted, evidence, ports.clock()), created=False)
    if state.refused and state.final:
        _, code, message = state.refused
        raise refusal(code, message, state.request_id)
    if (state.refused or state.unanswered) and not request.has_caller_keys:
        return queue(accepted, evidence, ports)
    if state.refused and ports.clock() < state.refused[0] + IN_FLIGHT_MS:
        # Somebody with the same key may still be at the same attempt, and get the task that we were refused.
        raise _ask_the_caller(*state.refused[1:], accepted)
    mark(ports.store, accepted, ports.clock())
    if not state.refused:
        return attempt(accepted, request, number, evidence, ports)  # without an answer only the same RecordId is safe
    try:
        return Outcome(find(accepted, evidence, number, ports), created=False)
    except TaskNotFound:
        return attempt(accepted, request, number + 1, evidence, ports)
    except RecorderBusy as error:
        raise _ask_the_caller(error.code, error.message, accepted) from error


def attempt(accepted: Accepted, request: RecordingRequest, number: int, evidence: Evidence, ports: Ports) -> Outcome:
    """Call StartWebRecord for one attempt and store what came of it; errors as `start` says."""
    store, recording_id = ports.store, accepted.recording_id
    record_id = ids.record_id_of(recording_id, number)
    parameters = ports.policy.parameters(accepted, request, record_id)
    evidence = evidence.join(journal.record(store, recording_id, facts.attempted(number, ports.clock())))
    try:
        return _ask(accepted, request, number, evidence, parameters, ports)
    except StoreError as error:
        error.meaning = "TRTC was asked to start it, so it may be recording"
        raise


def _ask(
    accepted: Accepted,
    request: RecordingRequest,
    number: int,
    evidence: Evidence,
    parameters: dict[str, Any],
    ports: Ports,
) -> Outcome:
    store, recording_id = ports.store, accepted.recording_id
    try:
        started = ports.recorder.start(parameters)
    except TaskExists:
        try:
            return Outcome(find(accepted, evidence, number, ports), created=False)
        except (TaskNotFound, RecorderBusy) as error:
            # It was started under this RecordId and we can't see it now: reconcile looks again.
            fact = facts.unanswered(number, ports.clock(), error.code, error.message)
            return queue(accepted, evidence.join(journal.record(store, recording_id, fact)), ports)
    except (ParametersRefused, RecorderMisconfigured) as error:
        fact = facts.refused(number, ports.clock(), error.code, error.message, error.request_id, final=True)
        evidence = evidence.join(journal.record(store, recording_id, fact))
        journal.publish(store, accepted, evidence, ports.clock())
        raise
    except RecorderBusy as error:
        return busy(accepted, request, number, evidence, error, ports)
    return Outcome(adopt(accepted, evidence, number, started.task_id, started.request_id, ports), created=True)


def find(accepted: Accepted, evidence: Evidence, number: int, ports: Ports) -> Recording:
    """Return the recording with the task that TRTC has under an attempt's RecordId, stored.

    Raises:
        TaskNotFound: it has none, or the task is over.
        RecorderBusy: it can't say now.
    """
    described = ports.recorder.describe(accepted.sdk_app_id, ids.record_id_of(accepted.recording_id, number))
    return adopt(accepted, evidence, number, described.task_id, described.request_id, ports)


def adopt(
    accepted: Accepted, evidence: Evidence, number: int, task_id: str, request_id: str | None, ports: Ports
) -> Recording:
    """Store that an attempt has this task, link the two, and publish what is known by now."""
    store, recording_id = ports.store, accepted.recording_id
    fact = facts.accepted(number, ports.clock(), task_id, request_id)
    evidence = evidence.join(journal.record(store, recording_id, fact))
    link(store, recording_id, task_id)
    # A callback may have overtaken us: what is stored under the task by now belongs in the document.
    return journal.publish_whole(store, accepted, Evidence(), evidence, ports.clock())


def busy(
    accepted: Accepted,
    request: RecordingRequest,
    number: int,
    evidence: Evidence,
    error: RecorderBusy,
    ports: Ports,
) -> Outcome:
    """Store that TRTC could not take the attempt now, and queue the recording."""
    at_ms, recording_id = ports.clock(), accepted.recording_id
    if error.answered:
        fact = facts.refused(number, at_ms, error.code, error.message, error.request_id, final=False)
    else:
        fact = facts.unanswered(number, at_ms, error.code, error.message)
    evidence = evidence.join(journal.record(ports.store, recording_id, fact))
    if request.has_caller_keys:
        why = f"{error.code}: {error.message}; the caller's storage keys are not kept, so only the caller can retry"
        evidence = evidence.join(journal.record(ports.store, recording_id, facts.gave_up(at_ms, why)))
        journal.publish(ports.store, accepted, evidence, at_ms)
        raise _ask_the_caller(error.code, error.message, accepted)
    return queue(accepted, evidence, ports)


def _ask_the_caller(code: str, message: str, accepted: Accepted) -> CallerMustRetry:
    why = f"{code}: {message}; retry with Idempotency-Key {accepted.recording_id}"
    return CallerMustRetry(why, IN_FLIGHT_MS // 1000)


def queue(accepted: Accepted, evidence: Evidence, ports: Ports) -> Outcome:
    """Leave the start to the timer: queued ones in order of acceptance, scheduled ones at their time."""
    return Outcome(journal.publish(ports.store, accepted, evidence, ports.clock()), created=False)


def mark(store: ObjectStore, accepted: Accepted, now_ms: int) -> None:
    """Write the marker by which reconcile finds the recording, before anything else is written."""
    if is_early(accepted, now_ms):
        store.put(keys.due_key(accepted.due_ms, accepted.recording_id), b"")
    else:
        store.put(keys.open_key(now_ms + REPEAT_MS, accepted.recording_id), b"")


def is_early(accepted: Accepted, now_ms: int) -> bool:
    """Tell whether the start lies in the future."""
    return accepted.due_ms - START_LEAD_MS > now_ms


def link(store: ObjectStore, recording_id: str, task_id: str) -> None:
    """Write which recording a task belongs to, for the callbacks to find it."""
    pointer = keys.pointer_key(ids.task_key_of(task_id))
    store.put(pointer, f'{{"recording_id":"{recording_id}"}}'.encode())


def _body(accepted: Accepted) -> bytes:
    return accepted.model_dump_json(indent=1, exclude_none=True).encode()


def current(store: ObjectStore, recording_id: str) -> Recording:
    """Return the recording as its document has it; folded afresh where there is no document yet.

    Raises:
        NotFound: no recording has this id.
    """
    accepted, evidence = journal.load(store, recording_id)
    if not evidence.facts:
        evidence = journal.fold_all(store, recording_id)
    return decide(accepted, evidence)
