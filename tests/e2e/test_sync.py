"""Picture and sound in step, over 9 s; ten minutes take `python -m tests.e2e.long.sync`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from testing import pictures as clock
from tests.e2e.long.sync import growth, run, sync
from tests.local.recorder.harness import TIMED, at_best

SECONDS = 9
FEWEST = 0.85  # where cores are shared with whatever else runs, a stall of the browser tears a beep now and then


def made_up(late_s: float, drift: float = 0.0) -> clock.Recording:
    """Return a recording whose beeps come so late, and by `drift` seconds a second later."""
    sound = np.zeros(SECONDS * clock.RATE, np.float32)
    for second in range(1, SECONDS):
        begin = round((second + late_s + drift * second) * clock.RATE)
        sound[begin : begin + clock.RATE // 10] = 0.5
    pictures = [clock.Picture(index / 25, index / 25) for index in range(SECONDS * 25)]
    return clock.Recording(SECONDS, (64, 36), pictures, sound, 0.0)


@pytest.mark.parametrize("late_s", [0, 0.08, -0.15])
def test_the_measure_sees_what_is_there(late_s: float) -> None:
    """A sound that is late by so much is found to be, to within its window of 5 ms; one that drifts, too."""
    assert sync(made_up(late_s)).median_ms == pytest.approx(late_s * 1000, abs=6)
    assert sync(made_up(late_s, drift=0.002)).drift_ms_per_hour == pytest.approx(7200, rel=0.05)
    assert sync(made_up(late_s)).beeps == SECONDS - 1


def test_growth_is_a_slope() -> None:
    """A megabyte a minute is 60 an hour; the first minute does not count."""
    assert growth([(t, 500.0 if t < 60 else t / 60) for t in range(0, 600, 5)]) == pytest.approx(60)


@pytest.mark.e2e
@pytest.mark.parametrize(("at_once", "size"), [(1, "1280x720"), (2, "320x180")])
def test_beeps_are_in_step(tmp_path: Path, at_once: int, size: str) -> None:
    """Within 100 ms of the picture that shows their second, from the first beep to the last; so with two at once."""
    # Made anew: whether sound and picture are in step is what the recorder itself can't know.
    at_best(partial(in_step, at_once, size), tmp_path)


def in_step(at_once: int, size: str, tmp_path: Path) -> None:
    for seen, _ in run(tmp_path, SECONDS, at_once, size=size, fps=TIMED):
        assert seen.beeps >= seen.beeps_expected - 2
        assert seen.length_s >= SECONDS
        assert abs(seen.median_ms) < 100, seen
        assert seen.within_100_ms >= FEWEST, seen
