"""The job: what one recorder process is told on the first line of its standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["mp4", "hls", "hls+mp4"]
Way = Literal["auto", "beginframe", "screencast"]

FINISH_S = 120.0
"""For finishing the files after a stop; whoever has not done so by then is killed, and what is on disk plays."""
FPS = 25
_DEFAULT = (1280, 720)
_SMALLEST = 16
# The short side of common devices, CSS pixels: what a page's media queries look at.
_SHORT_SIDE = {"phone": 390, "tablet": 820}
_AGENT = {
    "phone": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{version} Mobile Safari/537.36",
    "tablet": "Mozilla/5.0 (Linux; Android 14; Pixel Tablet) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{version} Safari/537.36",
}


class Viewport(NamedTuple):
    """What the page sees: CSS pixels, and how many picture pixels each one gets."""

    width: int
    height: int
    scale: float


class Mobile(BaseModel):
    """The device the page should believe it runs on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Literal["phone", "tablet"]
    orientation: Literal["portrait", "landscape"]

    def user_agent(self, version: str) -> str:
        """Return the device's user agent for a browser version such as `140.0.0.0`."""
        return _AGENT[self.device].format(version=version)


class Job(BaseModel):
    """One recording.

    Sizes are picture pixels; 0 means the default, 1280 by 720, turned upright for a portrait device.
    Durations are seconds. `ready_timeout_s` 0 does not wait for the page's `notifyReady()`.
    Files are named `<file_stem>.mp4`, `<file_stem>_1.mp4` …, or `<file_stem>.m3u8` with
    `<file_stem>_00000.ts` …, then `<file_stem>_1.m3u8` with `<file_stem>_1_00000.ts` …; `hls+mp4` writes both kinds.
    `fps` pictures a second are asked of the browser, at most.
    `relays` are RTMP addresses by number, to which the recording is pushed as well; see `Patience`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page_url: Annotated[str, Field(min_length=1)]
    width: Annotated[int, Field(ge=0, le=4096)] = 0
    height: Annotated[int, Field(ge=0, le=4096)] = 0
    format: Format = "mp4"
    work_dir: Path
    max_duration_s: Annotated[float, Field(gt=0)] = 36000
    max_media_file_s: Annotated[float, Field(gt=0)] = 7200
    ready_timeout_s: Annotated[float, Field(ge=0)] = 0
    mobile: Mobile | None = None
    goto_timeout_s: Annotated[float, Field(gt=0)] = 30
    file_stem: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=200)] = "recording"
    way: Way = "auto"
    chromium: str | None = None
    fps: Annotated[int, Field(ge=1, le=FPS)] = FPS
    relays: Annotated[dict[int, str], Field(max_length=10)] = {}
    relay_retry_s: Annotated[float, Field(gt=0)] = 5
    relay_give_up_s: Annotated[float, Field(gt=0)] = 60
    finish_s: Annotated[float, Field(gt=0)] = FINISH_S

    @classmethod
    def of(cls, text: bytes) -> Job:
        """Return the job that a JSON document tells of; raise ValidationError for any other.

        A folder's name may hold bytes that are no text in this locale: the validator's own JSON reader refuses those.
        """
        try:
            told = json.loads(text)
        except ValueError:
            return cls.model_validate_json(text)  # it says where it is broken
        if isinstance(told, dict) and isinstance(folder := told.get("work_dir"), str):
            told["work_dir"] = Path(folder)
        return cls.model_validate(told)

    @property
    def picture(self) -> tuple[int, int]:
        """Width and height of the recorded picture: even, since 4:2:0 colour has no odd sizes."""
        width, height = _DEFAULT
        if self.mobile and self.mobile.orientation == "portrait":
            width, height = height, width
        return _even(self.width or width), _even(self.height or height)

    @property
    def viewport(self) -> Viewport:
        """The page's viewport: the picture itself, or for a device the picture's shape at the device's size."""
        width, height = self.picture
        if self.mobile is None:
            return Viewport(width, height, 1.0)
        scale = min(width, height) / _SHORT_SIDE[self.mobile.device]
        return Viewport(round(width / scale), round(height / scale), scale)


def _even(size: int) -> int:
    return max(size - size % 2, _SMALLEST)
