"""Callbacks as TRTC sends them, for tests."""

from __future__ import annotations

import json
from typing import Any

from shared.domain.signature import sign

KEY = "abc123abc123abc1"
SDK_APP_ID = 1400000001
TASK = "Task+1/abc=."


def callback(event_type: int, payload: dict[str, Any], ms: int = 1_000, task: str = TASK, sent_ms: int = 0) -> bytes:
    """Return a webhook's body."""
    group = event_type // 100
    info = {"EventTs": ms // 1000, "EventMsTs": ms, "TaskId": task, "Payload": payload}
    if group == 3:
        info |= {"RoomId": "", "UserId": ""}
    envelope = {"EventGroupId": group, "EventType": event_type, "CallbackTs": sent_ms or ms + 5, "EventInfo": info}
    return json.dumps(envelope, indent="\t").encode()


def mp4_stop(
    status: int, ms: int, name: str = "a.mp4", start_ms: int = 1_000, end_ms: int = 2_000, task: str = TASK
) -> bytes:
    """Return event 310 with one file, its TaskId with the suffix it has for COS."""
    message = {
        "FileName": name,
        "UserId": "",
        "TrackType": "audio_video",
        "MediaId": "main",
        "StartTimeStamp": start_ms,
        "EndTimeStamp": end_ms,
    }
    payload = {"Status": status, "FileList": [name], "FileMessage": [message]}
    return callback(310, payload, ms, f"{task}_StartTimeMs_1700000000000")


def vod_commit(status: int, ms: int, file_id: str = "v1") -> bytes:
    """Return event 311; its times come as strings."""
    vod = {
        "UserId": "",
        "TrackType": "audio_video",
        "MediaId": "main",
        "FileId": file_id,
        "VideoUrl": f"https://vod.example.com/{file_id}.mp4",
        "CacheFile": f"{file_id}.mp4",
        "StartTimeStamp": "1000",
        "EndTimeStamp": "2000",
    }
    return callback(311, {"Status": status, "Errmsg": "" if status == 0 else "no", "TencentVod": vod}, ms)


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    """Return the headers TRTC sends with the body."""
    return {"Content-Type": "application/json", "Sign": sign(key, body), "SdkAppId": str(SDK_APP_ID)}
