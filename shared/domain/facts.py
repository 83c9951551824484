"""What each fact that we write ourselves says."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, cast

from shared.domain.evidence import NOT_READ, Attempt, Evidence, File, Filmed, Notification, Task, told_by
from shared.domain.ids import fact_name, is_task_id, task_key_of
from shared.domain.reasons import Code, former, named
from shared.domain.refusals import UNREADABLE

_ENCODER = json.JSONEncoder(sort_keys=True)


class Fact(NamedTuple):
    """An immutable object about a recording. The same fact always has the same `body`, and so the same `name`."""

    kind: str
    at_ms: int
    data: dict[str, Any]
    body: bytes
    name: str


def _fact(kind: str, at_ms: int, **data: Any) -> Fact:  # noqa: ANN401 (any JSON value)
    fact = _stored(kind, at_ms, data)
    return _stored(kind, at_ms, _whole(data)) if _may_hold_halves(fact) else fact


def _may_hold_halves(fact: Fact) -> bool:
    """Tell whether a fact's text may hold halves of characters; in its body they are escaped, as rare ones are."""
    return b"\\ud" in fact.body


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    """Return data that can be stored: what TRTC said may hold halves of characters, and a former release kept them."""
    try:
        text = json.dumps(data, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return cast("dict[str, Any]", json.loads(text.encode("utf-8", "replace")))
    return data


def _stored(kind: str, at_ms: int, data: dict[str, Any]) -> Fact:
    body = _ENCODER.encode({"kind": kind, "at_ms": at_ms, **data}).encode()
    return Fact(kind, at_ms, data, body, fact_name(at_ms, kind, body))


def read_fact(body: bytes) -> Fact:
    """Read a stored fact, or raise ValueError, KeyError, TypeError, AttributeError or RecursionError."""
    data = json.loads(body)
    return _stored(data.pop("kind"), data.pop("at_ms"), data)


def attempted(attempt: int, at_ms: int) -> Fact:
    """StartWebRecord is about to be called; written before the call."""
    return _fact("attempt", at_ms, attempt=attempt)


def accepted(attempt: int, at_ms: int, task_id: str, request_id: str | None) -> Fact:
    """TRTC started a task for the attempt, or named the one that it had started."""
    return _fact("accepted", at_ms, attempt=attempt, task_id=task_id, request_id=request_id)


def refused(attempt: int, at_ms: int, code: str, message: str, request_id: str | None, *, final: bool) -> Fact:
    """TRTC refused the attempt; `final` forbids another try."""
    return _fact("refused", at_ms, attempt=attempt, code=code, message=message, request_id=request_id, final=final)


def unanswered(attempt: int, at_ms: int, code: str, message: str) -> Fact:
    """StartWebRecord was called and no answer came: a task may have started."""
    return _fact("unanswered", at_ms, attempt=attempt, code=code, message=message)


def stop_requested(at_ms: int, why: str) -> Fact:
    """Somebody asked for the recording to end."""
    return _fact("stop_requested", at_ms, why=why)


def gave_up(at_ms: int, why: str, code: Code | None = None) -> Fact:
    """It will not be started (again); `code` is None as a former release stored it."""
    return _fact("gave_up", at_ms, why=why, **({"code": code.value} if code else {}))


def gone(at_ms: int, task_id: str) -> Fact:
    """TRTC does not know the task any more; it cannot say how it ended."""
    return _fact("gone", at_ms, task_id=task_id)


def runs(at_ms: int, task_id: str) -> Fact:
    """TRTC says that the task records, though a callback told its end."""
    return _fact("runs", at_ms, task_id=task_id)


def over(at_ms: int, task_id: str) -> Fact:
    """TRTC says that the task does not record, as a callback told."""
    return _fact("over", at_ms, task_id=task_id)


def looked(at_ms: int, task_id: str, files: dict[str, int], *, last: bool = True) -> Fact:
    """A task's files were listed; `files` are those that lie there, with their bytes.

    The `last` look settles the task: what was found by then is what there is. Before it more may be on its way.
    """
    return _fact("looked" if last else "listed", at_ms, task_id=task_id, files=files)


def filmed(task_id: str, film: Filmed) -> Fact:
    """A task's films were looked into; the raw figures are kept, so that the rules can change."""
    said = film.model_dump(mode="json", exclude={"at_ms"}, exclude_none=True)
    # In the order in which it is stored: what is derived from it now has the bytes of a replay.
    return _fact("film", film.at_ms, **json.loads(_ENCODER.encode({"task_id": task_id, **said})))


def stays(at_ms: int) -> Fact:
    """The recording was completed when news of before came: whoever was told so is not told otherwise."""
    return _fact("stays", at_ms)


def changed(at_ms: int, state: str) -> Fact:
    """The recording came into a state that its caller wants to hear of."""
    return _fact("changed", at_ms, state=state)


def notified(
    at_ms: int, webhook_id: str, attempt: int, error: str | None, *, state: str | None = None, ended: bool = False
) -> Fact:
    """A notification was sent; `error` is None when it was taken, `ended` where its receiver wants no more of any."""
    more: dict[str, object] = ({"state": state} if state else {}) | ({"ended": True} if ended else {})
    return _fact("notified", at_ms, webhook_id=webhook_id, attempt=attempt, error=error, **more)


def evidence_of_fact(fact: Fact) -> Evidence:
    """Return what one of our own facts says; an unknown kind says only that it is there."""
    return Evidence(facts={fact.name: fact.kind}, **_fact_says(fact))


def _fact_says(fact: Fact) -> dict[str, Any]:
    data, at_ms = _whole(fact.data) if _may_hold_halves(fact) else fact.data, fact.at_ms
    number_of = str(data.get("attempt"))
    if "task_id" in data and not is_task_id(fact.data["task_id"]):
        # A former release believed whatever TRTC answered.
        lost = Attempt(unanswered=(at_ms, UNREADABLE, "TRTC answered no TaskId that can be one"))
        return {"attempts": {number_of: lost}} if fact.kind == "accepted" else {}
    match fact.kind:
        case "attempt":
            return {"attempts": {number_of: Attempt(at_ms=at_ms)}}
        case "accepted":
            key = task_key_of(data["task_id"])
            attempt = Attempt(task_key=key, task_id=data["task_id"], request_id=data["request_id"])
            return {"attempts": {number_of: attempt}, "tasks": {key: Task(task_id=data["task_id"])}}
        case "refused":
            why = (at_ms, data["code"], data["message"])
            attempt = Attempt(refused=why, final=data["final"], request_id=data["request_id"])
            return {"attempts": {number_of: attempt}}
        case "unanswered":
            attempt = Attempt(unanswered=(at_ms, data["code"], data["message"]))
            return {"attempts": {number_of: attempt}}
        case "stop_requested":
            return {"stop": (at_ms, data["why"])}
        case "runs":
            return {"tasks": {task_key_of(data["task_id"]): Task(runs_ms=at_ms)}}
        case "over":
            return {"tasks": {task_key_of(data["task_id"]): Task(over_ms=at_ms)}}
        case "gone":
            return {"tasks": {task_key_of(data["task_id"]): Task(gone_ms=at_ms)}}
        case "looked" | "listed":
            files = {name: File(size=size) for name, size in sorted(data["files"].items())}
            when = {"settled_ms" if fact.kind == "looked" else "listed_ms": at_ms}
            return {"tasks": {task_key_of(data["task_id"]): Task(task_id=data["task_id"], files=files, **when)}}
        case "film":
            said = {name: data[name] for name in ("tries", "off", "files")}
            film = Filmed.model_validate({"at_ms": at_ms, **said})
            return {"tasks": {task_key_of(data["task_id"]): Task(task_id=data["task_id"], film=film)}}
        case "stays":
            return {"completed_ms": at_ms}
        case "changed":
            return {"changes": {f"{at_ms:013d}-{data['state']}": data["state"]}}
        case "notified":
            delivered = None if data["error"] else at_ms
            error = (at_ms, data["error"]) if data["error"] else None
            ended = error if data.get("ended") else None
            told = data.get("state") or told_by(data["webhook_id"])
            sent = Notification(attempts=data["attempt"], delivered_ms=delivered, error=error, ended=ended, state=told)
            return {"notifications": {data["webhook_id"]: sent}}
        case "gave_up":
            code = named(data["code"]) if "code" in data else former(data["why"])
            return {"gave_up": (at_ms, data["why"], code)}
    return {}


def unreadable(name: str) -> Evidence:
    """Return what a stored fact says that can't be read: that it is there."""
    return Evidence(facts={name: NOT_READ})
