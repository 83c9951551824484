"""What a recording holds: pictures at their times, sound in step, in whole files."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import numpy as np
import pytest

from local.recorder.job import FPS
from testing import pictures as clock
from tests.local.recorder.harness import TIMED, RecorderProcess, all_gone, at_best
from tests.spread import alone

pytestmark = pytest.mark.e2e

SECONDS = 4.0
# Two cores shared with whatever else runs: far less than the 24 pictures a second measured on idle ones.
FEWEST = 5


@pytest.fixture(scope="module", params=["beginframe", "screencast"])
def mp4(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RecorderProcess:
    """A recording that ended; the fourth at most, where others took the processors from the first ones.

    While the last two are made, no other worker begins a test. Its length is judged by the recorder's own clock; a
    picture or a beep that the browser was too late with is in no log of the recorder's, which only sees that nothing
    came.
    """
    for left in (3, 2, 1, 0):
        with (
            alone() if left < 2 else contextlib.nullcontext(),
            RecorderProcess(
                tmp_path_factory.mktemp("mp4"), way=request.param, file_stem="clip", width=0, height=0, fps=TIMED
            ) as recorder,
        ):
            recorder.until("progress")
            family = recorder.browser()
            time.sleep(SECONDS - 1)
            recorder.say("stop")
            assert recorder.end() == {"event": "ended", "reason": "stop"}
            assert all_gone(family)
        if not torn(recorder):
            break
    return recorder


def torn(recorder: RecorderProcess) -> bool:
    """Tell whether what hangs on the clock fails."""
    made = clock.read(recorder.work_dir / "clip.mp4")
    try:
        test_length_is_wall_time(recorder, made)
        for test in (test_pictures_move, test_pictures_at_their_times, test_a_beep_each_second, test_sound_in_step):
            test(made)
    except AssertionError:
        return True
    return False


@pytest.fixture(scope="module")
def decoded(mp4: RecorderProcess) -> clock.Recording:
    return clock.read(mp4.work_dir / "clip.mp4")


def test_exit_is_clean(mp4: RecorderProcess) -> None:
    """A stop ends with 0 and nothing in the directory but what was reported (the fixture looks for processes)."""
    assert mp4.process.returncode == 0
    assert [path.name for path in mp4.work_dir.iterdir() if path.name[0] != "."] == ["clip.mp4"]
    assert not (mp4.work_dir / ".browser").exists()


def test_length_is_wall_time(mp4: RecorderProcess, decoded: clock.Recording) -> None:
    """The file is as long as its event says, and as the recording was."""
    (event,) = mp4.of("file")
    (started,) = mp4.of("started")
    assert started["ts_ms"] == event["start_ms"]
    said = (event["end_ms"] - event["start_ms"]) / 1000
    assert said > SECONDS - 1
    assert event["end_ms"] == pytest.approx(mp4.said_ms["stop"], abs=500)
    assert decoded.length_s == pytest.approx(said, abs=0.2)


def test_size(decoded: clock.Recording) -> None:
    """The default picture is 1280 by 720."""
    assert decoded.size == (1280, 720)


def test_pictures_move(decoded: clock.Recording) -> None:
    """There are enough different pictures a second, by the time written into them."""
    assert clock.distinct(decoded) / decoded.length_s >= FEWEST


def test_pictures_at_their_times(decoded: clock.Recording) -> None:
    """A picture's place in the file is the page's own time: no drift, no bunching."""
    base = clock.offset_s(decoded)
    errors = [abs(p.page_s - p.shown_s - base) for p in decoded.pictures if p.page_s is not None]
    assert len(errors) >= 0.9 * len(decoded.pictures)
    assert np.percentile(errors, 90) < 0.1


def test_a_beep_each_second(decoded: clock.Recording) -> None:
    """The page's tone is in the sound: 1000 Hz, about 120 ms, each second."""
    beeps = clock.beeps(decoded)
    assert len(beeps) >= SECONDS - 1
    assert {beep.hertz for beep in beeps[:-1]} <= {999.0, 1000.0, 1001.0}
    assert np.median([beep.length_s for beep in beeps]) == pytest.approx(0.12, abs=0.03)


def test_sound_in_step(decoded: clock.Recording) -> None:
    """The tone is heard within 100 ms of the picture that shows the full second."""
    delays = clock.delays_s(decoded)
    assert abs(float(np.median(delays))) < 0.1


def test_hls(tmp_path: Path) -> None:
    """An HLS recording plays through its playlist; segments are reported while it runs, the playlist last."""
    at_best(hls_plays, tmp_path)  # as above: how late the browser was with pictures and beeps, no log tells


def hls_plays(tmp_path: Path) -> None:
    with RecorderProcess(tmp_path, format="hls", file_stem="live", fps=FPS) as recorder:
        first = recorder.until("file")
        assert first["name"] == "live_00000.ts"
        recorder.until("file")
        recorder.say("stop")
        assert recorder.end() == {"event": "ended", "reason": "stop"}
    names = [event["name"] for event in recorder.of("file")]
    assert names[:2] == ["live_00000.ts", "live.m3u8"]
    assert names[-1] == "live.m3u8"
    playlist = (tmp_path / "live.m3u8").read_text()
    assert playlist.rstrip().endswith("#EXT-X-ENDLIST")
    assert sorted(n for n in names if n.endswith(".ts")) == [n for n in playlist.split() if n.endswith(".ts")]
    decoded = clock.read(tmp_path / "live.m3u8")
    last = recorder.of("file")[-1]
    assert decoded.length_s == pytest.approx((last["end_ms"] - last["start_ms"]) / 1000, abs=0.2)
    assert clock.distinct(decoded) / decoded.length_s >= FEWEST
    assert abs(float(np.median(clock.delays_s(decoded)))) < 0.1


def test_split(tmp_path: Path) -> None:
    """A long recording is cut into files without a gap, each playable and in step by itself."""
    at_best(is_split, tmp_path)  # as above


def is_split(tmp_path: Path) -> None:
    with RecorderProcess(tmp_path, max_media_file_s=2, file_stem="long", fps=TIMED) as recorder:
        recorder.run(4.5)
    events = recorder.of("file")
    names = ["long.mp4", *(f"long_{number}.mp4" for number in range(1, len(events)))]
    assert [event["name"] for event in events] == names
    # By the recorder's own clock: where others have the processors, what was to take 4.5 s takes longer.
    lengths_s = [(event["end_ms"] - event["start_ms"]) / 1000 for event in events]
    assert len(events) >= 3
    assert lengths_s[:-1] == pytest.approx([2.0] * (len(events) - 1), abs=0.2)
    assert lengths_s[-1] < 2.2
    assert [event["end_ms"] for event in events[:-1]] == [event["start_ms"] for event in events[1:]]
    decoded = [clock.read(path) for path in recorder.files("mp4")]
    assert [part.length_s for part in decoded] == pytest.approx(lengths_s, abs=0.2)
    starts = [event["start_ms"] / 1000 - clock.offset_s(part) for event, part in zip(events, decoded, strict=True)]
    assert starts[1] == pytest.approx(starts[0], abs=0.1)
    assert abs(float(np.median(clock.delays_s(decoded[1])))) < 0.1


def test_limit(tmp_path: Path) -> None:
    """The longest allowed duration ends the recording by itself."""
    with RecorderProcess(tmp_path, max_duration_s=2) as recorder:
        assert recorder.end() == {"event": "ended", "reason": "limit"}
    assert clock.read(tmp_path / "recording.mp4").length_s == pytest.approx(2, abs=0.2)


def test_odd_size(tmp_path: Path) -> None:
    """An odd size is rounded down to even."""
    with RecorderProcess(tmp_path, width=641, height=361, max_duration_s=1) as recorder:
        recorder.end()
    assert clock.read(tmp_path / "recording.mp4").size == (640, 360)
