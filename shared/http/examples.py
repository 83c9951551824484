"""Examples in the API's description; `tests/shared/test_openapi.py` checks each against its model and the API."""

from __future__ import annotations

from typing import Any

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
        {"at_ms": 1796086800000, "kind": "attempt", "text": "TRTC was asked to start, attempt 1"},
        {"at_ms": 1796086800400, "kind": "accepted", "text": "TRTC made a task"},
        {"at_ms": 1796086805200, "kind": "801.1", "text": "recording began"},
        {"at_ms": 1796090400000, "kind": "802.0", "text": "recording ended"},
        {"at_ms": 1796090406000, "kind": "310.0", "text": "a file is uploaded"},
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
PROBLEM: Json = {
    "type": "urn:scf-webrecord:problem:invalid-request",
    "title": "The request is not valid",
    "status": 422,
    "detail": "MaxDurationLimit: must be at least 1800, not 60",
    "request_id": "8c1f0f4e-0000-4000-8000-000000000000",
    "errors": [{"path": "MaxDurationLimit", "message": "must be at least 1800, not 60"}],
}
