"""Accepted: the request as it was accepted, `request.json`; written once, no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from shared.domain.errors import Damaged
from shared.domain.periods import START_LEAD_MS
from shared.domain.value import Value

if TYPE_CHECKING:
    from shared.domain.request import RecordingRequest

Ms = Annotated[int, Field(ge=0, lt=10**13)]
"""Epoch ms, as it fits into a key."""


class Place(Value):
    """Where TRTC puts the files in COS: `<prefix joined by />/<TaskId>/<file>`."""

    bucket: str
    region: str
    prefix: list[str]
    folder: str | None = None
    """The recording's own folder under the results' prefix; None where a caller's keys or a former release put it."""


class Accepted(Value):
    """The accepted request as `request.json` holds it. Times are epoch ms."""

    recording_id: str
    created_ms: Ms
    source: str
    """Who asked: `http:<token name>` or `cos:<bucket>/<key>`."""
    sdk_app_id: int
    place: Place | None = None
    """None for VOD."""
    caller_keys: bool = False
    """The caller brought storage keys, which are not kept: it can't wait, be started again or be looked at."""
    page_url: str
    labels: dict[str, str] = Field(default_factory=dict)
    target: Literal["cos", "vod"]
    """Where the files go."""
    format: Literal["mp4", "hls"]
    """The format of the files."""
    max_duration_s: Annotated[int, Field(ge=0, lt=10**9)]
    """When TRTC ends a task by itself: seconds after its start."""
    start_at_ms: Ms | None = None
    stop_at_ms: Ms | None = None
    start_by_ms: Ms | None = None
    """What has not started by then never will."""
    has_start_by: bool = False
    """Whether the caller said so; else it is the deployment's usual deadline."""
    max_attempts: int = 1
    """How many tasks may be started for it, the first included."""
    notify_url: str | None = None
    notify_on: Literal["final", "changes"] = "final"
    traceparent: str | None = None
    """The W3C trace that the request came with."""
    check_film: bool = False
    """Whether its films are looked into when it is over; a release before did not."""
    expect_sound: bool = True
    expect_motion: bool = True
    """Whether silence, and a picture that does not move, are findings."""
    request: dict[str, Any]
    """The request in the API's spelling, with the API's defaults, without storage keys."""
    said: list[str] | None = None
    """The fields that the caller named, see `repeats`; None as a release before this field stored it."""

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, stored: Any) -> Any:  # noqa: ANN401 (whatever is stored)
        return upgraded(stored)

    @property
    def due_ms(self) -> int:
        """When it is to start."""
        return self.start_at_ms or self.created_ms

    @property
    def can_list(self) -> bool:
        """Whether the files lie where we may look."""
        return self.place is not None and not self.caller_keys

    def is_early(self, now_ms: int) -> bool:
        """Tell whether the start lies in the future (epoch ms)."""
        return self.due_ms - START_LEAD_MS > now_ms

    def parsed(self) -> RecordingRequest:
        """Return the request, whose storage keys are gone if it had any, or raise Damaged."""
        from shared.domain.request import RecordingRequest

        try:
            return RecordingRequest.model_validate(self.request, context={"stored": True})
        except ValidationError:
            raise Damaged(f"the stored request of recording {self.recording_id} can't be read") from None


def upgraded(stored: Any) -> Any:  # noqa: ANN401 (whatever is stored)
    """Return a stored request with what the policy decides now and did not store before; anything else as it is."""
    request = stored.get("request") if isinstance(stored, dict) else None
    if not isinstance(request, dict):
        return stored
    stored = {"has_start_by": "StartBy" in request, **stored}
    if "page_url" in stored:
        return stored
    storage = part_of(request, "StorageParams")
    media_type = part_of(part_of(storage, "CloudVod"), "TencentVod").get("MediaType")
    wanted = request.get("Format") or part_of(request, "WebRecordVideoParams").get("Format") or "mp4"
    is_vod = "CloudVod" in storage if storage else request.get("Storage") == "vod"
    decided = {
        "page_url": request.get("RecordUrl"),
        "labels": request.get("Labels") or {},
        "target": "vod" if is_vod else "cos",
        "format": wanted if media_type is None else "hls" if media_type == 1 else "mp4",
        "max_duration_s": request.get("MaxDurationLimit", 36_000),
    }
    return {**decided, **stored}


def part_of(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object under this name; an empty one where there is none."""
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
