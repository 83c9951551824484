"""What a task needs from outside: a recorder, an uploader, a sender of callbacks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local.recorder.job import FINISH_S, FPS
from local.trtc.parameters import CosTarget, Format, MobileParameters

__all__ = ["Event", "PageRecorder", "RecorderFactory", "RecorderJob", "Sender", "UploadError", "Uploader"]

Event = Mapping[str, Any]
"""One line of the recorder's protocol: `{"event": "started"|"progress"|"refreshed"|"file"|"crashed"|…}`."""


@dataclass(frozen=True)
class RecorderJob:
    """What to record; sizes in pixels (0 is the recorder's default), times in seconds, at most `fps` pictures a second.

    The recorder names its files `<file_stem>…`, in `work_dir`, which is absolute. `relays` are RTMP addresses by
    their number, tried again every `relay_retry_s` and given up after `relay_give_up_s`. After a stop it has `finish_s`
    for its files.
    """

    page_url: str = field(repr=False)
    width: int
    height: int
    format: Format
    work_dir: Path
    max_duration_s: float
    max_media_file_s: float
    ready_timeout_s: float
    goto_timeout_s: float
    file_stem: str
    mobile: MobileParameters | None = None
    relays: dict[int, str] = field(default_factory=dict, repr=False)
    relay_retry_s: float = 5.0
    relay_give_up_s: float = 60.0
    finish_s: float = FINISH_S
    fps: int = FPS

    def as_json(self) -> dict[str, Any]:
        """Return the job as the recorder process reads it."""
        mobile = self.mobile and {"device": self.mobile.device, "orientation": self.mobile.orientation}
        return {**vars(self), "work_dir": str(self.work_dir), "mobile": mobile}


class PageRecorder(Protocol):
    """One recording of one page. Its last event is always `ended` or `failed`."""

    def events(self) -> AsyncGenerator[Event, None]:
        """Begin to record and report until the end; to be called once, and closed."""
        ...

    def stop(self) -> None:
        """Ask for the end: files are closed, then `ended` follows. May be called early and twice."""
        ...

    def crash(self) -> None:
        """Kill the browser, on purpose: `crashed` and `ended` follow."""
        ...


RecorderFactory = Callable[[RecorderJob], PageRecorder]


class UploadError(Exception):
    """One try of an upload failed; another may succeed. Its text holds no key."""


class Uploader(Protocol):
    """Puts files into the caller's bucket."""

    async def upload(self, target: CosTarget, key: str, path: Path) -> None:
        """Store the file under the key, replacing what is there.

        Raises:
            UploadError: It is not stored.
        """
        ...


class Sender(Protocol):
    """Sends callbacks; `local.callbacks.CallbackSender` in the running local cloud."""

    def send(self, sdk_app_id: int, group: int, event_type: int, info: Mapping[str, Any]) -> None:
        """Accept one event for delivery; returns at once, never fails."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Wait until every accepted event is delivered or lost, at most this many seconds."""
        ...
