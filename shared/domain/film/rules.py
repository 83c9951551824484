"""From what each second of a film is like to findings."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.film.figures import Seconds
from shared.domain.film.limits import LIMITS
from shared.domain.film.verdict import FilmFinding, Flaw

Stretch = tuple[int, int]
"""The whole second in which it begins, and the one in which it is over."""


def stretches(flags: Iterable[bool | None], least: int = LIMITS.stretch_s) -> list[Stretch]:
    """Return the runs in which nothing is there."""
    found, begin, end = list[Stretch](), None, 0
    for end, flag in enumerate([*flags, False]):
        if flag and begin is None:
            begin = end
        elif not flag and begin is not None:
            if end - begin >= least:
                found.append((begin, end))
            begin = None
    return found


def findings(
    picture: Seconds | None, sound: Seconds | None, emptiness: int | None, seconds: float, places: int | None = None
) -> list[FilmFinding]:
    """Return what is found in the tracks of a film that can be played; a missing track is None.

    `emptiness` is that of `figures`, or None where it was not looked at; so is `places` where all of it was looked at.
    """
    if seconds < LIMITS.least_s:
        return [FilmFinding(code=Flaw.EMPTY, words="The film is shorter than a second.")]
    where = "" if places is None else f", in all {places} places that were looked at"
    found = []
    quiet = sound is None or sound.nothing
    if sound is None:
        found.append(FilmFinding(code=Flaw.NO_SOUND_TRACK, words="The film has no sound track."))
    elif quiet:
        found.append(FilmFinding(code=Flaw.SILENT, words=f"The film is silent from beginning to end{where}."))
    elif sound.told and places is None:
        found += [_stretch(Flaw.SILENT_STRETCH, "The sound is silent", one) for one in stretches(sound.flags)]
    if picture is None or not picture.told:
        return found
    still = picture.nothing and seconds >= LIMITS.still_least_s
    if picture.nothing and emptiness is not None and emptiness < LIMITS.blank:
        found.append(FilmFinding(code=Flaw.BLANK, words=f"The picture is one colour throughout{where}."))
    elif still and (quiet or seconds >= LIMITS.still_long_s):
        found.append(FilmFinding(code=Flaw.STILL, words=f"The picture never changes{where}."))
    elif not still and places is None:
        flags = picture.flags
        long = stretches(flags, LIMITS.still_long_s)
        if sound is not None and sound.told:
            both = [still and mute for still, mute in zip(flags, sound.flags, strict=False)]
            long += [one for one in stretches(both) if not any(begin < one[1] and one[0] < end for begin, end in long)]
        found += [_stretch(Flaw.STILL, "The picture does not change", one) for one in sorted(long)]
    return found


MOST_STRETCHES = 50
"""Findings of one film; what more there is shows in the figures."""


def _stretch(code: Flaw, words: str, stretch: Stretch) -> FilmFinding:
    begin, end = stretch
    said = f"{words} from {clock(begin)} to {clock(end)}."
    return FilmFinding(code=code, words=said, from_ms=begin * 1000, to_ms=end * 1000)


def clock(seconds: float) -> str:
    """Return h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
