"""What the API tells of one recording beyond its document: what happened, what it means, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, Field

from shared.domain.callback_says import MAX_WORDS
from shared.domain.document import Overview, Recording
from shared.domain.evidence import Evidence
from shared.domain.outbox import Message
from shared.domain.reasons import Code, of_page, of_recorder, of_trtc
from shared.domain.uploads import end_ms
from shared.domain.words import words_of

RELAY_FAILED = 4

_NOTES = {"801.2": "not_started", "801.5": "terminated", "804": "over_limit"}


class Told(NamedTuple):
    """What happened, to be put into words.

    Attributes:
        code: the key of its sentence.
        said: a number, a state or another's words that belong to the sentence, as they came.
        reason_code: what these words are about, where that is known.
    """

    code: str
    said: str | None = None
    reason_code: Code | None = None


class Happening(BaseModel):
    """One thing that happened, epoch ms; `kind` is that of the fact or `<EventType>.<Status>` of the callback.

    `text` is English; `code`, `said` and `reason_code` are what it is made of, for another language.
    """

    at_ms: int
    kind: str
    text: str
    code: str
    said: str | None = None
    reason_code: Code | None = None


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
    advice = words_of("advice")
    code = next((code for code in codes if code in advice), None)
    return Detail(
        **{name: getattr(recording, name) for name in Overview.model_fields},
        advice_code=code,
        advice=advice[code] if code else None,
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
        told = _told(label, at_ms, evidence)
        if words := (evidence.said or {}).get(name):
            words = words[9:-1] if words.startswith("Success (") and words.endswith(")") else words
            told = Told(told.code, words, of_page(words) if "the page answered" in words else None)
        happenings.append(Happening(at_ms=at_ms, kind=label, text=_text(told), **told._asdict()))
    # Within a millisecond nothing comes before the attempt that made it happen.
    return sorted(happenings, key=lambda one: (one.at_ms, one.kind != "attempt", one.kind != "accepted"))


def _text(told: Told) -> str:
    words, said = words_of("event")[told.code], told.said
    if "{said}" in words:
        return words.replace("{said}", said or "")
    return f"{words}: {said}" if said else words


def _told(label: str, at_ms: int, evidence: Evidence) -> Told:
    match label:
        case "attempt":
            numbers = [number for number, attempt in evidence.attempts.items() if attempt.at_ms == at_ms]
            return Told("attempt", numbers[0]) if numbers else Told("attempt.again")
        case "refused" | "unanswered":
            notes = [getattr(attempt, label) for attempt in evidence.attempts.values()]
            code, message = next(((note[1], note[2]) for note in notes if note and note[0] == at_ms), ("", ""))
            return Told(label, f"{code}: {message}", of_trtc(code)) if code else Told(label)
        case "stop_requested":
            return Told(label, evidence.stop[1] if evidence.stop and evidence.stop[0] == at_ms else None)
        case "gave_up" if evidence.gave_up and evidence.gave_up[0] == at_ms:
            return Told(label, *evidence.gave_up[1:])
        case "notified":
            sent = evidence.notifications.values()
            if ended := [one.ended[1] for one in sent if one.ended and one.ended[0] == at_ms]:
                return Told("notified.ended", ended[0])
            failed = [one.error[1] for one in sent if one.error and one.error[0] == at_ms]
            return Told("notified.failed", failed[0]) if failed else Told(label)
        case "changed":
            states = [state for name, state in evidence.changes.items() if int(name[:13]) == at_ms]
            return Told(label, states[0] if states else "another one")
    code = next((code for code in (label, label.partition(".")[0]) if code in words_of("event")), None)
    return _noted(code, at_ms, evidence) if code else Told("callback", label)


def _noted(code: str, at_ms: int, evidence: Evidence) -> Told:
    """Return a callback with TRTC's words for what went wrong, which the task's notes hold."""
    field = _NOTES.get(code)
    notes = [getattr(task, field) for task in evidence.tasks.values()] if field else []
    said = next((note[1][:MAX_WORDS] for note in notes if note and note[0] == at_ms), None)
    if not said:
        return Told(code)
    about = {"801.2": of_page, "801.5": of_recorder}.get(code)
    return Told(code, said, about(said) if about else Code.ENDED_AT_LIMIT)
