"""What a callback of TRTC says about its task, as evidence. Pure, and total: its values are a stranger's."""

from __future__ import annotations

from typing import Any

from shared.domain.callbacks import Callback, Event, moment_ms, unwrapped
from shared.domain.evidence import Evidence, File, Task
from shared.domain.periods import CLOCKS_DIFFER_MS
from shared.domain.redaction import redact_named, whole

MAX_NAME, MAX_ADDRESS = 850, 2_048
"""Characters of a name and of an address that an event may bring into the document; what is longer is neither."""
LATEST_FILE_MS = 10 * 86_400_000
"""A file whose time lies further back than this has no time that can be right."""
MAX_WORDS = 200
"""Letters of the recorder's words that the timeline shows."""
_WELL = frozenset({(Event.RECORDER_START, 1), (Event.RECORDER_STOP, 1)})  # what failed stands in the task's notes
_NOTHING_MORE = frozenset({"", "Success"})


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
    return [whole(name) for name in values if isinstance(name, str) and 0 < len(name) <= MAX_NAME]


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
    return whole(value) if named and len(str(value)) <= MAX_ADDRESS else None


def _said(value: object) -> str:
    # By form alone: a replay makes the same of it, and no function knows the secrets of all.
    return redact_named(whole(value))[:500] if isinstance(value, str | int | float) and value else ""


def _file(message: dict[str, Any], told_ms: int) -> File:
    track = message.get("TrackType")
    return File(
        start_ms=_time_of_file(message.get("StartTimeStamp"), told_ms),
        end_ms=_time_of_file(message.get("EndTimeStamp"), told_ms),
        track=whole(track)[:MAX_NAME] if isinstance(track, str) else None,
    )


def _time_of_file(value: object, told_ms: int) -> int | None:
    """Return a file's time, where it lies before the event that told it; a late upload is days late at most."""
    ms = moment_ms(value)
    return ms if ms is not None and told_ms - LATEST_FILE_MS <= ms <= told_ms + CLOCKS_DIFFER_MS else None
