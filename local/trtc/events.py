"""Event types, payloads and EventInfo of the web-recording callbacks, as the webhook document writes them."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.trtc.ports import Sender

__all__ = ["Emitter", "RecordedFile"]

log = logging.getLogger(__name__)

RECORDER_START, RECORDER_STOP, RECORDER_UPDATE, RECORDER_LIMIT = 801, 802, 803, 804
UPLOAD_START, FILE_INFO, UPLOAD_STOP, FILE_SLICE = 303, 304, 305, 307
MP4_STOP, VOD_COMMIT, VOD_STOP = 310, 311, 312
CDN_STATUS = 401
TRACK_TYPE = "audio_video"  # a page is recorded as one mixed stream


@dataclass(frozen=True)
class RecordedFile:
    """A complete file of the recorder; times in ms since 1970."""

    name: str
    kind: str
    start_ms: int
    end_ms: int

    @property
    def message(self) -> dict[str, Any]:
        """Return the file's entry of FileMessage."""
        return {
            "FileName": self.name, "UserId": "", "TrackType": TRACK_TYPE, "MediaId": "main",
            "StartTimeStamp": self.start_ms, "EndTimeStamp": self.end_ms,
        }  # fmt: skip


class Emitter:
    """Writes one task's events and hands them to the sender. The group is the type's first digit."""

    def __init__(self, sender: Sender, sdk_app_id: int, task_id: str) -> None:
        self._sender = sender
        self._sdk_app_id = sdk_app_id
        self._task_id = task_id
        self.troubles: list[str] = []
        """What went wrong, for the local tools: more than the documented events can say."""
        self.hopeless = False

    def complain(self, message: str, *, hopeless: bool = False) -> None:
        """Write down, once, what the caller has to know; `hopeless` where no whole film comes without help."""
        self.hopeless |= hopeless
        if message not in self.troubles:
            self.troubles.append(message)
            log.warning("%s", message)

    def emit(self, event_type: int, payload: Mapping[str, Any], *, task_id: str | None = None) -> None:
        """Send one event that happens now."""
        now_ms = time.time_ns() // 1_000_000
        info: dict[str, Any] = {
            "EventMsTs": now_ms,
            "EventTs": now_ms // 1000,
            "TaskId": task_id or self._task_id,
        }
        if event_type // 100 in {
            3,
            4,
        }:  # a page has neither room nor user: empty, but there
            info |= {"RoomId": "", "UserId": ""}
        self._sender.send(self._sdk_app_id, event_type // 100, event_type, {**info, "Payload": dict(payload)})

    def recorder(self, event_type: int, status: int, message: str) -> None:
        """Send an event of group 8."""
        self.emit(event_type, {"EventMessage": message, "Status": status})

    def mp4(self, status: int, file: RecordedFile) -> None:
        """Send 310: status 0 uploaded, 1 still on the server, 2 abnormal. Its TaskId carries a start time."""
        self.emit(
            MP4_STOP,
            {"Status": status, "FileList": [file.name], "FileMessage": [file.message]},
            task_id=f"{self._task_id}_StartTimeMs_{file.start_ms:013d}",
        )

    def slice(self, file: RecordedFile) -> None:
        """Send 307 for one HLS slice."""
        self.emit(
            FILE_SLICE,
            {"FileName": file.name, "UserId": "", "TrackType": TRACK_TYPE, "BeginTimeStamp": file.start_ms},
        )

    def vod(self, status: int, file: RecordedFile, file_id: str, url: str, cache_file: str, error: str = "") -> None:
        """Send 311: status 0 in VOD, 1 still on the server, 2 failed."""
        vod = {
            "UserId": "", "TrackType": TRACK_TYPE, "MediaId": "main", "FileId": file_id, "VideoUrl": url,
            "CacheFile": cache_file, "StartTimeStamp": file.start_ms, "EndTimeStamp": file.end_ms,
        }  # fmt: skip
        self.emit(VOD_COMMIT, {"Status": status, "TencentVod": vod} | ({"Errmsg": error} if error else {}))

    def cdn(self, url: str, status: int, error: str = "") -> None:
        """Send 401: 0 ended, 1 connecting, 2 running, 3 recovering, 4 failed, 5 disconnecting."""
        self.emit(CDN_STATUS, {"Url": url, "Status": status, "ErrorCode": 1 if error else 0, "ErrorMsg": error})
