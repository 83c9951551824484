"""The thresholds of the film check, in one table: set by generated films, before any film of TRTC's was seen.

docs/film-check.md tells what each costs in misses and false alarms. The raw figures stay in the fact, so that another
table can be tried on films that were recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Limits(NamedTuple):
    """Sizes in bytes, times in seconds."""

    silent_bytes: Mapping[str, int] = MappingProxyType({"mp4a": 10, "Opus": 8})
    """A frame of zeros, by codec. AAC has 6, Opus 3; the faintest noise has 80 and more."""
    silent_slack: int = 4
    silent_name: int = 40
    silent_most: int = 48
    """FFmpeg's encoder writes its name, 23 bytes, into every 256th frame."""
    constant: int = 2
    """Frames that differ by no more tell nothing."""
    throughout: float = 0.995
    throughout_s: int = 2
    """Part of the seconds that make it the whole film; no more than so many may be others: a slide each five minutes
    is a change."""
    moves: float = 0.18
    """Bytes of a picture for each block of 16 x 16: a caret needs 0.15, the smallest clock 0.23."""
    refined_s: float = 0.5
    refined_pictures: int = 12
    """After a key frame an encoder refines what does not move: so long, or so many pictures of at most half a group."""
    settle_s: float = 30.0
    """An encoder that keeps to a rate needs so long (a third of a short film) to find it."""
    key_differs: float = 0.015
    """A key frame of another size than the one before shows a change that hid while the encoder refined."""
    key_steps: float = 0.12
    """Where nothing can have hidden: one step of the quantiser, which rate control takes as pictures come late."""
    hides: float = 0.36
    """Bytes of a picture for each block, while an encoder refines: with fewer it shows no change."""
    filler: float = 0.3
    mostly: float = 0.8
    blank: int = 150
    """What is left of a compressed key frame: of one colour 24 to 99, of one letter 260."""
    least_s: float = 1.0
    """A shorter film is empty."""
    still_least_s: float = 8.0
    """In a shorter film nothing need move."""
    stretch_s: int = 60
    still_long_s: int = 600
    """A still picture with sound is told from here on: a slide may stay."""
    gap_s: float = 2.0
    shorter_s: float = 10.0
    shorter: float = 0.02
    """Whichever is more may be missing."""


LIMITS = Limits()
