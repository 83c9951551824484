"""The stories of tasks: generators of timed events and files, as TRTC's documents describe them.

A story is told what ended its recording: its own time, a stop, or MaxDurationLimit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
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


def told(life: Life, chance: Random, now: Callable[[], int], name: str) -> Story:
    """Return the story of a task, by its name."""
    return STORIES[name][0](life, chance, now)


def drawn(chance: Random) -> str:
    """Return the name of a story, by how often each happens."""
    return chance.choices(list(STORIES), [weight for _, weight in STORIES.values()])[0]


def _begin(now: Callable[[], int]) -> Generator[Event, Why | None, int]:
    yield Wait(5_000)
    yield BEGAN
    return now()


def _ended(why: Why | None) -> Story:
    yield Over()
    if why == "limit":
        yield Tell(804, {"Status": 1, "EventMessage": "Over time limit"})
    yield ENDED


def _upload(life: Life, spans: list[tuple[int, int]], status: int = 0) -> Story:
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
        yield Tell(310, {"Status": status, "FileList": names, "FileMessage": _messages(names, spans)}, suffix=True)


def _messages(names: list[str], spans: list[tuple[int, int]]) -> list[dict[str, Any]]:
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


def plain(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It begins, ends, and uploads."""
    began = yield from _begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield from _ended(why)
    yield Wait(3_000)
    yield from _upload(life, [span])


def late(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its files stay on the recorder's side for a quarter of an hour."""
    began = yield from _begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield from _ended(why)
    yield Wait(2_000)
    yield from _upload(life, [span], status=1)
    yield Wait(898_000)
    yield from _upload(life, [span])


def bad_page(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its page can't be opened."""
    yield Wait(5_000)
    yield Record(20_000)
    yield Over()
    yield Tell(801, {"Status": 2, "EventMessage": "Goto url timeout"})


def gives_up(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder gives up in the middle, and uploads what it has."""
    began = yield from _begin(now)
    yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield Over()
    yield Tell(801, {"Status": 5, "EventMessage": "Chrome exception, exit task"})
    yield Wait(3_000)
    yield from _upload(life, [span])


def silent(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Not one callback comes; the file does."""
    yield Wait(5_000)
    began = now()
    yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield Over()
    yield Wait(3_000)
    for event in _upload(life, [span]):
        if isinstance(event, Put):
            yield event


def no_upload(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It begins and ends, and no event about its files comes."""
    yield from _begin(now)
    yield from _ended((yield Record(chance.choice(LENGTHS_MS))))


def parts(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """A file at every MaxMediaFileDuration: of MP4 each with an event of its own."""
    at = yield from _begin(now)
    spans: list[tuple[int, int]] = []
    why: Why | None = "time"
    for _ in range(chance.choice([2, 3])):
        why = yield Record(chance.choice([60_000, 300_000]))
        spans.append((at, now()))
        if why != "time":
            break
        at = now()
        if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
            yield from _mp4_part(life, len(spans), spans[-1])
    ended = now()
    yield from _ended(why)
    yield Wait(3_000)
    if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
        if ended > at:
            yield from _mp4_part(life, len(spans) + 1, (at, ended))
    else:
        yield from _upload(life, spans)


def slow_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file is uploaded after the end, and the last one ten minutes after it."""
    began = yield from _begin(now)
    why = yield Record(120_000)
    cut = now()
    if why == "time":
        why = yield Record(chance.choice([60_000, 300_000]))
    ended = now()
    yield from _ended(why)
    yield Wait(3_000)
    is_mp4 = life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if is_mp4 and ended > cut:
        yield from _mp4_part(life, 1, (began, cut))
        yield Wait(600_000)
        yield from _mp4_part(life, 2, (cut, ended))
    else:
        yield from _upload(life, [(began, ended)])


def empty_then_held(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The upload is told to be over without a file, then to be held; the file comes."""
    began = yield from _begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield from _ended(why)
    yield Wait(2_000)
    if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
        yield Tell(310, {"Status": 0, "FileList": []}, suffix=True)
    yield Wait(1_000)
    yield from _upload(life, [span], status=1)
    yield Wait(300_000)
    yield from _upload(life, [span])


def empty(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It began and ended, and event 310 says with an empty list that there is no film."""
    yield from _begin(now)
    yield from _ended((yield Record(chance.choice(LENGTHS_MS))))
    yield Wait(3_000)
    yield Tell(310, {"Status": 0, "FileList": []}, suffix=True)


def _in_parts(life: Life, chance: Random, now: Callable[[], int], status: int) -> Story:
    began = yield from _begin(now)
    why = yield Record(120_000)
    cut, is_mp4 = now(), life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if is_mp4:
        names, spans = [f"{life.recording_id}_1.mp4"], [(began, cut)]
        yield Tell(310, {"Status": status, "FileList": names, "FileMessage": _messages(names, spans)}, suffix=True)
    if why == "time":
        why = yield Record(chance.choice([60_000, 300_000]))
    ended = now()
    yield from _ended(why)
    yield Wait(3_000)
    if is_mp4 and ended > cut:
        yield from _mp4_part(life, 2, (cut, ended))
    elif not is_mp4:
        yield from _upload(life, [(began, ended)])
    if is_mp4 and status == 1 and chance.random() < 0.5:
        yield Wait(chance.choice([10_000, 1_800_000]))
        yield from _mp4_part(life, 1, (began, cut))


def failed_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file can't be uploaded, the second one can."""
    yield from _in_parts(life, chance, now, 2)


def held_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file stays on the recorder's side, for a while or for ever."""
    yield from _in_parts(life, chance, now, 1)


def late_hold(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """That its first file was held is told minutes after its last one, which covers the end, was uploaded."""
    began = yield from _begin(now)
    why = yield Record(120_000)
    cut, is_mp4 = now(), life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if why == "time":
        why = yield Record(60_000)
    ended = now()
    yield from _ended(why)
    yield Wait(3_000)
    if not is_mp4 or ended == cut:
        yield from _upload(life, [(began, ended)])
        return
    yield from _mp4_part(life, 2, (cut, ended))
    yield Wait(chance.choice([60_000, 600_000]))
    names, spans = [f"{life.recording_id}_1.mp4"], [(began, cut)]
    payload = {"Status": 1, "FileList": names, "FileMessage": _messages(names, spans)}
    yield Tell(310, payload, suffix=True, ago_ms=now() - cut)
    if chance.random() < 0.5:
        yield Wait(chance.choice([10_000, 1_800_000]))
        yield from _mp4_part(life, 1, (began, cut))


def gives_up_bare(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder gives up in the middle, and what it has never comes."""
    yield from _begin(now)
    yield Record(chance.choice(LENGTHS_MS))
    yield Over()
    yield Tell(801, {"Status": 5, "EventMessage": "Chrome exception, exit task"})


def _mp4_part(life: Life, number: int, span: tuple[int, int]) -> Story:
    name = f"{life.recording_id}_{number}.mp4"
    yield Put(name)
    yield Tell(310, {"Status": 0, "FileList": [name], "FileMessage": _messages([name], [span])}, suffix=True)


def _crashing(chance: Random, now: Callable[[], int]) -> Generator[Event, Why | None, list[tuple[int, int]]]:
    """The recorder crashes, is moved, and goes on; what each of its files shows."""
    began = yield from _begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    spans = [(began, now())]
    if why == "time":
        yield Tell(801, {"Status": 3, "EventMessage": "Chrome exception"})
        why = yield Record(8_000)
    if why == "time":
        yield Tell(801, {"Status": 4, "EventMessage": "Migrated"})
        yield BEGAN
        began = now()
        why = yield Record(60_000)
        spans.append((began, now()))
    yield from _ended(why)
    return spans


def restarted(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder crashes, is moved, and goes on: two files and a gap, told of together."""
    spans = yield from _crashing(chance, now)
    yield Wait(3_000)
    yield from _upload(life, spans)


def restarted_by_file(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder crashes and goes on; each file has an event of its own, and one of them is never sent."""
    spans = yield from _crashing(chance, now)
    if life.folder is None or life.parameters["WebRecordVideoParams"]["Format"] != "mp4":
        yield from _upload(life, spans)
        return
    unheard = chance.randrange(len(spans))
    for number, span in enumerate(spans):
        yield Wait(3_000)
        for event in _mp4_part(life, number + 1, span):
            if isinstance(event, Put) or number != unheard:
                yield event


def paused(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The picture pauses and goes on."""
    began = yield from _begin(now)
    why = yield Record(60_000)
    for status in (2, 3):
        if why == "time":
            yield Tell(803, {"Status": status})
            why = yield Record(chance.choice((60_000, 600_000)))
    span = (began, now())
    yield from _ended(why)
    yield Wait(3_000)
    yield from _upload(life, [span])


def long(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It goes on for half an hour and more, or until a shorter MaxDurationLimit."""
    began = yield from _begin(now)
    why = yield Record(2_000_000)
    span = (began, now())
    yield from _ended(why)
    yield Wait(3_000)
    yield from _upload(life, [span])


def told_over_early(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Somebody who has the key tells its end two hours before it is over."""
    began = yield from _begin(now)
    why = yield Record(60_000)
    if why == "time":
        yield ENDED
        why = yield Record(7_200_000)
    span = (began, now())
    yield from _ended(why)
    yield Wait(3_000)
    yield from _upload(life, [span])


def taken_up(life: Life, now: Callable[[], int], *, over: bool) -> Story:
    """Go on with a task whose beginning is another run's."""
    began = life.asked_ms + 5_000
    yield Wait(max(0, began - now()))
    if over:
        yield Wait(2 * 60_000)
    else:
        if now() == began:
            yield BEGAN
        why = yield Record(600_000)
        yield from _ended(why)
        yield Wait(3_000)
    yield from _upload(life, [(began, now())])


STORIES: dict[str, tuple[Callable[[Life, Random, Callable[[], int]], Story], int]] = {
    "plain": (plain, 8),
    "late": (late, 2),
    "bad page": (bad_page, 1),
    "gives up": (gives_up, 1),
    "silent": (silent, 1),
    "no upload": (no_upload, 1),
    "parts": (parts, 1),
    "slow part": (slow_part, 1),
    "empty then held": (empty_then_held, 1),
    "empty": (empty, 1),
    "restarted": (restarted, 1),
    "restarted by file": (restarted_by_file, 1),
    "failed part": (failed_part, 1),
    "held part": (held_part, 1),
    "late hold": (late_hold, 1),
    "gives up bare": (gives_up_bare, 1),
    "paused": (paused, 1),
    "long": (long, 1),
    "told over early": (told_over_early, 1),
}
"""Name → story, and how often."""
