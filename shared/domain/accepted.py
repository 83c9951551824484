"""Accepted: the request as it was accepted, `request.json`; written once, no secrets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.domain.request import RecordingRequest


class Place(BaseModel):
    """Where TRTC puts the files in COS: `<prefix joined by />/<TaskId>/<file>`."""

    model_config = ConfigDict(frozen=True)

    bucket: str
    region: str
    prefix: list[str]


class Accepted(BaseModel):
    """The accepted request as `request.json` holds it. Times are epoch ms."""

    model_config = ConfigDict(frozen=True, extra="ignore")

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
    request: dict[str, Any]
    """The request in the API's spelling, without storage keys."""

    @property
    def due_ms(self) -> int:
        """When it is to start."""
        return self.start_at_ms or self.created_ms

    def parsed(self) -> RecordingRequest:
        """Return the request; its storage keys, if it ever had any, are gone."""
        return RecordingRequest.model_validate(self.request, context={"stored": True})
