"""What a film check says: findings and verdicts, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from pydantic import Field

from shared.domain.value import Value


class Flaw(str, Enum):
    """What is found in a film."""

    UNPLAYABLE = "unplayable"
    EMPTY = "empty"
    SHORTER = "shorter"
    NO_SOUND_TRACK = "no_sound_track"
    SILENT = "silent"
    SILENT_STRETCH = "silent_stretch"
    STILL = "still"
    BLANK = "blank"
    GAP = "gap"


class Verdict(str, Enum):
    """What a film is worth, beside the recording's state: no finding is certain."""

    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"
    UNCHECKED = "unchecked"


SOUND = frozenset((Flaw.NO_SOUND_TRACK, Flaw.SILENT, Flaw.SILENT_STRETCH))
MOTION = frozenset((Flaw.STILL, Flaw.BLANK))


class FilmFinding(Value):
    """Something found in a film; `from_ms` and `to_ms` count from its beginning, where it is a stretch."""

    code: Flaw
    words: str
    from_ms: int | None = None
    to_ms: int | None = None


class FilmCheck(Value):
    """What a look into one file found.

    Attributes:
        untold: what could not be told of it: `sound`, `motion`.
        why: why it was not looked at, or not to its end.
        again: whether another look may tell more.
        figures: raw: codecs, sizes of samples, bytes of a picture for each block; what it cost.
    """

    verdict: Verdict
    seconds: float | None = None
    findings: list[FilmFinding] = Field(default_factory=list)
    untold: list[str] = Field(default_factory=list)
    why: str | None = None
    again: bool = False
    figures: dict[str, Any] = Field(default_factory=dict)


def verdict(found: Sequence[FilmFinding]) -> Verdict:
    """Return what the findings mean together.

    A film that can't be played is bad, and so is one in which nothing happens: neither sound nor motion. Each of
    these alone may be meant.
    """
    codes = {one.code for one in found}
    whole = {one.code for one in found if one.from_ms is None}
    mute, still = whole & {Flaw.SILENT, Flaw.NO_SOUND_TRACK}, whole & MOTION
    if codes & {Flaw.UNPLAYABLE, Flaw.EMPTY} or (mute and still):
        return Verdict.BAD
    return Verdict.SUSPECT if codes else Verdict.GOOD
