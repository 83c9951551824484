"""Recordings in every state, as the API tells of them; neutral enough to be looked at."""

from __future__ import annotations

import time
from typing import Any

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
HOSTILE = "<img src=x onerror=\"window.hit='label'\">"
HOSTILE_URL = "https://example.com/\"><svg/onload=window.hit='url'>"
HOSTILE_REASON = "<script>window.hit='reason'</script><b>Goto url</b>"

SUSPECT = {
    "film": "suspect",
    "film_findings": [
        {"code": "silent_stretch", "words": "The sound is silent.", "file": "a.mp4", "from_ms": 0, "to_ms": 90_000}
    ],
}


def recording(number: int, state: str, **more: Any) -> dict[str, Any]:
    """Return one recording that was created `number` times 13 minutes ago."""
    created = time.time_ns() // 1_000_000 - number * 13 * MINUTE
    return {
        "recording_id": f"lesson-{4700 + number}",
        "state": state,
        "page_url": f"https://example.com/class?room={4700 + number}",
        "storage": "cos",
        "format": "mp4",
        "labels": {"room": str(4700 + number)},
        "created_ms": created,
        "task_id": "piwueUq",
        "attempts": 1,
        "files": [],
        "gaps": [],
        "notifications": [],
        "source": "http:backend",
        "timeline": [{"at_ms": created, "kind": "attempt", "text": "TRTC was asked to start, attempt 1"}],
        **more,
    }


def completed(number: int, **more: Any) -> dict[str, Any]:
    """Return a recording with two attempts, two files, a gap between them, and what happened."""
    base = recording(number, "completed")
    began = base["created_ms"] + 5 * SECOND
    spans = [(0, 21 * MINUTE), (23 * MINUTE, 46 * MINUTE)]
    return {
        **base,
        "started_ms": began,
        "ended_ms": began + 46 * MINUTE,
        "duration_ms": 44 * MINUTE,
        "billed_minutes": 47,
        "attempts": 2,
        "reason": None,
        "files": [
            {
                "name": f"lesson-{4700 + number}_{index}.mp4",
                "start_ms": began + start,
                "end_ms": began + end,
                "duration_ms": end - start,
                "size": 187_300_000 + 9_150_000 * index,
                "url": f"https://files.example.com/{index}.mp4",
                "url_expires_ms": began + 9 * HOUR,
            }
            for index, (start, end) in enumerate(spans)
        ],
        "gaps": [{"start_ms": began + 21 * MINUTE, "end_ms": began + 23 * MINUTE}],
        "timeline": [
            {"at_ms": began - 5 * SECOND, "kind": "attempt", "text": "TRTC was asked to start, attempt 1"},
            {"at_ms": began, "kind": "801.1", "text": "recording began"},
            {"at_ms": began + 21 * MINUTE, "kind": "801.3", "text": "the recorder failed and is started again"},
            {"at_ms": began + 22 * MINUTE, "kind": "attempt", "text": "TRTC was asked to start, attempt 2"},
            {"at_ms": began + 23 * MINUTE, "kind": "801.1", "text": "recording began"},
            {"at_ms": began + 46 * MINUTE, "kind": "stop_requested", "text": "a stop was requested: asked by backend"},
            {"at_ms": began + 46 * MINUTE + 900, "kind": "802", "text": "recording ended"},
            {"at_ms": began + 47 * MINUTE, "kind": "310.0", "text": "a file is uploaded"},
        ],
        "notifications": [
            {"webhook_id": "x-completed", "state": "completed", "attempts": 1, "delivered_ms": began + 48 * MINUTE}
        ],
        **more,
    }


def every_state() -> dict[str, dict[str, Any]]:
    """Return one recording in each state, the newest first."""
    now = time.time_ns() // 1_000_000
    failed = "the page could not be recorded: Goto url error net::ERR_NAME_NOT_RESOLVED"
    all_of_them = [
        recording(0, "scheduled", start_at_ms=now + 2 * HOUR, stop_at_ms=now + 3 * HOUR, timeline=[], attempts=0),
        recording(1, "queued", reason="TRTC has no place: RequestLimitExceeded", advice="nothing: the timer starts it"),
        recording(2, "starting"),
        recording(3, "recording", started_ms=now - 38 * MINUTE, labels={"room": "4703", "course": "代数 101"}),
        recording(4, "paused", started_ms=now - 50 * MINUTE, page_url="https://example.com/whiteboard"),
        recording(5, "stopping", started_ms=now - 60 * MINUTE),
        recording(6, "uploading", started_ms=now - 70 * MINUTE, ended_ms=now - MINUTE),
        completed(7, labels={"room": "4707", "course": "algebra-101", "team": "north"}),
        recording(8, "failed", reason=failed, advice="TRTC's browser must reach the page from the public internet"),
        recording(9, "lost", reason="no file was found an hour after the end", started_ms=now - 117 * MINUTE),
        completed(10, page_url="https://example.com/townhall/2026", format="hls", labels={}, **SUSPECT),
    ]
    return {each["recording_id"]: each for each in all_of_them}
