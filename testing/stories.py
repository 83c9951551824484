"""The stories of tasks: generators of timed events and files, as TRTC's documents describe them.

A story is told what ended its recording: its own time, a stop, or MaxDurationLimit.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from testing.parted import failed_part, held_part, late_hold, parts, restarted, restarted_by_file, slow_part
from testing.story import (
    BEGAN,
    ENDED,
    LENGTHS_MS,
    Over,
    Put,
    Record,
    Story,
    Tell,
    Wait,
    Why,
    begin,
    ending,
    upload,
)

if TYPE_CHECKING:
    from testing.trtc import Life


PAGE_FAILED = Tell(801, {"Status": 2, "EventMessage": "Goto url timeout"})
CRASHED = Tell(801, {"Status": 5, "EventMessage": "Chrome exception, exit task"})
NOTHING = Tell(310, {"Status": 0, "FileList": []}, suffix=True)
"""No film was uploaded."""


def told(life: Life, chance: Random, now: Callable[[], int], name: str) -> Story:
    """Return the story of a task, by its name."""
    return (LIES[name] if name in LIES else STORIES[name][0])(life, chance, now)


def drawn(chance: Random, liar: Random, lying: float) -> str:
    """Return the name of a story, by how often each happens; of a lie for that share of them."""
    if liar.random() < lying:
        return liar.choice(list(LIES))
    return chance.choices(list(STORIES), [weight for _, weight in STORIES.values()])[0]


def goes_well(life: Life, began: int, why: Why | None, now: Callable[[], int]) -> Story:
    """End the task, and upload its film whole, three seconds later."""
    span = (began, now())
    yield from ending(why)
    yield Wait(3_000)
    yield from upload(life, [span])


def plain(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It begins, ends, and uploads."""
    began = yield from begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    yield from goes_well(life, began, why, now)


def late(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its files stay on the recorder's side for a quarter of an hour."""
    began = yield from begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield from ending(why)
    yield Wait(2_000)
    yield from upload(life, [span], status=1)
    yield Wait(898_000)
    yield from upload(life, [span])


def bad_page(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Its page can't be opened."""
    yield Wait(5_000)
    yield Record(20_000)
    yield Over()
    yield PAGE_FAILED


def gives_up(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder gives up in the middle, and uploads what it has."""
    began = yield from begin(now)
    yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield Over()
    yield CRASHED
    yield Wait(3_000)
    yield from upload(life, [span])


def silent(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Not one callback comes; the file does."""
    yield Wait(5_000)
    began = now()
    yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield Over()
    yield Wait(3_000)
    for event in upload(life, [span]):
        if isinstance(event, Put):
            yield event


def no_upload(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It begins and ends, and no event about its files comes."""
    yield from begin(now)
    yield from ending((yield Record(chance.choice(LENGTHS_MS))))


def empty_then_held(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The upload is told to be over without a file, then to be held; the file comes."""
    began = yield from begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    span = (began, now())
    yield from ending(why)
    yield Wait(2_000)
    if life.folder is not None and life.parameters["WebRecordVideoParams"]["Format"] == "mp4":
        yield NOTHING
    yield Wait(1_000)
    yield from upload(life, [span], status=1)
    yield Wait(300_000)
    yield from upload(life, [span])


def empty(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It began and ended, and event 310 says with an empty list that there is no film."""
    yield from begin(now)
    yield from ending((yield Record(chance.choice(LENGTHS_MS))))
    yield Wait(3_000)
    yield NOTHING


def gives_up_bare(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The recorder gives up in the middle, and what it has never comes."""
    yield from begin(now)
    yield Record(chance.choice(LENGTHS_MS))
    yield Over()
    yield CRASHED


def paused(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """The picture pauses and goes on."""
    began = yield from begin(now)
    why = yield Record(60_000)
    for status in (2, 3):
        if why == "time":
            yield Tell(803, {"Status": status})
            why = yield Record(chance.choice((60_000, 600_000)))
    yield from goes_well(life, began, why, now)


def long(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """It goes on for half an hour and more, or until a shorter MaxDurationLimit."""
    began = yield from begin(now)
    why = yield Record(2_000_000)
    yield from goes_well(life, began, why, now)


def told_over_early(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Somebody who has the key tells its end two hours before it is over."""
    began = yield from begin(now)
    why = yield Record(60_000)
    if why == "time":
        yield ENDED
        why = yield Record(7_200_000)
    yield from goes_well(life, began, why, now)


def failed_early(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Somebody who has the key tells that its page failed; it begins all the same."""
    yield Wait(3_000)
    yield PAGE_FAILED
    began = yield from begin(now)
    why = yield Record(chance.choice(LENGTHS_MS))
    yield from goes_well(life, began, why, now)


def crashed_early(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Somebody who has the key tells that its recorder gave up; it goes on."""
    began = yield from begin(now)
    why = yield Record(60_000)
    if why == "time":
        yield CRASHED
        why = yield Record(chance.choice((300_000, 7_200_000)))
    yield from goes_well(life, began, why, now)


def told_uploaded_early(life: Life, chance: Random, now: Callable[[], int]) -> Story:
    """Somebody who has the key tells its end and its film's upload; it goes on."""
    began = yield from begin(now)
    why = yield Record(60_000)
    if why == "time":
        yield ENDED
        for event in upload(life, [(began, now())], status=0) if chance.random() < 0.7 else (NOTHING,):
            if isinstance(event, Tell):
                yield event
        why = yield Record(chance.choice((300_000, 7_200_000)))
    yield from goes_well(life, began, why, now)


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
        yield from ending(why)
        yield Wait(3_000)
    yield from upload(life, [(began, now())])


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
LIES = {
    "told over early": told_over_early,
    "failed early": failed_early,
    "crashed early": crashed_early,
    "told uploaded early": told_uploaded_early,
}
"""Stories of tasks of which somebody tells what is not so."""
