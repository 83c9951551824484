"""Examples in the API's description; `tests/functions/test_openapi.py` checks each against its model and the API."""

from __future__ import annotations

from typing import Any

from shared import __version__
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    Damaged,
    InvalidRequest,
    MalformedJson,
    NotFound,
    PageNotAllowed,
    ParametersRefused,
    RecorderBusy,
    RecorderError,
    RecorderMisconfigured,
    RepeatedHeader,
    ReplyTooLarge,
    StoreRefused,
    TooLarge,
    Unauthorized,
    UnsupportedMediaType,
)
from shared.domain.reasons import Code
from shared.domain.words import words_of
from shared.domain.wrongs import Wrong

Json = dict[str, Any]

REQUEST: Json = {
    "RecordUrl": "https://example.com/class?room=4711",
    "MaxDurationLimit": 7200,
    "Format": "mp4",
    "Labels": {"room": "4711"},
}
SCHEDULED: Json = {
    "RecordUrl": "https://example.com/class?room=4711",
    "StartAt": "2027-01-31T09:00:00+08:00",
    "StopAt": "2027-01-31T10:30:00+08:00",
    "Storage": "cos",
    "NotifyOn": "changes",
}
_REQUESTED: Json = {
    "recording_id": "lesson-4711",
    "page_url": "https://example.com/class?room=4711",
    "storage": "cos",
    "format": "mp4",
    "labels": {"room": "4711"},
    "created_ms": 1796086800000,
    "source": "http:backend",
}
_NOTHING_YET: Json = {"files": [], "gaps": [], "attempts": 1}
_TASK = "EXAMPLE-task_1"
STARTED: Json = {**_REQUESTED, **_NOTHING_YET, "state": "starting", "task_id": _TASK}
QUEUED: Json = {
    **_REQUESTED,
    **_NOTHING_YET,
    "state": "queued",
    "reason_code": "trtc_full",
    "reason": "FailedOperation.RestrictedConcurrency: too many concurrent tasks",
}
TO_COME: Json = {
    **_REQUESTED,
    **_NOTHING_YET,
    "state": "scheduled",
    "attempts": 0,
    "start_at_ms": 1801357200000,
    "stop_at_ms": 1801362600000,
    "created_ms": 1796050000000,
}
RECORDING: Json = {**STARTED, "state": "recording", "started_ms": 1796086805200}
STOPPING: Json = {**RECORDING, "state": "stopping"}
CANCELLED: Json = {
    **TO_COME,
    "state": "cancelled",
    "reason_code": "cancelled",
    "reason": "stopped before it started: asked by backend",
}


def _file(number: int, start_ms: int, end_ms: int) -> Json:
    name = f"1400000001_lesson-4711-{number}.mp4"
    return {
        "name": name,
        "task_id": _TASK,
        "bucket": "webrecord-1250000000",
        "region": "ap-guangzhou",
        "key": f"webrecord/files/lesson-4711/{_TASK}/{name}",
        "start_ms": start_ms,
        "end_ms": end_ms,
        "duration_ms": end_ms - start_ms,
    }


COMPLETED: Json = {
    **RECORDING,
    "state": "completed",
    "ended_ms": 1796090400000,
    "duration_ms": 3594800,
    "files": [_file(1, 1796086805200, 1796088605200), _file(2, 1796088605200, 1796090400000)],
    "film": "good",
}
FAILED: Json = {
    **STARTED,
    "state": "failed",
    "reason_code": "page_name",
    "reason": "the page could not be recorded: net::ERR_NAME_NOT_RESOLVED",
    "attempts": 3,
}
PAGE: Json = {"recordings": [COMPLETED], "next_cursor": "ZXhhbXBsZQ"}
_AT: Json = {"at_ms": 1796086800000}
_ASKED: Json = {**_AT, "kind": "attempt", "text": "TRTC was asked to start, attempt 1", "code": "attempt", "said": "1"}
DETAIL: Json = {
    **COMPLETED,
    "files": [
        {
            **file,
            "size": 743000000,
            "url": f"https://webrecord-1250000000.cos.ap-guangzhou.myqcloud.com/{file['key']}?q-sign-algorithm=sha1&q-ak=…",
            "url_expires_ms": 1796090900000,
        }
        for file in COMPLETED["files"]
    ],
    "billed_minutes": 60,
    "timeline": [
        _ASKED,
        {"at_ms": 1796086800400, "kind": "accepted", "text": "TRTC made a task", "code": "accepted"},
        {"at_ms": 1796086805200, "kind": "801.1", "text": "recording began", "code": "801.1"},
        {"at_ms": 1796090400000, "kind": "802.0", "text": "recording ended", "code": "802"},
        {"at_ms": 1796090406000, "kind": "310.0", "text": "a file is uploaded", "code": "310.0"},
    ],
    "notifications": [],
}
DETAIL_RECORDING: Json = {**RECORDING, "timeline": DETAIL["timeline"][:3], "notifications": []}
DETAIL_FAILED: Json = {
    **FAILED,
    "advice_code": "page_name",
    "advice": words_of("advice")[Code.PAGE_NAME],
    "timeline": [_ASKED],
    "notifications": [],
}


def _notification(state: str, timestamp: str, data: Json) -> Json:
    now = {"state": state, "current_state": data["state"], "data": data}
    return {"type": f"recording.{state}", "timestamp": timestamp, **now}


NOTIFIED_COMPLETED = _notification("completed", "2026-12-01T02:00:06+00:00", COMPLETED)
NOTIFIED_FAILED = _notification("failed", "2026-12-01T01:03:40+00:00", FAILED)
NOTIFIED_LATE = _notification("paused", "2026-12-01T02:00:06+00:00", COMPLETED)
PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXTINF:10.000,
https://webrecord-1250000000.cos.ap-guangzhou.myqcloud.com/webrecord/files/lesson-4711/EXAMPLE-task_1/0.ts?q-ak=…
#EXT-X-ENDLIST
"""
HEALTH: Json = {"status": "ok", "version": __version__}
EVENTS: Json = {
    "events": [
        {
            "name": "1796086805200-801-0123456789abcdef",
            "received_ms": 1796086805900,
            "body": {
                "EventGroupId": 8,
                "EventType": 801,
                "CallbackTs": 1796086805800,
                "EventInfo": {
                    "EventMsTs": 1796086805200,
                    "TaskId": "EXAMPLE-task_1",
                    "Payload": {"Status": 1, "EventMessage": "Success"},
                },
            },
        }
    ]
}
REQUEST_ID = "8c1f0f4e-0000-4000-8000-000000000000"
_TRTC = "0aaf9c5e-0000-4000-8000-000000000000"
NO_TOKEN = Unauthorized("no token was sent; send `Authorization: Bearer <token>`")
TWO_VALUES = RepeatedHeader("authorization: send it once, or every time with the same value")
SETTING = ConfigurationError("WEBRECORD_BUCKET: Field required")
OURS = Exception()
UNREADABLE = Damaged("the stored request of recording lesson-4711 can't be read")
NOBODY = NotFound("there is no recording lesson-4711")
NO_PLAYLIST = NotFound("recording lesson-4711 has no playlist lesson.m3u8")
NOT_JSON = MalformedJson("not a JSON document: EOF while parsing an object at line 1 column 1")
REFUSED = ParametersRefused("InvalidParameter.PublishCdnParams", "the address can't be relayed to", _TRTC)
PRIVATE = PageNotAllowed("the page's host 10.0.0.1 is private; WEBRECORD_ALLOWED_HOSTS must name it in full")
OTHER_REQUEST = Conflict("the id lesson-4711 was used for a different request")
RUNS = Conflict("recording lesson-4711 is recording: stop it, and delete it when it is over")
LONG_BODY = TooLarge("a request holds at most 1000000 bytes, this one 1000001")
LONG_REPLY = ReplyTooLarge("the reply would have 7340032 bytes; read the files from the bucket")
FORM = UnsupportedMediaType("send application/json, not application/x-www-form-urlencoded")
NO_RIGHT = RecorderMisconfigured("AuthFailure.UnauthorizedOperation", "the role may not call this action", _TRTC)
UNKNOWN_CODE = RecorderError("FailedOperation", "an error without a description", _TRTC)
TRTC_FULL = RecorderBusy("RequestLimitExceeded", "too many requests", _TRTC, answered=True)
COME_BACK = CallerMustRetry("TRTC is full, and keys are not kept: send it again with the same Idempotency-Key", 30)
NO_STORE = StoreRefused("GET recordings/lesson-4711/request.json", 503, "ServiceUnavailable")


def wrong(path: str, code: str, value: str = "", **values: object) -> InvalidRequest:
    """Return the error of one field, by its code; `value` is shown behind its sentence."""
    return InvalidRequest([Wrong(code, "", **values).at(path, value)])
