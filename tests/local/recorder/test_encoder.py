"""The encoder with synthetic pictures and sound: no browser."""

from __future__ import annotations

import os
import shutil
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from local.probe import probe
from local.recorder import files
from local.recorder.encoder import Encoder, Target
from local.recorder.job import Format
from local.recorder.rescue import rescue
from testing import pictures as clock

pytestmark = pytest.mark.long
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

    def __init__(
        self, directory: Path, wanted: Format = "mp4", max_file_s: float = 1000, max_bytes: int = 1 << 40
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self.errors: list[tuple[str, bool]] = []
        target = Target(directory, "clip", wanted, SIZE, max_file_s, START_MS, max_bytes)
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
        assert self.encoder.finish(end_s, 90)


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


def test_on_disk_at_once(tmp_path: Path) -> None:
    """What a still page gives is little, and on the disk all the same but for the last seconds: a kill loses those."""
    (tmp_path / "work").mkdir()
    run = Run(tmp_path / "work")
    still = jpeg(7)
    for second in range(8):
        run.encoder.picture(second, still)
        run.encoder.sound(bytes(4 * 48000))
    until = time.monotonic() + 300
    while run.encoder.pictures < 8:
        assert time.monotonic() < until, "the encoder stands still"
        time.sleep(0.01)
    shutil.copytree(tmp_path / "work", tmp_path / "found")
    run.end(8)
    (found,) = rescue(tmp_path / "found")
    assert found["end_ms"] - found["start_ms"] >= 5000
    assert {p.page_s for p in clock.read(tmp_path / "found" / "clip.mp4").pictures} == {7}


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


@pytest.mark.parametrize(("wanted", "cut"), [("mp4", True), ("hls+mp4", True), ("hls", False)])
def test_cut_by_size(tmp_path: Path, wanted: Format, cut: bool) -> None:
    """An MP4 that reaches the largest size is followed by another one; HLS has no such limit."""
    run = Run(tmp_path, wanted, max_bytes=15_000)
    run.feed(4)
    run.end(4)
    paths = {tmp_path / event["name"] for event in run.events if event["kind"] != "ts"}
    assert (len(paths) > (2 if "+" in wanted else 1)) == cut
    assert all(path.stat().st_size < 20_000 for path in paths)
    assert run.events[-1]["end_ms"] == pytest.approx(START_MS + 4000, abs=100)


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


def test_both_formats(tmp_path: Path) -> None:
    """One encoding gives an MP4 and an HLS playlist of the same moments, cut at the same instant."""
    run = Run(tmp_path, "hls+mp4", max_file_s=4.5)
    run.feed(6)
    run.end(6)
    names = [event["name"] for event in run.events]
    assert {"clip.mp4", "clip_1.mp4", "clip.m3u8", "clip_1.m3u8", "clip_1_00000.ts"} <= set(names)
    assert names.count("clip_00000.ts") == 1
    spans = {event["name"]: (event["start_ms"] - START_MS, event["end_ms"] - START_MS) for event in run.events}
    for stem, begin_s, end_s in (("clip", 0, 4.5), ("clip_1", 4.5, 6)):
        both = [clock.read(tmp_path / f"{stem}{suffix}") for suffix in (".mp4", ".m3u8")]
        assert [each.length_s for each in both] == pytest.approx([end_s - begin_s] * 2, abs=0.15)
        assert both[0].pictures[0].page_s == both[1].pictures[0].page_s
        assert clock.distinct(both[0]) == clock.distinct(both[1])
        assert len(clock.beeps(both[0])) == len(clock.beeps(both[1])) > 0
        assert spans[f"{stem}.mp4"] == pytest.approx((begin_s * 1000, end_s * 1000), abs=60)
        assert spans[f"{stem}.m3u8"] == pytest.approx((begin_s * 1000, end_s * 1000), abs=150)


def test_each_slice_decodes_alone(tmp_path: Path) -> None:
    """A player may begin with any slice of an HLS recording: it brings its own decoder settings."""
    run = Run(tmp_path, "hls")
    run.feed(5)
    run.end(5)
    second = clock.read(tmp_path / "clip_00001.ts")
    assert second.pictures[0].page_s == pytest.approx(2, abs=0.1)
    assert clock.distinct(second) >= 38


def test_other_picture_size(tmp_path: Path) -> None:
    """Pictures of another size, as a scaled page gives them, are fitted."""
    run = Run(tmp_path)
    run.feed(0.5, (354, 242))
    run.end(0.5)
    assert clock.read(tmp_path / "clip.mp4").size == SIZE


@pytest.mark.parametrize(
    "name",
    [
        "My Projects",
        "录制 100%",
        "a%05d%20b",
        "a:b",
        'a"b\\c',
        "it's $HOME",
        "a\nb",
        "a?b#c",
        f"{'x' * 200}/{'y' * 200}",
    ],
)
def test_any_directory(tmp_path: Path, name: str) -> None:
    """No letter of the directory's path means anything: both formats are written there, found, rescued and play."""
    directory = tmp_path / name
    directory.mkdir(parents=True)
    run = Run(directory, "hls+mp4")
    run.feed(1)
    run.end(1)
    assert [] == run.errors
    assert {"clip.mp4", "clip.m3u8", "clip_00000.ts"} == {event["name"] for event in run.events}
    assert [] == [path.name for path in tmp_path.rglob("clip*") if path.parent != directory]
    for film in ("clip.mp4", "clip.m3u8"):
        seen = probe(directory / film)
        assert seen.has_sound
        assert seen.seconds == pytest.approx(1, abs=0.15)
    lengths = {event["name"]: event["end_ms"] - event["start_ms"] for event in rescue(directory)}
    assert pytest.approx(1000, abs=150) == lengths["clip.mp4"]


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
