"""Start a recording, once, whatever happens on the way.

Order of writes: `open/` marker; `request.json` and attempt fact; *StartWebRecord*; accepted fact, task pointer and
index; document. What stands between two semicolons goes out at once. Whatever the line it dies at, a retry
with the same id (or reconcile) can finish it, and nothing records without a marker. TRTC's RecordId makes the attempt
happen once; the store only makes retries cheap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from ulid import ULID

from shared.domain import facts, ids, keys
from shared.domain.accepted import Accepted
from shared.domain.document import Recording, decide
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    ParametersRefused,
    RecorderBusy,
    RecorderError,
    RecorderMisconfigured,
    RequestError,
    StoreError,
    TaskExists,
    TaskNotFound,
)
from shared.domain.evidence import Evidence
from shared.domain.periods import IN_FLIGHT_MS, REPEAT_MS
from shared.domain.reasons import Code
from shared.domain.redaction import hiding, redact, secrets_of
from shared.domain.refusals import is_full, refusal
from shared.domain.repeats import differences
from shared.domain.request import RecordingRequest
from shared.domain.states import last_attempt, last_task
from shared.domain.steps import GiveUp, Start, Wait, next_step
from shared.ports import Started
from shared.store import journal, markers, tombstones
from shared.store.journal import Known
from shared.usecases import wakes
from shared.usecases.ports import Ports
from shared.usecases.tasks import adopt, find

MOST_NAMED = 5
"""Fields that the answer to another request under the same id names."""
SOON_MS = 2_000
"""An attempt is made again so soon after it was told of, or not at all."""
AGAIN_OVER_MS = 3 * IN_FLIGHT_MS
"""After the last one that was told of: it is over, and whoever saw it refused has told of his own."""
_ACCEPTED = "it was accepted, or may have been, and this call did not start it"


class Outcome(NamedTuple):
    """A recording, whether this call started it, and TRTC's code where it refused and the start has to wait."""

    recording: Recording
    created: bool
    refused: str | None = None


def start(
    request: RecordingRequest,
    key: str | None,
    source: str,
    ports: Ports,
    traceparent: str | None = None,
    *,
    later: bool = False,
) -> Outcome:
    """Start the recording, or return the one that was started under the same key.

    Args:
        request: what to record.
        key: the caller's name for it; None for an id of ours.
        source: who asks, as stored.
        ports: see Ports.
        traceparent: the caller's W3C trace, if it is one.
        later: only accept it; the timer starts it.

    Raises:
        PageNotAllowed, InvalidRequest, ConfigurationError: nothing was stored.
        Conflict: the key names a different request, or a recording that was deleted.
        ParametersRefused, RecorderMisconfigured: TRTC refused for good; stored as failed.
        CallerMustRetry: TRTC is busy and the caller's keys can't wait.
        StoreError: what was acknowledged to nobody may be half done; the same key finishes it.
    """
    now_ms = ports.clock()
    recording_id = ids.recording_id_of(key) if key else str(ULID.from_timestamp(now_ms / 1000))
    again = "the same Idempotency-Key" if key else f"Idempotency-Key {recording_id}"
    stage = _Stage()
    try:
        begins = refused = None
        try:
            accepted = ports.policy.accept(request, recording_id, source, now_ms, traceparent)
            begins = not later and _begins(accepted, ports)
        except (RequestError, ConfigurationError) as error:  # what was accepted before may not be allowed any more
            if not key:
                raise
            refused = error
        claim = keys.open_key(now_ms + REPEAT_MS, recording_id) if begins else None
        known, gone, claimed = _look(recording_id, claim, ports) if key else (None, False, None)
        if known is None:
            if gone:
                _unclaim(claimed, ports)
                raise _used(recording_id)
            if refused is not None:
                raise refused
            known = _accept(accepted, ports, stage, begins=bool(begins), later=later, keyed=bool(key))
            if known is None:
                known = Known(accepted)
                if later:
                    return _accepted(known)
                if begins:
                    known = known.plus(facts.evidence_of_fact(facts.attempted(1, now_ms)))
                return _made(known, request, ports, begun=bool(begins))
        stage.words = _ACCEPTED
        if known.accepted.created_ms != now_ms and (last_task(known.evidence) or differences(known.accepted, request)):
            _unclaim(claimed, ports)  # it has one of its own, or is another's
        if differing := differences(known.accepted, request):
            named = f"{', '.join(differing[:MOST_NAMED])}{' and more' if len(differing) > MOST_NAMED else ''}"
            why = f"the id {recording_id} was used for a different request (it differs in {named})"
            raise Conflict(f"{why}; use another Idempotency-Key for another recording")
        # Its deletion may have died on the way, or have come while its document was read.
        if gone or (last_task(known.evidence) is None and tombstones.is_used(ports.store, recording_id)):
            _unclaim(claimed, ports)
            raise _used(recording_id)
        if last_task(known.evidence) is None:  # its start may have died before these
            mark = markers.mark_start if later else markers.claim
            ports.store.at_once(
                partial(mark, ports.store, known.accepted, now_ms),
                partial(ports.store.put, keys.index_key(known.accepted.created_ms, recording_id), b""),
            )
        if later:
            return _accepted(known)
        return _made(known, request, ports)
    except StoreError as error:
        error.meaning = f"{error.meaning or stage.words}; call again with {again}: nothing is started twice"
        raise


class _Stage:
    """How far a start came, in words for the caller."""

    words = "nothing was started"


def _accepted(known: Known) -> Outcome:
    return Outcome(decide(known.accepted, known.evidence), created=False)


def _made(known: Known, request: RecordingRequest, ports: Ports, *, begun: bool = False) -> Outcome:
    """Make the start, and wake reconcile if a receiver is to be notified or a place became free."""
    try:
        waited = known.accepted.start_at_ms is not None
        outcome = _begin(known, request, 1, ports, waited=waited) if begun else advance(known, request, ports)
    except (ParametersRefused, RecorderMisconfigured, CallerMustRetry):
        if ports.wakes and known.documented is None and known.accepted.notify_url:
            wakes.write(ports.store, known.accepted.recording_id)
        raise
    evidence = outcome.recording.evidence
    if ports.wakes and evidence != known.evidence:
        wakes.leave(ports.store, known.documented, known._replace(evidence=evidence), ports.clock())
    return outcome


def _begins(accepted: Accepted, ports: Ports) -> bool:
    """Return True if the call that accepts the recording also starts it."""
    quiet = accepted.model_copy(update={"notify_url": None})
    return isinstance(next_step(quiet, Evidence(), ports.clock(), asked=True), Start)


def _look(recording_id: str, claim: str | None, ports: Ports) -> tuple[Known | None, bool, str | None]:
    """Return what is known under the id, whether a recording was deleted under it, and the claim, if it was made here.

    One that is there already is a marker of the recording's own: its stop may be due at that moment.
    """
    store = ports.store
    calls: list[Callable[[], Any]] = [
        partial(journal.accepted_of, store, recording_id),
        partial(tombstones.is_used, store, recording_id),
    ]
    if claim:
        calls.append(partial(store.create, claim, b""))
    stored, gone, *made = store.at_once(*calls)
    return journal.rest(store, stored) if stored else None, gone, claim if any(made) else None


def _unclaim(marker: str | None, ports: Ports) -> None:
    if marker:
        with suppress(StoreError):  # or reconcile finds nothing to do there
            ports.store.delete(marker)


def _used(recording_id: str) -> Conflict:
    return Conflict(f"the id {recording_id} was used for a recording that is deleted; use another Idempotency-Key")


def _accept(accepted: Accepted, ports: Ports, stage: _Stage, *, begins: bool, later: bool, keyed: bool) -> Known | None:
    """Store the request; return what is known of the one that is stored already where there is one."""
    store, now_ms, recording_id = ports.store, accepted.created_ms, accepted.recording_id
    if not (begins and keyed):
        (markers.mark_start if later else markers.claim)(store, accepted, now_ms)
    stage.words = _ACCEPTED
    request = keys.request_key(recording_id)
    calls: list[Callable[[], Any]] = [partial(store.create, request, _body(accepted))]
    if begins:
        fact = facts.attempted(1, now_ms)
        calls.append(partial(store.put, f"{keys.recording_facts(recording_id)}{fact.name}.json", fact.body))
    if keyed:  # a deletion may have fallen between the two looks before
        calls.append(partial(tombstones.is_used, store, recording_id))
    created, *done = store.at_once(*calls)
    if keyed and done[-1]:
        if created:
            store.delete(request)
        raise _used(recording_id)
    if not created:
        return journal.read(store, recording_id) or Known(accepted)
    if not begins:  # else with the first document
        store.put(keys.index_key(now_ms, recording_id), b"")
    return None


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
    step = next_step(accepted.model_copy(update={"notify_url": None}), evidence, ports.clock(), asked=True)
    if isinstance(step, Start | GiveUp) and step.recheck is not None:
        try:
            return Outcome(find(known, step.recheck, ports)[1], created=False)
        except TaskNotFound:
            pass
        except RecorderBusy as error:
            if request.has_caller_keys:
                raise _ask_the_caller(error.code, error.message, accepted) from error
            return _left(known, ports)
    if isinstance(step, Start):
        return (
            attempt(known, request, step.attempt, ports)
            if may_attempt(known, step.attempt, ports)
            else _left(known, ports)
        )
    if isinstance(step, GiveUp):
        fact = facts.gave_up(ports.clock(), step.reason.words, step.reason.code)
        return _left(journal.record(ports.store, known, fact), ports)
    keyless = request.has_caller_keys and evidence.stop is None and last_task(evidence) is None
    if isinstance(step, Wait) and keyless and last and last[1].refused:
        # Somebody with the same key may still be at the same attempt, and get the task that we were refused.
        raise _ask_the_caller(*last[1].refused[1:], accepted)
    return _left(known, ports)


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
        return _left(journal.record(ports.store, known, fact), ports)
    waited = bool(known.evidence.attempts) or accepted.start_at_ms is not None
    known = journal.record(ports.store, known, facts.attempted(number, ports.clock()))
    return _begin(known, request, number, ports, waited=waited)


def _begin(known: Known, request: RecordingRequest, number: int, ports: Ports, *, waited: bool) -> Outcome:
    """Call StartWebRecord for an attempt that is stored."""
    parameters = ports.policy.parameters(known.accepted, request, ids.record_id_of(known.accepted.recording_id, number))
    try:
        with hiding(secrets_of(parameters)):
            return _ask(known, request, number, parameters, ports, patient=waited and not request.has_caller_keys)
    except StoreError as error:
        error.meaning = "TRTC was asked to start it, so it may be recording"
        raise


def _called(parameters: dict[str, Any], ports: Ports) -> Started:
    """Call StartWebRecord; what TRTC answers may quote the keys that it was sent."""
    try:
        started = ports.recorder.start(parameters)
    except RecorderError as error:
        error.redact()
        raise
    return started._replace(request_id=started.request_id and redact(started.request_id))


def _ask(
    known: Known, request: RecordingRequest, number: int, parameters: dict[str, Any], ports: Ports, *, patient: bool
) -> Outcome:
    store = ports.store
    try:
        started = _called(parameters, ports)
    except TaskExists:
        try:
            return Outcome(find(known, number, ports)[1], created=False)
        except (TaskNotFound, RecorderBusy) as error:
            # It was started under this RecordId and we can't see it now: reconcile looks again.
            fact = facts.unanswered(number, ports.clock(), error.code, error.message)
            return _left(journal.record(store, known, fact), ports, error.code)
    except (ParametersRefused, RecorderMisconfigured) as error:
        final = isinstance(error, ParametersRefused) or not patient
        fact = facts.refused(number, ports.clock(), error.code, error.message, error.request_id, final=final)
        known = journal.record(store, known, fact)
        if not final:
            return _left(known, ports, error.code)
        journal.save(store, known, ports.clock())
        raise
    except RecorderBusy as error:
        return _busy(known, request, number, error, ports)
    if known.documented is None and not known.evidence.tasks:
        fact = facts.accepted(number, ports.clock(), started.task_id, started.request_id)
        return Outcome(journal.begin(store, known, fact, ports.clock())[1], created=True)
    return Outcome(adopt(known, number, started.task_id, started.request_id, ports)[1], created=True)


def _busy(known: Known, request: RecordingRequest, number: int, error: RecorderBusy, ports: Ports) -> Outcome:
    """Store that TRTC refused the attempt for now, and queue the recording."""
    at_ms = ports.clock()
    if error.answered:
        fact = facts.refused(number, at_ms, error.code, error.message, error.request_id, final=False)
    else:
        fact = facts.unanswered(number, at_ms, error.code, error.message)
    known = journal.record(ports.store, known, fact)
    if not request.has_caller_keys:
        return _left(known, ports, error.code)
    why = f"{error.code}: {error.message}; the caller's storage keys are not kept, so only the caller can retry"
    journal.save(ports.store, journal.record(ports.store, known, facts.gave_up(at_ms, why, Code.OWN_KEYS)), at_ms)
    raise _ask_the_caller(error.code, error.message, known.accepted)


def _ask_the_caller(code: str, message: str, accepted: Accepted) -> CallerMustRetry:
    why = f"{code}: {message}; retry with Idempotency-Key {accepted.recording_id}"
    return CallerMustRetry(why, IN_FLIGHT_MS // 1000)


def _left(known: Known, ports: Ports, refused: str | None = None) -> Outcome:
    """Leave the start to the timer: queued ones in order of acceptance, scheduled ones at their time."""
    return Outcome(journal.save(ports.store, known, ports.clock())[1], created=False, refused=refused)


def _body(accepted: Accepted) -> bytes:
    return accepted.model_dump_json(indent=1, exclude_none=True).encode()
