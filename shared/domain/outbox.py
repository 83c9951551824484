"""Which notifications a recording owes its caller, and when each is tried next. Pure.

The outbox is the evidence itself: a message exists because of a state, its tries are facts, and the same
message has the same webhook-id however often it is sent (Standard Webhooks specification).
"""

from __future__ import annotations

from shared.domain.accepted import Accepted
from shared.domain.attempts import begins_until_ms, last_task
from shared.domain.doubt import PATIENCE_MS, unconfirmed
from shared.domain.evidence import Evidence, Note
from shared.domain.film.recording import NOTIFY_WAITS_MS, awaited, news_ms
from shared.domain.once import once
from shared.domain.states import State, state_of
from shared.domain.value import Value

RETRY_AFTER_S = (60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000)
"""Waits between tries, seconds; three days together."""


class Message(Value):
    """One notification: what it says, and what came of it. Times are epoch ms."""

    webhook_id: str
    state: State
    attempts: int = 0
    delivered_ms: int | None = None
    undelivered: bool = False
    """Given up: after three days, or because the receiver ended its notifications."""
    ended_ms: int | None = None
    """When the receiver answered 410 or was no longer allowed: nothing more is sent about this recording."""
    error: str | None = None
    next_ms: int | None = None
    """When it is tried next; None when it is not."""


@once
def owed(accepted: Accepted, evidence: Evidence) -> list[Message]:
    """Return the notifications of a recording in the state that the evidence makes; nobody changes them."""
    return messages(accepted, evidence, state_of(accepted, evidence)[0])


def messages(accepted: Accepted, evidence: Evidence, state: State) -> list[Message]:
    """Return every notification of the recording, sent or pending, oldest first."""
    if accepted.notify_url is None:
        return []
    # A name from the recording and the state: whoever sees it, however often, means the same message.
    known = State._value2member_map_
    owed = {name: State(value) for name, value in evidence.changes.items() if value in known}
    if state.final:
        # With a caller's own keys, a start without them may have been notified as `failed` before its task failed.
        again = state is State.FAILED and accepted.caller_keys and evidence.gave_up and last_task(evidence)
        owed[f"{state.value}-again" if again else state.value] = state
    # A recording has one receiver: what it says of one notification holds for all of them.
    ended = min((sent.ended for sent in evidence.notifications.values() if sent.ended), default=None)
    told = [_message(_webhook_id(accepted, evidence, name), value, evidence, ended) for name, value in owed.items()]
    if state.final and told[-1].next_ms == 0 and awaited(accepted, evidence):
        told[-1] = told[-1].model_copy(update={"next_ms": news_ms(evidence) + NOTIFY_WAITS_MS})
    if state.final and told[-1].next_ms is not None and (doubt := unconfirmed(accepted, evidence)):
        told[-1] = told[-1].model_copy(update={"next_ms": max(told[-1].next_ms, doubt.told_ms + PATIENCE_MS)})
    if state is State.COMPLETED and told[-1].next_ms is not None:
        # While a call may begin another task, an earlier attempt's film may not be the whole.
        begins_ms = begins_until_ms(accepted, evidence)
        told[-1] = told[-1].model_copy(update={"next_ms": max(told[-1].next_ms, begins_ms)})
    return told


def _webhook_id(accepted: Accepted, evidence: Evidence, name: str) -> str:
    # In a release before an id could be used again, and what was called off was failed.
    former = [f"{accepted.recording_id}-{name}", *([f"{accepted.recording_id}-failed"] if name == "cancelled" else [])]
    told = next((webhook_id for webhook_id in former if webhook_id in evidence.notifications), None)
    return told or f"{accepted.recording_id}-{accepted.created_ms}-{name}"


def _message(webhook_id: str, state: State, evidence: Evidence, ended: Note | None) -> Message:
    sent = evidence.notifications.get(webhook_id)
    if ended and (sent is None or sent.delivered_ms is None):
        why = (sent.error if sent else None) or ended
        tries = (sent.attempts if sent else None) or 0
        return Message(
            webhook_id=webhook_id, state=state, attempts=tries, undelivered=True, ended_ms=ended[0], error=why[1]
        )
    if sent is None:
        return Message(webhook_id=webhook_id, state=state, next_ms=0)
    tries = sent.attempts or 0
    error = sent.error[1] if sent.error else None
    if sent.delivered_ms is not None:
        return Message(webhook_id=webhook_id, state=state, attempts=tries, delivered_ms=sent.delivered_ms)
    if tries > len(RETRY_AFTER_S):
        return Message(webhook_id=webhook_id, state=state, attempts=tries, undelivered=True, error=error)
    last_ms = sent.error[0] if sent.error else 0
    next_ms = last_ms + RETRY_AFTER_S[tries - 1] * 1000
    return Message(webhook_id=webhook_id, state=state, attempts=tries, error=error, next_ms=next_ms)
