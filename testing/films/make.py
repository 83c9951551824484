"""Encode and mux films with PyAV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from testing.films.pictures import Picture
from testing.films.sounds import Sound

RATE = 48_000
FRAME = 1_024
AT_ONCE = 16 * FRAME
"""Samples that are made in one go: a call for each frame costs more than its encoding."""
FAST = {"preset": "ultrafast", "crf": "23", "bf": "0", "sc_threshold": "0"}
MEDIUM = {"preset": "medium", "crf": "23"}
VERY_FAST = {"preset": "veryfast", "crf": "26"}
BASELINE = {"preset": "veryfast", "profile": "baseline", "crf": "23"}
LIVE = {"preset": "veryfast", "crf": "28", "tune": "zerolatency", "sc_threshold": "0"}
VBV = {"preset": "veryfast", "tune": "zerolatency", "x264-params": "vbv-maxrate=800:vbv-bufsize=800:bitrate=800"}
FILLED = {
    "preset": "veryfast",
    "nal-hrd": "cbr",
    "x264-params": "nal-hrd=cbr:filler=1:vbv-maxrate=800:vbv-bufsize=800:bitrate=800",
}


@dataclass(frozen=True)
class Film:
    """How a film is made; see `write`."""

    picture: Picture | None
    sound: Sound | None
    seconds: float = 12
    size: tuple[int, int] = (640, 360)
    fps: int = 25
    codec: str = "libx264"
    options: Mapping[str, str] = field(default_factory=lambda: VERY_FAST)
    rate: int | None = None
    gop_s: float = 2
    sound_codec: str = "aac"
    sound_rate: int = 128_000
    mono: bool = False
    mux: Mapping[str, str] = field(default_factory=dict)
    name: str = "film.mp4"
    """`index.m3u8` for HLS."""


def write(film: Film, folder: Path) -> Path:
    """Make the film; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / film.name
    form = "hls" if path.suffix == ".m3u8" else None
    with av.open(str(path), "w", format=form, options=dict(film.mux)) as out:
        pictures: Any = None
        sounds: Any = None
        if film.picture is not None:
            pictures = out.add_stream(film.codec, rate=film.fps, options=dict(film.options))
            pictures.width, pictures.height, pictures.pix_fmt = *film.size, "yuv420p"
            pictures.codec_context.gop_size, pictures.codec_context.thread_count = int(film.gop_s * film.fps), 1
            if film.rate:
                pictures.bit_rate = film.rate
        if film.sound is not None:
            sounds = out.add_stream(film.sound_codec, rate=RATE, layout="mono" if film.mono else "stereo")
            sounds.bit_rate = film.sound_rate
        _fill(film, out, pictures, sounds)
        for stream in (pictures, sounds):
            for packet in stream.encode(None) if stream else ():
                out.mux(packet)
    return path


def _fill(film: Film, out: Any, pictures: Any, sounds: Any) -> None:
    heard, frame, (width, height) = 0, None, film.size
    turn = VideoReformatter()  # a frame's own would be set up for each
    for number in range(int(film.seconds * film.fps)):
        if film.picture is not None:
            pixels = film.picture(number, film.fps, height, width)
            if pixels is not None:
                frame = turn.reformat(av.VideoFrame.from_ndarray(pixels, "rgb24"), format="yuv420p")
            assert frame is not None
            frame.pts, frame.time_base = number, Fraction(1, film.fps)
            for packet in pictures.encode(frame):
                out.mux(packet)
        while film.sound is not None and heard < (number + 1) / film.fps * RATE:
            left = int(film.seconds * film.fps) / film.fps * RATE - heard
            count = min(AT_ONCE, -int(-left // FRAME) * FRAME)
            wave = np.clip(film.sound((heard + np.arange(count)) / RATE), -1, 1)
            samples = np.repeat((wave * 32767).round().astype(np.int16)[:, None], 1 if film.mono else 2, 1)
            piece = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono" if film.mono else "stereo")
            piece.sample_rate, piece.pts, piece.time_base = RATE, heard, Fraction(1, RATE)
            for packet in sounds.encode(piece):
                out.mux(packet)
            heard += count
