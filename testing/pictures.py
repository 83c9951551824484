"""Reading local/pages/clock.html back from a recording: its time in each picture, its beeps in the sound.

The geometry is written down in the page.
"""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

_CELLS = 22
_MIDDLE = 0.94  # the row's middle, in fractions of the height
RATE = 48000
_WINDOW = 240  # samples: 5 ms


class Picture(NamedTuple):
    """When a picture is shown (seconds since the file's start) and the page time written in it, if any."""

    shown_s: float
    page_s: float | None


class Recording(NamedTuple):
    """A decoded file: length in seconds, pictures, mono sound as floats and when it begins."""

    length_s: float
    size: tuple[int, int]
    pictures: list[Picture]
    sound: NDArray[np.float32]
    sound_from_s: float


class Beep(NamedTuple):
    """A tone: when it begins, how long it lasts (seconds), and its frequency in Hz."""

    begin_s: float
    length_s: float
    hertz: float


def decode_time(luma: NDArray[np.uint8]) -> float | None:
    """Return the page's time in seconds as shown by a picture's blocks, None where there are none."""
    height, width = luma.shape
    row = luma[int(height * (_MIDDLE - 0.02)) : int(height * (_MIDDLE + 0.02)) + 1]
    edges = [width * (cell + share) / _CELLS for cell in range(_CELLS) for share in (0.35, 0.65)]
    levels = [float(row[:, int(a) : int(b) + 1].mean()) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    white, black = levels[0], levels[-1]
    if white - black < 100:
        return None
    bits = "".join("1" if level > (white + black) / 2 else "0" for level in levels[1:-1])
    return int(bits, 2) / 100


def read(path: Path) -> Recording:
    """Decode a whole file."""
    with av.open(str(path)) as container:
        return decode(container)


def decode(container: InputContainer, *ending: type[Exception]) -> Recording:
    """Decode what an open container gives until its end, or until one of these errors."""
    pictures: list[Picture] = []
    blocks: list[NDArray[np.float32]] = []
    starts: list[float] = []  # of the sound, by each block's time
    samples = 0
    size = (0, 0)
    begin = (container.start_time or 0) / av.time_base
    with contextlib.suppress(*ending):
        for frame in container.decode(*container.streams.video[:1], *container.streams.audio[:1]):
            assert isinstance(frame, (av.VideoFrame, av.AudioFrame))
            time_s = (frame.time or 0.0) - begin
            if isinstance(frame, av.VideoFrame):
                size = frame.width, frame.height
                luma = np.frombuffer(bytes(frame.planes[0]), np.uint8)
                luma = luma.reshape(frame.height, frame.planes[0].line_size)[:, : frame.width]
                pictures.append(Picture(time_s, decode_time(luma)))
            else:
                blocks.append(frame.to_ndarray()[0].astype(np.float32))
                starts.append(time_s - samples / RATE)
                samples += len(blocks[-1])
    sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    start = float(np.median(starts)) if starts else 0.0
    length = max([p.shown_s for p in pictures] + [start + len(sound) / RATE])
    return Recording(length, size, pictures, sound, start)


def distinct(recording: Recording) -> int:
    """Count the pictures that show another page time than the one before."""
    times = [p.page_s for p in recording.pictures]
    return sum(a != b for a, b in itertools.pairwise(times)) + 1


def beeps(recording: Recording) -> list[Beep]:
    """Find the tones in a recording's sound."""
    sound = recording.sound
    count = len(sound) // _WINDOW
    loud = np.sqrt((sound[: count * _WINDOW].reshape(count, _WINDOW) ** 2).mean(axis=1)) > 0.05
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(int), [0]))))
    found = []
    for a, b in zip(edges[::2] * _WINDOW, edges[1::2] * _WINDOW, strict=True):
        tone = sound[a:b]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), RATE))
        begin = recording.sound_from_s + float(a) / RATE
        found.append(Beep(begin, len(tone) / RATE, float(np.argmax(spectrum))))
    return found


def offset_s(recording: Recording) -> float:
    """Return page time minus file time: by the pictures' blocks."""
    return float(np.median([p.page_s - p.shown_s for p in recording.pictures if p.page_s is not None]))


def delays_s(recording: Recording) -> list[float]:
    """Return by how much each beep comes after the full second it belongs to, by the pictures' clock."""
    base = offset_s(recording)
    delays = [beep.begin_s + base for beep in beeps(recording)]
    return [time_s - round(time_s) for time_s in delays]
