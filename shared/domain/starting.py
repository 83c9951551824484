"""The next step of a recording that waits for its start, and when it is too late for one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

from shared.domain.accepted import Accepted
from shared.domain.attempts import asked_ms, last_attempt, last_task
from shared.domain.evidence import NOT_READ, Evidence
from shared.domain.periods import IN_FLIGHT_MS, START_LEAD_MS
from shared.domain.reasons import PASSING, Code, Reason
from shared.domain.refusals import is_full
from shared.domain.states import state_of
from shared.domain.steps import GiveUp, Start, Step, Wait

LONGEST_BACK_OFF_MS = 600_000
"""The longest wait between two tries of a start that TRTC refuses for the start's own reason."""
AGAIN_MS = IN_FLIGHT_MS - 5_000
"""Until this long after a refusal the same attempt may be repeated; other invocations see that before they go on."""
_TELLING = ("attempt", "accepted", "stop_requested", "gave_up")
UNREAD = Reason(Code.OTHER, "a stored fact can't be read, so it may have been started before")
NO_KEYS = Reason(Code.OWN_KEYS, "the caller's storage keys are not kept, so only the caller can start it")


def waiting_step(
    accepted: Accepted, evidence: Evidence, now_ms: int, passed: Callable[[str], bool] | None, *, asked: bool
) -> Step:
    last, reason = last_attempt(evidence), state_of(accepted, evidence)[1]
    # A task that is told to have failed may record all the same: the word is as good as TRTC's key is secret.
    unsure = last[0] if last else None
    if (why := too_late(accepted, evidence, now_ms)) is not None:
        return GiveUp(because(why, reason), unsure)
    if accepted.caller_keys and not asked:
        ripe_ms = (asked_ms(evidence) or accepted.created_ms) + IN_FLIGHT_MS
        return GiveUp(NO_KEYS, unsure) if now_ms >= ripe_ms else Wait(ripe_ms)
    if now_ms < accepted.due_ms - START_LEAD_MS:
        return Wait(accepted.due_ms - START_LEAD_MS)
    if is_unread(evidence):
        return GiveUp(because(UNREAD, reason), 1 if unsure is None else unsure)
    if last is None:
        return Start(1, recheck=None)
    number, attempt = last
    if attempt.refused:
        # Somebody else may still be at the same attempt, and get the task that we were refused.
        ripe_ms = max(attempt.refused[0] + IN_FLIGHT_MS, 0 if asked else behind_ms(evidence))
        if now_ms < ripe_ms:
            # Should he get it, TRTC says so of the same RecordId. Who can't see this may take the next at that time.
            again = passed is not None and passed(attempt.refused[1]) and now_ms < attempt.refused[0] + AGAIN_MS
            return Start(number, recheck=None) if again else Wait(ripe_ms)
    # TRTC asks for a new RecordId after a refusal; without an answer only the same one is safe.
    return Start(number + 1 if attempt.task_key or attempt.refused else number, recheck=unsure)


def is_unread(evidence: Evidence) -> bool:
    """Tell whether it may have been started or called off: a fact of that kind is there and can't be read."""
    return any(kind == NOT_READ and name.split("-")[1] in _TELLING for name, kind in evidence.facts.items())


def behind_ms(evidence: Evidence) -> int:
    """Return until when a start that TRTC refused for the start's own reason lets others go first; 0 if it need not.

    The longer it fails, the less often it is tried. A full TRTC costs no start its place.
    """
    numbered = sorted(evidence.attempts.items(), key=lambda item: -int(item[0]))
    # Those after the newest one that has a task.
    attempts = list(takewhile(lambda attempt: not attempt.task_key, (attempt for _, attempt in numbered)))
    note = (attempts[0].refused or attempts[0].unanswered) if attempts else None
    if note is None or is_full(note[1]):
        return 0
    first_ms = min((attempt.at_ms for attempt in attempts if attempt.at_ms), default=note[0])
    # Refused, somebody else may still be at the same attempt.
    least_ms = IN_FLIGHT_MS if attempts[0].refused else 0
    return note[0] + max(least_ms, min(note[0] - first_ms, LONGEST_BACK_OFF_MS))


def called_off(why: str) -> Reason:
    """Return the reason of what was stopped before it started."""
    return Reason(Code.CANCELLED, f"stopped before it started: {why}")


def too_late(accepted: Accepted, evidence: Evidence, now_ms: int) -> Reason | None:
    """Return why no start is to be made any more; None while one may be."""
    if evidence.stop is not None:
        return called_off(evidence.stop[1])
    if accepted.stop_at_ms is not None and now_ms >= accepted.stop_at_ms:
        return Reason(Code.STOP_AT_PASSED, "its stop_at passed before it could start")
    if last_task(evidence) is not None:
        over = now_ms >= accepted.due_ms + accepted.max_duration_s * 1000
        return Reason(Code.RESTART_TOO_LATE, "its time was over before it could be started again") if over else None
    if accepted.start_by_ms is not None and now_ms >= accepted.start_by_ms:
        return Reason(Code.START_TOO_LATE, "it could not be started in time")
    return None


def because(why: Reason, cause: Reason | None) -> Reason:
    """Return why time ran out: what has to be mended is the code, where it stood in the way."""
    if cause is None:
        return why
    own = why.code is Code.CANCELLED or cause.code in PASSING
    return Reason(why.code if own else cause.code, f"{why.words}: {cause.words}")
