"""The encoder with synthetic pictures and sound: no browser."""

from __future__ import annotations

import os
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from local.recorder import files, rescue
from local.recorder.encoder import Encoder, Target
from local.recorder.job import Format
from tests.local.recorder import clock

SIZE = (352, 240)
START_MS = 1_700_000_000_000


def jpeg(page_s: float, size: tuple[int, int] = SIZE) -> bytes:
    """Draw the clock page's blocks as a JPEG."""
    width, height = size
    luma = np.full((height, width), 90, np.uint8)
    bits = [1, *(round(page_s * 100) >> shift & 1 for shift in range(19, -1, -1)), 0]
    for cell, bit in enumerate(bits):
        columns = slice(round(width * cell / 22), round(width * (cell + 1) / 22))
        luma[round(height * 0.9) : round(height * 0.98), columns] = 255 * bit
    context: Any = av.CodecContext.create("mjpeg", "w")  # PyAV's releases type it differently
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(luma, "gray").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def tone(begin_s: float, end_s: float) -> bytes:
    """A beep of 1000 Hz for 120 ms at each full second."""
    times = np.arange(round(begin_s * 48000), round(end_s * 48000)) / 48000
    wave = np.where(times % 1 < 0.12, 0.5 * np.sin(2 * np.pi * 1000 * times), 0)
    return np.repeat((wave * 32767).astype("<i2"), 2).tobytes()


class Run:
    """An encoder fed with a made-up recording."""

    def __init__(self, directory: Path, format: Format = "mp4", max_file_s: float = 1000) -> None:  # noqa: A002 - the job's word
        self.events: list[dict[str, Any]] = []
        self.errors: list[tuple[str, bool]] = []
        target = Target(directory, "clip", format, SIZE, max_file_s, START_MS)
        self.encoder = Encoder(target, self.events.append, lambda *error: self.errors.append(error))

    def feed(self, end_s: float, size: tuple[int, int] = SIZE) -> None:
        for step in range(round(end_s * 20)):
            at = step / 20
            self.encoder.picture(at, jpeg(at, size))
            self.encoder.sound(tone(at, at + 0.05))
            # Not faster than it encodes: it drops what it cannot take.
            while step - self.encoder.pictures > 10 and not self.errors:
                time.sleep(0.001)

    def end(self, end_s: float) -> None:
        assert self.encoder.finish(end_s, 20)


def test_times_survive(tmp_path: Path) -> None:
    """A picture is shown when it was taken, and a tone is heard when it was made."""
    run = Run(tmp_path)
    run.feed(3)
    run.end(3)
    recording = clock.read(tmp_path / "clip.mp4")
    assert recording.size == SIZE
    assert recording.length_s == pytest.approx(3, abs=0.05)
    assert max(abs(p.page_s - p.shown_s) for p in recording.pictures[:-1] if p.page_s is not None) < 0.06
    assert len(clock.beeps(recording)) == 3
    assert max(map(abs, clock.delays_s(recording))) < 0.04
    assert run.events == [
        {"event": "file", "name": "clip.mp4", "kind": "mp4", "start_ms": START_MS, "end_ms": START_MS + 3000}
    ]


def test_index_in_front(tmp_path: Path) -> None:
    """A finished MP4 is not fragmented and starts playing before it is loaded whole."""
    run = Run(tmp_path)
    run.feed(1)
    run.end(1)
    kinds = files.trim(tmp_path / "clip.mp4")
    assert "moof" not in kinds
    assert kinds.index("moov") < kinds.index("mdat")


def test_still_page(tmp_path: Path) -> None:
    """One picture lasts for the whole recording, and missing sound becomes silence."""
    run = Run(tmp_path)
    run.encoder.picture(0, jpeg(7))
    run.end(4)
    recording = clock.read(tmp_path / "clip.mp4")
    assert recording.length_s == pytest.approx(4, abs=0.05)
    assert {p.page_s for p in recording.pictures} == {7}
    assert not recording.sound.any()


def test_cut_divides_both(tmp_path: Path) -> None:
    """At a cut, pictures and sound change the file at the same moment."""
    run = Run(tmp_path, max_file_s=1.5)
    run.feed(3)
    run.end(3)
    assert [event["name"] for event in run.events] == ["clip.mp4", "clip_1.mp4"]
    second = clock.read(tmp_path / "clip_1.mp4")
    assert clock.offset_s(second) == pytest.approx(1.5, abs=0.06)
    (beep,) = clock.beeps(second)
    assert beep.begin_s == pytest.approx(0.5, abs=0.04)


def test_hls_cut(tmp_path: Path) -> None:
    """A second HLS file has a playlist and segment names of its own."""
    run = Run(tmp_path, "hls", max_file_s=2.5)
    run.feed(5)
    run.end(5)
    names = [event["name"] for event in run.events]
    assert {"clip.m3u8", "clip_00000.ts", "clip_1.m3u8", "clip_1_00000.ts"} <= set(names)
    assert names[-1] == "clip_1.m3u8"
    lengths = [clock.read(tmp_path / name).length_s for name in ("clip.m3u8", "clip_1.m3u8")]
    assert lengths == pytest.approx([2.5, 2.5], abs=0.15)


def test_other_picture_size(tmp_path: Path) -> None:
    """Pictures of another size, as a scaled page gives them, are fitted."""
    run = Run(tmp_path)
    run.feed(0.5, (354, 242))
    run.end(0.5)
    assert clock.read(tmp_path / "clip.mp4").size == SIZE


def test_unreadable_picture(tmp_path: Path) -> None:
    """A broken picture is left out; the recording goes on."""
    run = Run(tmp_path)
    run.feed(0.5)
    run.encoder.picture(0.5, b"no picture")
    run.end(1)
    assert run.errors == []
    assert clock.read(tmp_path / "clip.mp4").length_s == pytest.approx(1, abs=0.05)


def test_nowhere_to_write(tmp_path: Path) -> None:
    """A directory that is gone is reported, and nothing hangs."""
    run = Run(tmp_path / "gone")
    run.feed(0.5)
    run.end(1)
    assert len(run.errors) == 1
    assert run.events == []


def test_torn_file(tmp_path: Path) -> None:
    """Rescue plays what a torn MP4 holds, and passes over one that holds nothing."""
    run = Run(tmp_path)
    run.feed(3)
    part = run.encoder
    run.end(3)
    assert part.pictures == 60
    whole = tmp_path / "clip.mp4"
    torn = tmp_path / "torn.mp4"
    with (
        av.open(str(whole)) as source,
        av.open(
            str(torn), "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}
        ) as target,
    ):
        streams = {s.index: target.add_stream_from_template(s) for s in (*source.streams.video, *source.streams.audio)}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    os.truncate(torn, torn.stat().st_size * 3 // 4)
    (tmp_path / "empty.mp4").write_bytes(torn.read_bytes()[:100])
    names = {event["name"]: event["end_ms"] - event["start_ms"] for event in rescue(tmp_path)}
    assert set(names) == {"clip.mp4", "torn.mp4"}
    assert 1000 < names["torn.mp4"] < 3000
    assert clock.distinct(clock.read(torn)) > 20
    assert not (tmp_path / "empty.mp4").exists()
