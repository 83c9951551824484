"""The events that are measured, the functions' environment, and a bucket that has something in it."""

from __future__ import annotations

import json
import os
from typing import Any

from local import scf_events
from local.config import BUCKET, REGION
from shared.domain import keys
from shared.domain.callbacks import parse_callback
from shared.store import journal, writer
from testing.callbacks import KEY, SDK_APP_ID, callback, mp4_stop, signed
from testing.world import World

TOKEN = "bench-token-0123456789"  # noqa: S105 (of no deployment)
PREFIX = "webrecord"
NOW_MS = 1_800_000_000_000
LONGEST_MS = 36_000_000
"""MaxDurationLimit at most: the measured recordings are this long."""


def environment(server: str) -> dict[str, str]:
    """Return a function's variables, as SCF sets them; all calls go to the server."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "x",
        "TENCENTCLOUD_SECRETID": "AKIDrole",
        "TENCENTCLOUD_SECRETKEY": "role-secret-key",
        "TENCENTCLOUD_SESSIONTOKEN": "role-session-token",
        "WEBRECORD_SDK_APP_ID": str(SDK_APP_ID),
        "WEBRECORD_TRTC_REGION": REGION,
        "WEBRECORD_TRTC_ENDPOINT": server,
        "WEBRECORD_BUCKET": BUCKET,
        "WEBRECORD_BUCKET_REGION": REGION,
        "WEBRECORD_COS_ENDPOINT": server,
        "WEBRECORD_STORAGE_SECRET_ID": "AKIDupload",
        "WEBRECORD_STORAGE_SECRET_KEY": "upload-secret-key",
        "WEBRECORD_CALLBACK_KEYS": KEY,
        "WEBRECORD_API_TOKENS": f"bench:{TOKEN}",
    }


def invocation(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return what the platform hands over."""
    return {"event": event, "context": scf_events.context(function, "request-1", 256, 60, REGION)}


def start_event() -> dict[str, Any]:
    """Return a call that starts a recording."""
    body = {"RecordUrl": "https://example.com/class?room=4711", "MaxDurationLimit": 7_200}
    return _call("POST", "/recordings", json.dumps(body).encode())


def get_event(recording_id: str) -> dict[str, Any]:
    """Return a call that reads a recording."""
    return _call("GET", f"/recordings/{recording_id}", b"")


def list_event() -> dict[str, Any]:
    """Return a call that lists the newest recordings."""
    event = _call("GET", "/recordings", b"")
    return {**event, "queryString": {"limit": "10"}}


def stop_event(recording_id: str) -> dict[str, Any]:
    """Return a call that stops a recording."""
    return _call("POST", f"/recordings/{recording_id}/stop", b"")


def tick_event() -> dict[str, Any]:
    """Return the timer's event."""
    return scf_events.timer_event("every-minute")


def callback_event(number: int, task: str, *, last: bool = False) -> dict[str, Any]:
    """Return a callback of a task: one in the middle of it, or its last; every number is another fact."""
    ms = NOW_MS + LONGEST_MS + number
    body = mp4_stop(0, ms, f"{number}.mp4", NOW_MS, ms, task) if last else middle(number, ms, task)
    return scf_events.function_url_event("POST", "/", {}, signed(body), body, "203.0.113.8")


def middle(number: int, ms: int, task: str) -> bytes:
    """Return a callback in the middle of a task: it paused, or went on."""
    return callback(803, {"Status": 2 if number % 2 else 1}, ms, task)


def recording(facts: int, recording_id: str) -> tuple[str, dict[str, bytes]]:
    """Return the TaskId and the objects, by key, of a running recording with so many callbacks, evenly spread."""
    world = World()
    world.clock.now = NOW_MS
    outcome = world.start(recording_id)
    task = outcome.recording.task_id
    assert task is not None
    for number in range(facts):
        body = middle(number, NOW_MS + 10_000 + number * (LONGEST_MS - 20_000) // facts, task)
        read = parse_callback(body)
        world.store.put(f"{keys.task_facts(read.task_key)}{read.name}.json", body)
    writer.save(world.store, journal.find(world.store, recording_id), NOW_MS)
    return task, {f"{PREFIX}/{key}": item.body for key, item in world.store.objects.items()}


def _call(method: str, path: str, body: bytes) -> dict[str, Any]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    return scf_events.function_url_event(method, path, {}, headers, body, "203.0.113.7")
