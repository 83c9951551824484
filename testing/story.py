"""What stories are made of: timed events, and how a recording begins, ends and is uploaded.

A story is told what ended its recording: its own time, a stop, or MaxDurationLimit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from testing.trtc import Life

Why = Literal["time", "stopped", "limit"]
FILM = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\2\0\0mdat" + bytes((1 << 17) - 8) + b"\0\0\0\x08moov"
"""Its index is empty and lies so far behind that it takes a second read."""


class Wait(NamedTuple):
    """Nothing for so long; a stop does not shorten it."""

    ms: int


class Record(NamedTuple):
    """Record for so long, or until the task is stopped or at its limit."""

    ms: int


class Over(NamedTuple):
    """The task is not there any more."""


class Tell(NamedTuple):
    """A callback of this type; `suffix` lets its TaskId carry what event 310 carries."""

    type: int
    payload: dict[str, Any]
    suffix: bool = False
    ago_ms: int = 0


class Put(NamedTuple):
    """A file is where it belongs."""

    name: str
    body: bytes = FILM


Event = Wait | Record | Over | Tell | Put
Story = Generator[Event, Why | None, None]
LENGTHS_MS = (60_000, 300_000, 900_000)
BEGAN = Tell(801, {"Status": 1, "EventMessage": "Success"})
ENDED = Tell(802, {"Status": 1})


def begin(now: Callable[[], int]) -> Generator[Event, Why | None, int]:
    yield Wait(5_000)
    yield BEGAN
    return now()


def ending(why: Why | None) -> Story:
    yield Over()
    if why == "limit":
        yield Tell(804, {"Status": 1, "EventMessage": "Over time limit"})
    yield ENDED


def upload(life: Life, spans: list[tuple[int, int]], status: int = 0) -> Story:
    """Upload one file for each span, and say so as the target and the format have it."""
    if life.folder is None:
        yield from _to_vod(life, spans, status)
    elif life.parameters["WebRecordVideoParams"]["Format"] == "hls":
        yield from _hls(life, spans, status)
    else:
        names = [f"{life.recording_id}_{number}.mp4" for number in range(len(spans))]
        if status == 0:
            for name in names:
                yield Put(name)
        yield Tell(310, {"Status": status, "FileList": names, "FileMessage": messages(names, spans)}, suffix=True)


def messages(names: list[str], spans: list[tuple[int, int]]) -> list[dict[str, Any]]:
    shared = {"UserId": "", "TrackType": "audio_video", "MediaId": "main"}
    return [
        {"FileName": name, **shared, "StartTimeStamp": begin, "EndTimeStamp": end}
        for name, (begin, end) in zip(names, spans, strict=True)
    ]


def _hls(life: Life, spans: list[tuple[int, int]], status: int) -> Story:
    name = f"{life.recording_id}.m3u8"
    yield Tell(303, {"Status": 0})
    yield Tell(304, {"FileList": name})
    if status == 0:
        segments = [f"{life.recording_id}_{number}.ts" for number in range(len(spans))]
        for segment, (begin, _) in zip(segments, spans, strict=True):
            yield Put(segment)
            slice_ = {"FileName": segment, "UserId": "", "TrackType": "audio_video", "BeginTimeStamp": begin}
            yield Tell(307, slice_)
        yield Put(name, "\n".join(["#EXTM3U", *segments, "#EXT-X-ENDLIST"]).encode())
    # Seen in the field: 305 with Status and without LeaveCode.
    yield Tell(305, {"Status": 0} if len(spans) > 1 else {"LeaveCode": status})


def _to_vod(life: Life, spans: list[tuple[int, int]], status: int) -> Story:
    for number, (begin, end) in enumerate(spans):
        name = f"{life.recording_id}{number}"
        vod = {
            "UserId": "",
            "TrackType": "audio_video",
            "MediaId": "main",
            "FileId": name,
            "VideoUrl": f"https://vod.example.com/{name}.mp4",
            "CacheFile": f"{name}.mp4",
            "StartTimeStamp": str(begin),
            "EndTimeStamp": end,
        }
        yield Tell(311, {"Status": status, "Errmsg": "", "TencentVod": vod})
        if status == 0:
            yield Put(name)
    if status == 0:
        yield Tell(312, {"Status": 0})


def mp4_part(life: Life, number: int, span: tuple[int, int]) -> Story:
    name = f"{life.recording_id}_{number}.mp4"
    yield Put(name)
    yield Tell(310, {"Status": 0, "FileList": [name], "FileMessage": messages([name], [span])}, suffix=True)
