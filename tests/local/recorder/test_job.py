"""The job: what is accepted, and the sizes that follow from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from local.recorder.job import Job


def job(**fields: Any) -> Job:
    return Job.model_validate({"page_url": "http://x/", "work_dir": "/w", **fields})


def test_defaults() -> None:
    """Only the page and the directory are needed."""
    made = job()
    assert (made.picture, made.format, made.max_media_file_s, made.goto_timeout_s) == ((1280, 720), "mp4", 7200, 30)
    assert made.work_dir == Path("/w")


def test_json_round_trip() -> None:
    """What a parent writes is what the recorder reads."""
    made = job(mobile={"device": "phone", "orientation": "portrait"}, file_stem="a-b_1")
    assert Job.of(made.model_dump_json().encode()) == made


def test_a_folder_of_any_bytes_is_read() -> None:
    """Where the locale is not the names', `PYTHONUTF8=0 LC_ALL=C`, Python keeps such bytes as halves of characters."""
    told = json.dumps({"page_url": "http://x/", "work_dir": "/w/\udce5\udcbd\udc95\udcff"})
    assert Path("/w/\udce5\udcbd\udc95\udcff") == Job.of(told.encode()).work_dir


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"page_url": "http://x/", "work_dir": 1}', b"\xff"])
def test_what_is_no_job_is_refused_as_any_other(text: bytes) -> None:
    """Whoever starts the recorder hears of one kind of error."""
    with pytest.raises(ValidationError):
        Job.of(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "avi"},
        {"width": -2},
        {"width": "wide"},
        {"file_stem": "../up"},
        {"file_stem": ""},
        {"max_duration_s": 0},
        {"mobile": {"device": "watch", "orientation": "portrait"}},
        {"surprise": 1},
        {"page_url": ""},
    ],
)
def test_refused(fields: dict[str, Any]) -> None:
    """A job that cannot be meant is refused, unknown fields too."""
    with pytest.raises(ValidationError):
        job(**fields)


@pytest.mark.parametrize(
    ("width", "height", "picture"),
    [(0, 0, (1280, 720)), (641, 361, (640, 360)), (0, 480, (1280, 480)), (1, 1, (16, 16)), (1920, 1080, (1920, 1080))],
)
def test_picture(width: int, height: int, picture: tuple[int, int]) -> None:
    """Sizes are even, 0 is the default."""
    assert job(width=width, height=height).picture == picture


@pytest.mark.parametrize(
    ("device", "orientation", "size", "picture", "viewport"),
    [
        ("phone", "portrait", (0, 0), (720, 1280), (390, 693)),
        ("phone", "landscape", (0, 0), (1280, 720), (693, 390)),
        ("tablet", "portrait", (820, 1180), (820, 1180), (820, 1180)),
    ],
)
def test_mobile_viewport(
    device: str, orientation: str, size: tuple[int, int], picture: tuple[int, int], viewport: tuple[int, int]
) -> None:
    """A device's short side is its own; the picture's shape decides the other."""
    made = job(width=size[0], height=size[1], mobile={"device": device, "orientation": orientation})
    assert made.picture == picture
    assert made.viewport[:2] == viewport
    assert made.viewport.scale * made.viewport.width == pytest.approx(picture[0], abs=2)
