"""What each fact says: callbacks from TRTC, and the facts we write ourselves."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from shared.domain.callbacks import Callback, Event, moment_ms, unwrapped
from shared.domain.evidence import Attempt, Evidence, File, Filmed, Notification, Task
from shared.domain.ids import fact_name, task_key_of
from shared.domain.periods import CLOCKS_DIFFER_MS
from shared.domain.reasons import Code, former, named

MAX_NAME, MAX_ADDRESS = 850, 2_048
"""Characters of a name and of an address that an event may bring into the document; what is longer is neither."""
LATEST_FILE_MS = 10 * 86_400_000
"""A file whose time lies further back than this has no time that can be right."""

MAX_WORDS = 200
"""Letters of the recorder's words that the timeline shows."""

_WELL = frozenset({(Event.RECORDER_START, 1), (Event.RECORDER_STOP, 1)})  # what failed stands in the task's notes
_NOTHING_MORE = frozenset({"", "Success"})
_ENCODER = json.JSONEncoder(sort_keys=True)


class Fact(NamedTuple):
    """An immutable object about a recording.

    Attributes:
        kind: what happened.
        at_ms: when, epoch ms.
        data: what it says.
        body: the bytes stored; the same fact always has the same bytes.
        name: the name under `recordings/<id>/facts/`.
    """

    kind: str
    at_ms: int
    data: dict[str, Any]
    body: bytes
    name: str


def _fact(kind: str, at_ms: int, data: dict[str, Any]) -> Fact:
    body = _ENCODER.encode({"kind": kind, "at_ms": at_ms, **data}).encode()
    return Fact(kind, at_ms, data, body, fact_name(at_ms, kind, body))


def read_fact(body: bytes) -> Fact:
    """Read a fact that was stored.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, RecursionError: it is not one.
    """
    data = json.loads(body)
    return _fact(data.pop("kind"), data.pop("at_ms"), data)


def attempted(attempt: int, at_ms: int) -> Fact:
    """StartWebRecord is about to be called; written before the call."""
    return _fact("attempt", at_ms, {"attempt": attempt})


def accepted(attempt: int, at_ms: int, task_id: str, request_id: str | None) -> Fact:
    """TRTC started a task for the attempt, or named the one that it had started."""
    return _fact("accepted", at_ms, {"attempt": attempt, "task_id": task_id, "request_id": request_id})


def refused(attempt: int, at_ms: int, code: str, message: str, request_id: str | None, *, final: bool) -> Fact:
    """TRTC refused the attempt; `final` forbids another try."""
    data = {"attempt": attempt, "code": code, "message": message, "request_id": request_id, "final": final}
    return _fact("refused", at_ms, data)


def unanswered(attempt: int, at_ms: int, code: str, message: str) -> Fact:
    """StartWebRecord was called and no answer came: a task may have started."""
    return _fact("unanswered", at_ms, {"attempt": attempt, "code": code, "message": message})


def stop_requested(at_ms: int, why: str) -> Fact:
    """Somebody asked for the recording to end."""
    return _fact("stop_requested", at_ms, {"why": why})


def gave_up(at_ms: int, why: str, code: Code | None = None) -> Fact:
    """It will not be started (again); `code` is None as a former release stored it."""
    return _fact("gave_up", at_ms, {"why": why} | ({"code": code.value} if code else {}))


def gone(at_ms: int, task_id: str) -> Fact:
    """TRTC does not know the task any more; it cannot say how it ended."""
    return _fact("gone", at_ms, {"task_id": task_id})


def looked(at_ms: int, task_id: str, files: dict[str, int], *, last: bool = True) -> Fact:
    """A task's files were listed; `files` are those that lie there, with their bytes.

    The `last` look settles the task: what was found by then is what there is. Before it more may be on its way.
    """
    return _fact("looked" if last else "listed", at_ms, {"task_id": task_id, "files": files})


def filmed(task_id: str, film: Filmed) -> Fact:
    """A task's films were looked into; the raw figures are kept, so that the rules can change."""
    said = film.model_dump(mode="json", exclude={"at_ms"}, exclude_none=True)
    # In the order in which it is stored: what is derived from it now has the bytes of a replay.
    return _fact("film", film.at_ms, json.loads(_ENCODER.encode({"task_id": task_id, **said})))


def changed(at_ms: int, state: str) -> Fact:
    """The recording came into a state that its caller wants to hear of."""
    return _fact("changed", at_ms, {"state": state})


def notified(at_ms: int, webhook_id: str, attempt: int, error: str | None, *, ended: bool = False) -> Fact:
    """A notification was sent; `error` is None when it was taken, `ended` where its receiver wants no more of any."""
    said = {"webhook_id": webhook_id, "attempt": attempt, "error": error}
    return _fact("notified", at_ms, said | ({"ended": True} if ended else {}))


def evidence_of_fact(fact: Fact) -> Evidence:
    """Return what one of our own facts says; an unknown kind says only that it is there."""
    return Evidence(facts={fact.name: fact.kind}, **_fact_says(fact))


def _fact_says(fact: Fact) -> dict[str, Any]:
    data, at_ms = fact.data, fact.at_ms
    number_of = str(data.get("attempt"))
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
        case "changed":
            return {"changes": {f"{at_ms:013d}-{data['state']}": data["state"]}}
        case "notified":
            delivered = None if data["error"] else at_ms
            error = (at_ms, data["error"]) if data["error"] else None
            ended = error if data.get("ended") else None
            sent = Notification(attempts=data["attempt"], delivered_ms=delivered, error=error, ended=ended)
            return {"notifications": {data["webhook_id"]: sent}}
        case "gave_up":
            code = named(data["code"]) if "code" in data else former(data["why"])
            return {"gave_up": (at_ms, data["why"], code)}
    return {}


def unreadable(name: str) -> Evidence:
    """Return what a stored fact says that can't be read: that it is there."""
    return Evidence(facts={name: "unreadable"})


def evidence_of_callback(callback: Callback) -> Evidence:
    """Return what a webhook says; an unknown type says only that it came."""
    says = _task_says(callback)
    status = callback.status
    label = f"{callback.type}" if status is None else f"{callback.type}.{status}"
    evidence = Evidence(tasks={callback.task_key: says}, facts={callback.name: label})
    words = _said(callback.payload.get("EventMessage"))[:MAX_WORDS] if (callback.type, status) in _WELL else ""
    return evidence if words in _NOTHING_MORE else evidence.model_copy(update={"said": {callback.name: words}})


def _task_says(callback: Callback) -> Task:
    ms, payload, status = callback.event_ms, callback.payload, callback.status
    message = _said(payload.get("EventMessage")) or _said(payload.get("Errmsg"))
    match (callback.type, status):
        case (Event.RECORDER_START, 1):
            return Task(began_ms=ms)
        case (Event.RECORDER_START, 2):
            return Task(not_started=(ms, message))
        case (Event.RECORDER_START, 5):
            return Task(terminated=(ms, message))
        case (Event.RECORDER_STOP, _):
            return Task(ended_ms=ms)
        case (Event.RECORDER_STATUS_UPDATE, 2 | 3):
            return Task(paused=(ms, status == 2))
        case (Event.RECORDER_RESOURCE_LIMIT, _):
            return Task(ended_ms=ms, over_limit=(ms, message))
        case (Event.FILE_INFO, _):
            return Task(files=_files(callback))
        case (Event.UPLOAD_STOP, 0 | 2):
            empty_ms = _empty_ms(callback)
            covered_ms = ms if empty_ms is None else None  # no file covers nothing
            told = File(told_ms=ms)
            return Task(closed_ms=ms, covered_ms=covered_ms, files=_files(callback), empty_ms=empty_ms, rest=told)
        case (Event.UPLOAD_STOP, 1):
            return Task(held=(ms, message), files=_files(callback), rest=File(held_ms=ms))
        case (Event.MP4_STOP | Event.VOD_COMMIT, 1):
            return Task(held=(ms, message), **_each(callback, File(held_ms=ms)))
        case (Event.MP4_STOP | Event.VOD_COMMIT, 0):
            files, told = _files(callback), File(told_ms=ms)
            covered_ms, empty_ms = _covered_ms(callback, files), _empty_ms(callback)
            return Task(covered_ms=covered_ms, empty_ms=empty_ms, **(_each(callback, told) | {"rest": told}))
        case (Event.MP4_STOP | Event.VOD_COMMIT, 2):
            failed_to_ms = _covered_ms(callback, _files(callback))
            words = _each(callback, File(failed_ms=ms))
            return Task(broken=(ms, message or "upload failed"), failed_to_ms=failed_to_ms, **words)
        case (Event.UPLOAD_STOP | Event.MP4_STOP | Event.VOD_COMMIT, _):
            return Task(files=_files(callback))  # it names files, and does not say what became of them
        case (Event.UPLOAD_START, 0):
            return Task(rest=File(begun_ms=ms))
        case (Event.UPLOAD_START, 1):
            return Task(broken=(ms, message or "upload did not start"), rest=File(failed_ms=ms))
        case (Event.VOD_STOP, 0):
            return Task(closed_ms=ms)
        case (Event.VOD_STOP, 1):
            why = (ms, message or "upload to VOD ended abnormally")
            return Task(broken=why, failed_to_ms=ms, rest=File(failed_ms=ms))
        case (Event.CDN_STATUS, int()):
            url = (_name(payload.get("Url")) or "").split("?")[0]
            return Task(relay={url: (ms, status or 0, _said(payload.get("ErrorMsg")))})
    return Task()


def _each(callback: Callback, word: File) -> dict[str, Any]:
    """Return the files that an event names, each with its word; where it names none, the rest with it."""
    files = {name: file.join(word) for name, file in _files(callback).items()}
    return {"files": files} if files else {"rest": word}


def _names(value: object) -> list[str]:
    """Return the names in a list, or the one; COS has no key longer than 850 bytes."""
    found = unwrapped(value)
    values = found if isinstance(found, list) else [found]
    return [_text(name) for name in values if isinstance(name, str) and 0 < len(name) <= MAX_NAME]


def _text(value: object) -> str:
    """Return text that can be stored: JSON may hold halves of characters, which UTF-8 can't."""
    return str(value).encode("utf-8", "replace").decode()


def _files(callback: Callback) -> dict[str, File]:
    """Return every file that the event names, in whichever of its fields."""
    payload = callback.payload
    files = {name: File() for name in [*_names(payload.get("FileList")), *_names(payload.get("FileName"))]}
    for message in [*_records(payload.get("FileList")), *_records(payload.get("FileMessage"))]:
        files |= {name: _file(message, callback.event_ms) for name in _names(message.get("FileName"))}
    for vod in _records(payload.get("TencentVod")):
        file_id = _name(vod.get("FileId"))
        url = _name(vod.get("VideoUrl"))
        if name := _name(vod.get("CacheFile")) or file_id or url:
            files[name] = _file(vod, callback.event_ms).model_copy(update={"file_id": file_id, "url": url})
    own = {_in_folder(name, callback.task_id): file for name, file in files.items()}
    return dict(sorted(own.items()))  # joined mappings are sorted; what is alone must look the same


def _in_folder(name: str, task_id: str) -> str:
    """Return a file's name in its task's folder; some events name it with the folders that it is in."""
    folder, _, last = name.rpartition("/")
    return last if last and task_id and f"/{folder}".endswith(f"/{task_id}") else name


def _covered_ms(callback: Callback, files: dict[str, File]) -> int | None:
    """Return up to when the files of an upload that went well hold everything; None where they are said to be none.

    A file that was uploaded late was cut off long before: its own end counts. Without one it is the event's time.
    """
    if _empty_ms(callback) is not None:
        return None
    ends = [file.end_ms for file in files.values()]
    known = [end_ms + CLOCKS_DIFFER_MS for end_ms in ends if end_ms]
    return max(known) if known and len(known) == len(ends) else max([callback.event_ms, *known])


def _empty_ms(callback: Callback) -> int | None:
    """Return when the event said, by an empty list, that it is over and there is no file."""
    said = unwrapped(callback.payload.get("FileList")) in ([], "")
    return callback.event_ms if said and not _files(callback) else None


def _records(value: object) -> list[dict[str, Any]]:
    found = unwrapped(value)
    values = found if isinstance(found, list) else [found]
    return [record for each in values if isinstance(record := unwrapped(each), dict)]


def _name(value: object) -> str | None:
    """Return a name that may have come as a number."""
    named = isinstance(value, str | int) and not isinstance(value, bool) and value
    return _text(value) if named and len(str(value)) <= MAX_ADDRESS else None


def _said(value: object) -> str:
    return _text(value)[:500] if isinstance(value, str | int | float) and value else ""


def _file(message: dict[str, Any], told_ms: int) -> File:
    track = message.get("TrackType")
    return File(
        start_ms=_time_of_file(message.get("StartTimeStamp"), told_ms),
        end_ms=_time_of_file(message.get("EndTimeStamp"), told_ms),
        track=_text(track)[:MAX_NAME] if isinstance(track, str) else None,
    )


def _time_of_file(value: object, told_ms: int) -> int | None:
    """Return a file's time, where it lies before the event that told it; a late upload is days late at most."""
    ms = moment_ms(value)
    return ms if ms is not None and told_ms - LATEST_FILE_MS <= ms <= told_ms + CLOCKS_DIFFER_MS else None
