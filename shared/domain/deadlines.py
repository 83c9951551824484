"""When it is too late to start a recording, and why. Pure."""

from __future__ import annotations

from shared.domain.accepted import Accepted
from shared.domain.attempts import last_task
from shared.domain.evidence import Evidence
from shared.domain.reasons import PASSING, Code, Reason


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
