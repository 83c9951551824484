"""Start a recording, once, whatever happens on the way.

Order of writes: `open/` marker; `request.json` and attempt fact; *StartWebRecord*; accepted fact, task pointer and
index; document. What stands between two semicolons goes out at once. Whatever the line it dies at, a retry
with the same id (or reconcile) can finish it, and nothing records without a marker. TRTC's RecordId makes the attempt
happen once; the store only makes retries cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ulid import ULID

from shared.domain import errors, facts, ids, keys
from shared.domain.accepted import Accepted
from shared.domain.attempts import last_task
from shared.domain.document import decide
from shared.domain.evidence import Evidence
from shared.domain.next_step import next_step
from shared.domain.periods import REPEAT_MS
from shared.domain.repeats import differences
from shared.domain.request import RecordingRequest
from shared.domain.steps import Start
from shared.store import journal, markers, tombstones
from shared.store.journal import Known
from shared.store.stored import accepted_of, request_of
from shared.usecases import wakes
from shared.usecases.attempt import Outcome, advance, begin_attempt
from shared.usecases.ports import Ports

MOST_NAMED = 5
"""Fields that the answer to another request under the same id names."""
_ACCEPTED = "it was accepted, or may have been, and this call did not start it"


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
        source: who asks.
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
            begins = not later and isinstance(
                next_step(accepted, Evidence(), ports.clock(), asked=True, quiet=True), Start
            )
        except (errors.RequestError, errors.ConfigurationError) as error:
            if not key:  # else what was accepted before may not be allowed any more
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
        differing = differences(known.accepted, request, ports.policy.usual)
        if known.accepted.created_ms != now_ms and (last_task(known.evidence) or differing):
            _unclaim(claimed, ports)  # it has one of its own, or is another's
        if differing:
            named = f"{', '.join(differing[:MOST_NAMED])}{' and more' if len(differing) > MOST_NAMED else ''}"
            why = f"the id {recording_id} was used for a different request (it differs in {named})"
            raise errors.Conflict(f"{why}; use another Idempotency-Key for another recording")
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
    except errors.StoreError as error:
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
        outcome = begin_attempt(known, request, 1, ports, waited=waited) if begun else advance(known, request, ports)
    except (errors.ParametersRefused, errors.RecorderMisconfigured, errors.CallerMustRetry):
        if ports.wakes and known.documented is None and known.accepted.notify_url:
            wakes.write(ports.store, known.accepted.recording_id)
        raise
    evidence = outcome.recording.evidence
    if ports.wakes and evidence != known.evidence:
        wakes.leave(ports.store, known.documented, known._replace(evidence=evidence), ports.clock())
    return outcome


def _look(recording_id: str, claim: str | None, ports: Ports) -> tuple[Known | None, bool, str | None]:
    """Return what is known under the id, whether a recording was deleted under it, and the claim, if it was made here.

    One that is there already is a marker of the recording's own: its stop may be due at that moment.
    """
    store = ports.store
    calls: list[Callable[[], Any]] = [
        partial(request_of, store, recording_id),
        partial(tombstones.is_used, store, recording_id),
        partial(store.get, keys.document_key(recording_id)),
    ]
    if claim:
        calls.append(partial(store.create, claim, b""))
    stored, gone, document, *made = store.at_once(*calls)
    if stored is None and document is not None and not gone:
        stored = accepted_of(store, recording_id)
    return journal.rest(store, stored) if stored else None, gone, claim if any(made) else None


def _unclaim(marker: str | None, ports: Ports) -> None:
    if marker:
        with suppress(errors.StoreError):  # or reconcile finds nothing to do there
            ports.store.delete(marker)


def _used(recording_id: str) -> errors.Conflict:
    return errors.Conflict(
        f"the id {recording_id} was used for a recording that is deleted; use another Idempotency-Key"
    )


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


def _body(accepted: Accepted) -> bytes:
    return accepted.model_dump_json(indent=1, exclude_none=True).encode()
