"""Stories of tasks with more than one file: parts, held and failed ones, and restarts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from typing import TYPE_CHECKING

from testing.story import (
    BEGAN,
    LENGTHS_MS,
    Event,
    Put,
    Record,
    Story,
    Tell,
    Wait,
    Why,
    begin,
    ending,
    messages,
    mp4_part,
    upload,
)

if TYPE_CHECKING:
    from testing.trtc import Life


def parts(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """A file at every MaxMediaFileDuration: of MP4 each with an event of its own."""
    at = yield from begin(now)
    spans: list[tuple[int, int]] = []
    why: Why | None = "time"
    for _ in range(chance.choice([2, 3])):
        why = yield Record(chance.choice([60_000, 300_000]))
        spans.append((at, now()))
        if why != "time":
            break
        at = now()
        if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
            yield from mp4_part(life, len(spans), spans[-1])
    ended = now()
    yield from ending(why)
    yield Wait(3_000)
    if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
        if ended > at:
            yield from mp4_part(life, len(spans) + 1, (at, ended))
    else:
        yield from upload(life, spans)


def slow_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file is uploaded after the end, and the last one ten minutes after it."""
    began = yield from begin(now)
    why = yield Record(120_000)
    cut = now()
    if why == "time":
        why = yield Record(chance.choice([60_000, 300_000]))
    ended = now()
    yield from ending(why)
    yield Wait(3_000)
    is_mp4 = life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if is_mp4 and ended > cut:
        yield from mp4_part(life, 1, (began, cut))
        yield Wait(600_000)
        yield from mp4_part(life, 2, (cut, ended))
    else:
        yield from upload(life, [(began, ended)])


def _in_parts(life: Life, chance: Random, now: Callable[[], int], status: int) -> Story:
    began = yield from begin(now)
    why = yield Record(120_000)
    cut, is_mp4 = now(), life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if is_mp4:
        names, spans = [f"{life.recording_id}_1.mp4"], [(began, cut)]
        yield Tell(310, {"Status": status, "FileList": names, "FileMessage": messages(names, spans)}, suffix=True)
    if why == "time":
        why = yield Record(chance.choice([60_000, 300_000]))
    ended = now()
    yield from ending(why)
    yield Wait(3_000)
    if is_mp4 and ended > cut:
        yield from mp4_part(life, 2, (cut, ended))
    elif not is_mp4:
        yield from upload(life, [(began, ended)])
    if is_mp4 and status == 1 and chance.random() < 0.5:
        yield Wait(chance.choice([10_000, 1_800_000]))
        yield from mp4_part(life, 1, (began, cut))


def failed_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file can't be uploaded, the second one can."""
    yield from _in_parts(life, chance, now, 2)


def held_part(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its first file stays on the recorder's side, for a while or for ever."""
    yield from _in_parts(life, chance, now, 1)


def late_hold(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """That its first file was held is told minutes after its last one, which covers the end, was uploaded."""
    began = yield from begin(now)
    why = yield Record(120_000)
    cut, is_mp4 = now(), life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4"
    if why == "time":
        why = yield Record(60_000)
    ended = now()
    yield from ending(why)
    yield Wait(3_000)
    if not is_mp4 or ended == cut:
        yield from upload(life, [(began, ended)])
        return
    yield from mp4_part(life, 2, (cut, ended))
    yield Wait(chance.choice([60_000, 600_000]))
    names, spans = [f"{life.recording_id}_1.mp4"], [(began, cut)]
    payload = {"Status": 1, "FileList": names, "FileMessage": messages(names, spans)}
    yield Tell(310, payload, suffix=True, ago_ms=now() - cut)
    if chance.random() < 0.5:
        yield Wait(chance.choice([10_000, 1_800_000]))
        yield from mp4_part(life, 1, (began, cut))


def _crashing(chance: Random, now: Callable[[], int]) -> Generator[Event, Why | None, list[tuple[int, int]]]:
    """The recorder crashes, is moved, and goes on; what each of its files shows."""
    began = yield from begin(now)
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
    yield from ending(why)
    return spans


def restarted(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder crashes, is moved, and goes on: two files and a gap, told of together."""
    spans = yield from _crashing(chance, now)
    yield Wait(3_000)
    yield from upload(life, spans)


def restarted_by_file(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder crashes and goes on; each file has an event of its own, and one of them is never sent."""
    spans = yield from _crashing(chance, now)
    if life.folder is None or life.parameters["WebRecordVideoParams"]["Format"] != "mp4":
        yield from upload(life, spans)
        return
    unheard = chance.randrange(len(spans))
    for number, span in enumerate(spans):
        yield Wait(3_000)
        for event in mp4_part(life, number + 1, span):
            if isinstance(event, Put) or number != unheard:
                yield event
