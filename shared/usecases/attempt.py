"""One attempt of a start: TRTC is called, and what came of it is stored."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from shared.domain import errors, facts, ids, keys
from shared.domain.accepted import Accepted
from shared.domain.attempts import last_attempt, last_task
from shared.domain.document import Recording
from shared.domain.next_step import next_step
from shared.domain.periods import IN_FLIGHT_MS
from shared.domain.reasons import Code
from shared.domain.redaction import hiding, id_of, secrets_of
from shared.domain.refusals import NO_UPLOAD_KEYS, is_full, refusal, task_named
from shared.domain.request import RecordingRequest
from shared.domain.steps import GiveUp, Start, Wait
from shared.ports import Started
from shared.store import journal, writer
from shared.store.journal import Known
from shared.usecases.doubt import recheck
from shared.usecases.ports import Ports
from shared.usecases.tasks import adopt, find

SOON_MS = 2_000
"""An attempt is made again so soon after it was told of, or not at all."""
AGAIN_OVER_MS = 3 * IN_FLIGHT_MS
"""After the last one that was told of: it is over, and whoever saw it refused has told of his own."""


class Outcome(NamedTuple):
    """A recording, whether this call started it, and TRTC's code where it refused and the start has to wait.

    `blocked`: until somebody mends the deployment.
    """

    recording: Recording
    created: bool
    refused: str | None = None
    blocked: bool = False


def advance(known: Known, request: RecordingRequest, ports: Ports) -> Outcome:
    """Make the start if it is to be made now, or leave it to the timer; errors as `start` says."""
    accepted, evidence = known.accepted, known.evidence
    last = last_attempt(evidence)
    if last and last[1].refused and last[1].final and last_task(evidence) is None:
        _, code, message = last[1].refused
        raise refusal(code, message, last[1].request_id)
    if request.has_caller_keys and evidence.stop is None:
        evidence = evidence.model_copy(update={"gave_up": None})  # for want of keys, which are here again
    # A receiver's notification is the timer's.
    step = next_step(accepted, evidence, ports.clock(), asked=True, quiet=True)
    if isinstance(step, Start | GiveUp) and step.recheck is not None:
        try:
            return Outcome(recheck(known, step.recheck, ports)[1], created=False)
        except errors.TaskNotFound:
            pass
        except errors.RecorderBusy as error:
            if request.has_caller_keys:
                raise _ask_the_caller(error.code, error.message, accepted) from error
            return left_to_timer(known, ports)
    if isinstance(step, Start):
        return (
            attempt(known, request, step.attempt, ports)
            if may_attempt(known, step.attempt, ports)
            else left_to_timer(known, ports)
        )
    if isinstance(step, GiveUp):
        fact = facts.gave_up(ports.clock(), step.reason.words, step.reason.code)
        return left_to_timer(journal.record(ports.store, known, fact), ports)
    keyless = request.has_caller_keys and evidence.stop is None and last_task(evidence) is None
    if isinstance(step, Wait) and keyless and last and last[1].refused:
        # Somebody with the same key may still be at the same attempt, and get the task that we were refused.
        raise _ask_the_caller(*last[1].refused[1:], accepted)
    return left_to_timer(known, ports)


def may_attempt(known: Known, number: int, ports: Ports) -> bool:
    """Return True if no invocation can be working on another attempt, as far as a refusal's age does not tell.

    An attempt that is made again is told of before, since listings are late: the next one waits until that is over.
    """
    last, key = last_attempt(known.evidence), keys.again_key(known.accepted.recording_id)
    if last is None or last[1].refused is None or not is_full(last[1].refused[1]):
        return True
    now_ms = ports.clock()
    if number == last[0]:
        ports.store.put(key, f"{now_ms:013d}".encode())
        return ports.clock() < now_ms + SOON_MS
    told = ports.store.get(key)
    made_ms = int(told.body) if told and re.fullmatch(rb"[0-9]{13}", told.body) else 0
    return not 0 <= now_ms - made_ms < AGAIN_OVER_MS


def attempt(known: Known, request: RecordingRequest, number: int, ports: Ports) -> Outcome:
    """Call StartWebRecord for one attempt and store what came of it; errors as `start` says.

    A start that waited is refused for good only for its parameters: what is wrong with the deployment may be mended
    before its deadline.
    """
    accepted = known.accepted
    # What was allowed when it was accepted may not be now.
    if (why := ports.policy.forbids(accepted, request)) is not None:
        fact = facts.gave_up(ports.clock(), f"not allowed any more: {why}", Code.NOT_ALLOWED)
        return left_to_timer(journal.record(ports.store, known, fact), ports)
    waited = bool(known.evidence.attempts) or accepted.start_at_ms is not None
    known = journal.record(ports.store, known, facts.attempted(number, ports.clock()))
    return begin_attempt(known, request, number, ports, waited=waited)


def begin_attempt(known: Known, request: RecordingRequest, number: int, ports: Ports, *, waited: bool) -> Outcome:
    """Call StartWebRecord for an attempt that is stored."""
    try:
        parameters = ports.policy.parameters(
            known.accepted, request, ids.record_id_of(known.accepted.recording_id, number)
        )
    except errors.ConfigurationError as error:  # it had them when this was accepted, and may get them back
        why = f"{error}; TRTC was not asked"
        fact = facts.refused(number, ports.clock(), NO_UPLOAD_KEYS, why, None, final=False)
        return left_to_timer(journal.record(ports.store, known, fact), ports, NO_UPLOAD_KEYS)._replace(blocked=True)
    try:
        with hiding(secrets_of(parameters)):
            return _ask(known, request, number, parameters, ports, patient=waited and not request.has_caller_keys)
    except errors.StoreError as error:
        error.meaning = "TRTC was asked to start it, so it may be recording"
        raise


def _called(parameters: dict[str, Any], ports: Ports) -> Started:
    """Call StartWebRecord; what TRTC answers may quote the keys that it was sent."""
    try:
        started = ports.recorder.start(parameters)
        task_id = task_named("StartWebRecord", started.task_id, started.request_id)
    except errors.TaskNotFound as error:  # the word for a task that is over: what is missing here is another thing
        raise errors.RecorderMisconfigured(error.code, error.message, error.request_id) from None
    except errors.RecorderError as error:
        error.redact()
        raise
    return Started(task_id, id_of(started.request_id))


def _ask(
    known: Known, request: RecordingRequest, number: int, parameters: dict[str, Any], ports: Ports, *, patient: bool
) -> Outcome:
    store = ports.store
    try:
        started = _called(parameters, ports)
    except errors.TaskExists:
        try:
            return Outcome(find(known, number, ports)[1], created=False)
        except (errors.TaskNotFound, errors.RecorderBusy) as error:
            # It was started under this RecordId and we can't see it now: reconcile looks again.
            fact = facts.unanswered(number, ports.clock(), error.code, error.message)
            return left_to_timer(journal.record(store, known, fact), ports, error.code)
    except (errors.ParametersRefused, errors.RecorderMisconfigured) as error:
        final = isinstance(error, errors.ParametersRefused) or not patient
        fact = facts.refused(number, ports.clock(), error.code, error.message, error.request_id, final=final)
        known = journal.record(store, known, fact)
        if not final:
            return left_to_timer(known, ports, error.code)._replace(blocked=True)
        writer.save(store, known, ports.clock())
        raise
    except errors.RecorderBusy as error:
        return _busy(known, request, number, error, ports)
    if known.documented is None and not known.evidence.tasks:
        fact = facts.accepted(number, ports.clock(), started.task_id, started.request_id)
        return Outcome(writer.begin(store, known, fact, ports.clock())[1], created=True)
    return Outcome(adopt(known, number, started.task_id, started.request_id, ports)[1], created=True)


def _busy(known: Known, request: RecordingRequest, number: int, error: errors.RecorderBusy, ports: Ports) -> Outcome:
    """Store that TRTC refused the attempt for now, and queue the recording."""
    at_ms = ports.clock()
    if error.answered:
        fact = facts.refused(number, at_ms, error.code, error.message, error.request_id, final=False)
    else:
        fact = facts.unanswered(number, at_ms, error.code, error.message)
    known = journal.record(ports.store, known, fact)
    if not request.has_caller_keys:
        return left_to_timer(known, ports, error.code)
    why = f"{error.code}: {error.message}; the caller's storage keys are not kept, so only the caller can retry"
    writer.save(ports.store, journal.record(ports.store, known, facts.gave_up(at_ms, why, Code.OWN_KEYS)), at_ms)
    raise _ask_the_caller(error.code, error.message, known.accepted)


def _ask_the_caller(code: str, message: str, accepted: Accepted) -> errors.CallerMustRetry:
    why = f"{code}: {message}; retry with Idempotency-Key {accepted.recording_id}"
    return errors.CallerMustRetry(why, IN_FLIGHT_MS // 1000)


def left_to_timer(known: Known, ports: Ports, refused: str | None = None) -> Outcome:
    """Leave the start to the timer: queued ones in order of acceptance, scheduled ones at their time."""
    return Outcome(writer.save(ports.store, known, ports.clock())[1], created=False, refused=refused)
