"""What is in a recorded file, found by decoding all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from local.recorder.paths import Folder

AUDIBLE = 0.01
"""Loudest sample, of full scale, from which a recording counts as having sound."""


@dataclass(frozen=True)
class Probe:
    """What was decoded.

    Attributes:
        seconds: how long the picture lasts.
        width, height: of the picture.
        frames: pictures, all of them.
        distinct_per_second: pictures that differ from the one before, per second.
        loudest: loudest sample, 0 to 1; 0 where there is no sound track.
    """

    seconds: float
    width: int
    height: int
    frames: int
    distinct_per_second: float
    loudest: float

    @property
    def has_sound(self) -> bool:
        """Whether anything can be heard."""
        return self.loudest >= AUDIBLE


def probe(path: Path) -> Probe:
    """Decode a recording (MP4, or the playlist of HLS) from beginning to end.

    Raises:
        av.FFmpegError: it can't be decoded.
    """
    frames, distinct, last, end, start = 0, 0, b"", 0.0, None
    width = height = 0
    with Folder(path.parent) as folder, av.open(folder.url(path.name)) as container:
        for frame in container.decode(video=0):
            seen = hashlib.blake2b(bytes(frame.planes[0]), digest_size=8).digest()
            distinct += seen != last
            frames, last, end = frames + 1, seen, frame.time or 0.0
            start = end if start is None else start
            width, height = frame.width, frame.height
        if container.duration:
            end = max(end, container.duration / av.time_base + (start or 0.0))
    seconds = end - (start or 0.0)
    return Probe(seconds, width, height, frames, distinct / max(seconds, 0.001), _loudest(path))


def _loudest(path: Path) -> float:
    loudest = 0.0
    with Folder(path.parent) as folder, av.open(folder.url(path.name)) as container:
        if container.streams.audio:
            resampler = av.AudioResampler(format="flt", layout="mono")
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    loudest = max(loudest, float(np.abs(part.to_ndarray()).max(initial=0.0)))
    return loudest
