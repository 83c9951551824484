"""Examples in the API's description; `tests/functions/test_openapi.py` checks each against its model and the API."""

from __future__ import annotations

from typing import Any

from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    Damaged,
    FieldError,
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

Json = dict[str, Any]

REQUEST: Json = {
    "RecordUrl": "https://example.com/class?room=4711",
    "MaxDurationLimit": 7200,
    "Format": "mp4",
    "Labels": {"room": "4711"},
}
SCHEDULED: Json = {
    "RecordUrl": "https://example.com/class?room=4711",
    "StartAt": "2026-12-01T09:00:00+08:00",
    "StopAt": "2026-12-01T10:30:00+08:00",
    "Storage": "cos",
    "NotifyOn": "changes",
}
OVERVIEW: Json = {
    "recording_id": "lesson-4711",
    "state": "completed",
    "page_url": "https://example.com/class?room=4711",
    "storage": "cos",
    "format": "mp4",
    "labels": {"room": "4711"},
    "created_ms": 1796086800000,
    "started_ms": 1796086805200,
    "ended_ms": 1796090400000,
    "duration_ms": 3594800,
    "task_id": "EXAMPLE-task_1",
    "files": [
        {
            "name": "1400000001_lesson-4711-1.mp4",
            "task_id": "EXAMPLE-task_1",
            "bucket": "webrecord-1250000000",
            "region": "ap-guangzhou",
            "key": "webrecord/files/lesson-4711/EXAMPLE-task_1/1400000001_lesson-4711-1.mp4",
            "start_ms": 1796086805200,
            "end_ms": 1796090400000,
            "duration_ms": 3594800,
        }
    ],
    "gaps": [],
    "attempts": 1,
    "source": "http:backend",
}
PAGE: Json = {"recordings": [OVERVIEW], "next_cursor": "ZXhhbXBsZQ"}
DETAIL: Json = {
    **OVERVIEW,
    "billed_minutes": 60,
    "timeline": [
        {
            "at_ms": 1796086800000,
            "kind": "attempt",
            "text": "TRTC was asked to start, attempt 1",
            "code": "attempt",
            "said": "1",
        },
        {"at_ms": 1796086800400, "kind": "accepted", "text": "TRTC made a task", "code": "accepted"},
        {"at_ms": 1796086805200, "kind": "801.1", "text": "recording began", "code": "801.1"},
        {"at_ms": 1796090400000, "kind": "802.0", "text": "recording ended", "code": "802"},
        {"at_ms": 1796090406000, "kind": "310.0", "text": "a file is uploaded", "code": "310.0"},
    ],
    "notifications": [],
}
NOTIFICATION: Json = {
    "type": "recording.paused",
    "timestamp": "2026-11-30T13:41:36+00:00",
    "state": "paused",
    "current_state": "completed",
    "data": OVERVIEW,
}
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


def wrong(path: str, message: str) -> InvalidRequest:
    """Return the error of one field."""
    return InvalidRequest([FieldError(path, message)])
