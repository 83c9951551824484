"""Findings and verdicts from seconds, without a file."""

from __future__ import annotations

import pytest

from shared.domain.film.figures import Seconds
from shared.domain.film.rules import findings
from shared.domain.film.verdict import Flaw, Verdict, verdict

MINUTE = 60


def seconds(*runs: tuple[int, bool | None]) -> Seconds:
    """Seconds of a track, run by run."""
    return Seconds([flag for length, flag in runs for _ in range(length)], {})


def said(picture: Seconds | None, sound: Seconds | None, blank: int | None = None, length: float = 700.0) -> list[str]:
    return [
        f"{one.code.value} {(one.from_ms or 0) // 1000}-{(one.to_ms or 0) // 1000}"
        for one in findings(picture, sound, blank, length)
    ]


@pytest.mark.parametrize(
    ("picture", "sound", "blank", "codes", "worth"),
    [
        (False, False, None, [], Verdict.GOOD),
        (False, True, None, ["silent"], Verdict.SUSPECT),
        (True, True, 500, ["silent", "still"], Verdict.BAD),
        (True, True, 40, ["silent", "blank"], Verdict.BAD),
        (True, False, 40, ["blank"], Verdict.SUSPECT),
        (True, False, 500, [], Verdict.GOOD),
        (True, None, 500, ["no_sound_track", "still"], Verdict.BAD),
        (None, False, None, [], Verdict.GOOD),
    ],
)
def test_what_is_missing_throughout_is_told_together(
    picture: bool | None, sound: bool | None, blank: int | None, codes: list[str], worth: Verdict
) -> None:
    """Neither sound nor motion is bad; one of them alone is suspect; a still picture with sound may be a slide."""
    seen, heard = [None if flag is None else seconds((100, flag)) for flag in (picture, sound)]
    found = findings(seen, heard, blank, 100.0)
    assert (codes, worth) == ([one.code.value for one in found], verdict(found))


def test_stretches_are_told_by_their_seconds() -> None:
    """A minute of silence is told with its place, 59 seconds are not."""
    moving = seconds((700, False))
    assert ["silent_stretch 100-160"] == said(moving, seconds((100, False), (60, True), (540, False)))
    assert [] == said(moving, seconds((100, False), (59, True), (541, False)))


def test_a_still_picture_is_a_finding_with_silence_or_after_ten_minutes() -> None:
    """A slide that stays for minutes, explained, is none; ten minutes are."""
    heard = seconds((700, False))
    assert [] == said(seconds((50, False), (300, True), (350, False)), heard)
    assert ["still 50-650"] == said(seconds((50, False), (600, True), (50, False)), heard)
    mute = seconds((100, False), (200, True), (400, False))
    assert ["silent_stretch 100-300", "still 100-300"] == said(seconds((50, False), (300, True), (350, False)), mute)


def test_what_can_not_be_told_is_not_told() -> None:
    """A codec whose frames are all alike says nothing of silence."""
    assert [] == said(seconds((700, False)), Seconds([], {}, told=False))
    assert [] == said(Seconds([], {}, told=False), seconds((700, False)))


def test_seconds_that_were_not_looked_at_make_no_finding_of_their_own() -> None:
    """In a film of which a part was read, silence is what every part has."""
    assert ["silent 0-0"] == said(seconds((700, False)), seconds((5, True), (300, None), (5, True)))


def test_a_film_of_less_than_a_second_is_empty() -> None:
    """Whatever it shows."""
    assert [Flaw.EMPTY] == [one.code for one in findings(seconds((1, False)), seconds((1, False)), None, 0.4)]
