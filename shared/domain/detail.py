"""What the API tells of one recording beyond its document: what happened, what it means, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field

from shared.domain.advice import ADVICE
from shared.domain.document import Overview, Recording
from shared.domain.evidence import Evidence
from shared.domain.facts import MAX_WORDS
from shared.domain.outbox import Message
from shared.domain.reasons import Code, of_page
from shared.domain.states import end_ms

WORDS = {
    "accepted": "TRTC made a task",
    "gone": "TRTC does not know the task any more",
    "looked": "the task's files were listed",
    "film": "the films were looked into",
    "303.0": "the upload began",
    "303.1": "the upload could not begin",
    "304": "files were named",
    "305.0": "everything is uploaded",
    "305.1": "files are still on TRTC's side",
    "305.2": "files that were late are uploaded",
    "307": "a piece was uploaded",
    "310.0": "a file is uploaded",
    "310.1": "a file is still on TRTC's side",
    "310.2": "a file could not be uploaded",
    "311.0": "a file is in VOD",
    "311.1": "a file is still on TRTC's side",
    "311.2": "a file could not be uploaded to VOD",
    "312.0": "everything is in VOD",
    "312.1": "the upload to VOD ended abnormally",
    "401.4": "a relay failed",
    "801.1": "recording began",
    "801.2": "the page could not be recorded",
    "801.3": "the recorder failed and is started again",
    "801.4": "the recording moved to another machine",
    "801.5": "the recorder gave up",
    "803.1": "the page was loaded again",
    "803.2": "recording paused",
    "803.3": "recording goes on",
}
"""By the label of a fact: our kinds, and `<EventType>.<Status>` of callbacks."""
RELAY_FAILED = 4
TYPES = {"401": "a relay changed", "802": "recording ended", "804": "a limit was reached"}


_NOTES = {"801.2": "not_started", "801.5": "terminated", "804": "over_limit"}


class Happening(BaseModel):
    """One thing that happened, epoch ms; `kind` is that of the fact or `<EventType>.<Status>` of the callback."""

    at_ms: int
    kind: str
    text: str


class Detail(Overview):
    """A recording as it is read by itself."""

    advice_code: Code | None = None
    advice: str | None = None
    billed_minutes: int | None = None
    timeline: list[Happening] = Field(default_factory=list)
    notifications: list[Message] = Field(default_factory=list)


def detail(recording: Recording) -> Detail:
    """Return everything there is to tell; the files without URLs."""
    evidence = recording.evidence
    codes = (recording.reason_code, *_of_well(evidence))
    code = next((code for code in codes if code in ADVICE), None)
    return Detail(
        **{name: getattr(recording, name) for name in Overview.model_fields},
        advice_code=code,
        advice=ADVICE[code] if code else None,
        billed_minutes=billed_minutes(evidence),
        timeline=timeline(evidence),
        notifications=recording.notifications,
    )


def _of_well(evidence: Evidence) -> Iterator[Code]:
    """Yield what is to be mended although it is no reason of the state: a page with an error on it, a relay."""
    yield from (of_page(words) for words in (evidence.said or {}).values() if "the page answered" in words)
    if RELAY_FAILED in (status for task in evidence.tasks.values() for _, status, _ in task.relay.values()):
        yield Code.RELAY_FAILED


def billed_minutes(evidence: Evidence) -> int | None:
    """Return the minutes in which tasks ran, each begun one in full: what TRTC bills, as far as is known."""
    ran_ms = [
        (end or 0) - task.began_ms
        for task in evidence.tasks.values()
        if task.began_ms and (end := end_ms(task)) and end >= task.began_ms
    ]
    return sum(-(-ms // 60_000) for ms in ran_ms) if ran_ms else None


def timeline(evidence: Evidence) -> list[Happening]:
    """Return every fact in words, by time."""
    happenings = []
    for name, label in evidence.facts.items():
        at_ms = int(name[:13])
        text = _words(label, at_ms, evidence)
        if said := (evidence.said or {}).get(name) or _noted(label, at_ms, evidence):
            text += f": {said[9:-1] if said.startswith('Success (') and said.endswith(')') else said}"
        happenings.append(Happening(at_ms=at_ms, kind=label, text=text))
    # Within a millisecond nothing comes before the attempt that made it happen.
    return sorted(happenings, key=lambda one: (one.at_ms, one.kind != "attempt", one.kind != "accepted"))


def _noted(label: str, at_ms: int, evidence: Evidence) -> str | None:
    """Return TRTC's words for what went wrong, which the task's notes hold."""
    field = _NOTES.get(label) or _NOTES.get(label.partition(".")[0])
    notes = [getattr(task, field) for task in evidence.tasks.values()] if field else []
    return next((note[1][:MAX_WORDS] for note in notes if note and note[0] == at_ms), None)


def _words(label: str, at_ms: int, evidence: Evidence) -> str:
    numbered = evidence.attempts.items()
    match label:
        case "attempt":
            numbers = [number for number, attempt in numbered if attempt.at_ms == at_ms]
            return f"TRTC was asked to start, attempt {numbers[0]}" if numbers else "TRTC was asked to start again"
        case "refused":
            why = [a.refused for _, a in numbered if a.refused and a.refused[0] == at_ms]
            return f"TRTC refused: {why[0][1]}: {why[0][2]}" if why else "TRTC refused"
        case "unanswered":
            said = [a.unanswered for _, a in numbered if a.unanswered and a.unanswered[0] == at_ms]
            return f"TRTC's answer did not come: {said[0][1]}: {said[0][2]}" if said else "TRTC's answer did not come"
        case "stop_requested":
            known = evidence.stop is not None and evidence.stop[0] == at_ms
            return f"a stop was requested: {evidence.stop[1]}" if known and evidence.stop else "a stop was requested"
        case "gave_up":
            told = evidence.gave_up
            return f"given up: {told[1]}" if told and told[0] == at_ms else "given up"
        case "notified":
            sent = evidence.notifications.values()
            if ended := [one.ended[1] for one in sent if one.ended and one.ended[0] == at_ms]:
                return f"nothing more is notified about this recording: {ended[0]}"
            failed = [one.error[1] for one in sent if one.error and one.error[0] == at_ms]
            return f"a notification was not taken: {failed[0]}" if failed else "a notification was sent"
        case "changed":
            states = [state for name, state in evidence.changes.items() if int(name[:13]) == at_ms]
            return f"the state became {states[0]}" if states else "the state changed"
    return WORDS.get(label) or TYPES.get(label.partition(".")[0]) or f"callback {label}"
