"""Accepted: the request as it was accepted, `request.json`; written once, no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.domain.periods import START_LEAD_MS

if TYPE_CHECKING:
    from shared.domain.request import Format, RecordingRequest


class Place(BaseModel):
    """Where TRTC puts the files in COS: `<prefix joined by />/<TaskId>/<file>`."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    bucket: str
    region: str
    prefix: list[str]


class Accepted(BaseModel):
    """The accepted request as `request.json` holds it. Times are epoch ms."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    recording_id: str
    created_ms: int
    source: str
    """Who asked: `http:<token name>` or `cos:<bucket>/<key>`."""
    sdk_app_id: int
    place: Place | None = None
    """None for VOD."""
    caller_keys: bool = False
    """The caller brought storage keys, which are not kept: it can't wait, be started again or be looked at."""
    start_at_ms: int | None = None
    stop_at_ms: int | None = None
    start_by_ms: int | None = None
    """What has not started by then never will."""
    max_attempts: int = 1
    """How many tasks may be started for it, the first included."""
    notify_url: str | None = None
    notify_on: Literal["final", "changes"] = "final"
    traceparent: str | None = None
    """The W3C trace that the request came with."""
    request: dict[str, Any]
    """The request in the API's spelling, without storage keys."""

    @property
    def due_ms(self) -> int:
        """When it is to start."""
        return self.start_at_ms or self.created_ms

    def is_early(self, now_ms: int) -> bool:
        """Tell whether the start lies in the future (epoch ms)."""
        return self.due_ms - START_LEAD_MS > now_ms

    # A callback needs only the next four, and must not wait for the request's model: `parsed()` says the same.

    @property
    def page_url(self) -> str:
        """What is recorded."""
        return str(self.request["RecordUrl"])

    @property
    def labels(self) -> dict[str, str]:
        """What the caller put on it."""
        return dict(self.request.get("Labels", {}))

    @property
    def target(self) -> Literal["cos", "vod"]:
        """Where the files go."""
        if storage := self.request.get("StorageParams"):
            return "vod" if "CloudVod" in storage else "cos"
        return "vod" if self.request.get("Storage") == "vod" else "cos"

    @property
    def file_format(self) -> Format:
        """The format of the files."""
        storage = self.request.get("StorageParams", {})
        media_type = storage.get("CloudVod", {}).get("TencentVod", {}).get("MediaType")
        if media_type is not None:
            return "hls" if media_type == 1 else "mp4"
        video = self.request.get("WebRecordVideoParams", {})
        return "hls" if (self.request.get("Format") or video.get("Format")) == "hls" else "mp4"

    def parsed(self) -> RecordingRequest:
        """Return the request; its storage keys, if it ever had any, are gone."""
        from shared.domain.request import RecordingRequest

        return RecordingRequest.model_validate(self.request, context={"stored": True})


def differences(one: dict[str, Any], other: dict[str, Any], inside: str = "") -> list[str]:
    """Return the paths of the fields in which two stored requests differ, in order, never a value."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        a, b = one.get(name), other.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{inside}{name}.")
        elif a != b:
            found.append(f"{inside}{name}")
    return found
