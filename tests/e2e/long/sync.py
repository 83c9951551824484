"""Are picture and sound in step, and does memory stay? Records local/pages/clock.html and looks at the result.

`python -m tests.e2e.long.sync --minutes 10` prints the figures of docs/local-cloud.md; `--at-once 2` records two pages
side by side. The page beeps at each full second of the clock that its pictures carry, see `clock`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from local.recorder.job import FPS
from testing import pictures as clock
from tests.local.recorder.harness import RecorderProcess, all_gone

_AROUND_S = 0.5  # pictures that close to a beep say what the page's time was
_WARM_S = 60.0  # caches fill; what grows after that grows for ever
_BEEP_S = 0.05


class Sync(NamedTuple):
    """What a recording shows; delays are of the sound behind the picture, in milliseconds, and a share of the beeps."""

    length_s: float
    distinct_per_s: float
    longest_gap_ms: float
    beeps: int
    beeps_expected: int
    median_ms: float
    least_ms: float
    most_ms: float
    within_100_ms: float
    drift_ms_per_hour: float


class Memory(NamedTuple):
    """Memory of one recording, in MB, and what it grows by, in MB an hour, after the first minute.

    Programs and other files in memory do not count: how much of them is whose changes with who else runs.
    """

    recorder_mb: float
    recorder_growth: float
    browser_mb: float
    browser_growth: float


def sync(recording: clock.Recording) -> Sync:
    """Compare each beep with the pictures around it."""
    shown = np.array([p.shown_s for p in recording.pictures if p.page_s is not None])
    page = np.array([p.page_s for p in recording.pictures if p.page_s is not None])
    moments, delays = [], []
    for beep in clock.beeps(recording):
        near = np.abs(shown - beep.begin_s) < _AROUND_S
        if beep.length_s > _BEEP_S and near.any():
            at = beep.begin_s + float(np.median(page[near] - shown[near]))
            moments.append(beep.begin_s)
            delays.append((at - round(at)) * 1000)
    changes = shown[np.flatnonzero(np.diff(page, prepend=-1.0))]
    expected = int(page[-1]) - int(np.ceil(page[0])) + 1
    return Sync(
        length_s=round(recording.length_s, 2),
        distinct_per_s=round(clock.distinct(recording) / recording.length_s, 1),
        longest_gap_ms=round(float(np.diff(changes).max()) * 1000),
        beeps=len(delays),
        beeps_expected=expected,
        median_ms=round(float(np.median(delays)), 1),
        least_ms=round(min(delays), 1),
        most_ms=round(max(delays), 1),
        within_100_ms=round(sum(abs(delay) < 100 for delay in delays) / len(delays), 4),
        drift_ms_per_hour=round(_slope(moments, delays) * 3600, 1),
    )


def memory_mb(pid: int) -> float:
    """Return a process's own memory, what it shares with others counted in proportion; 0 when it is gone."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))) / 1024
    return 0.0


def growth(samples: list[tuple[float, float]]) -> float:
    """Return the slope of (seconds, MB), in MB an hour, without the first minute."""
    late = [sample for sample in samples if sample[0] > min(_WARM_S, samples[-1][0] / 2)]
    return round(_slope([at for at, _ in late], [mb for _, mb in late]) * 3600, 1)


def _slope(moments: list[float], values: list[float]) -> float:
    """Return the least-squares slope; 0 of less than three points."""
    return float(np.polyfit(np.array(moments), np.array(values), 1)[0]) if len(moments) > 2 else 0.0


def record(recorders: list[RecorderProcess], seconds: float) -> list[Memory]:
    """Let them record so long, and watch their memory."""
    families: list[dict[int, str]] = []
    for recorder in recorders:
        recorder.until("progress")
        families.append(recorder.browser())
    begin = time.monotonic()
    own: list[list[tuple[float, float]]] = [[] for _ in recorders]
    browsers: list[list[tuple[float, float]]] = [[] for _ in recorders]
    while (now := time.monotonic() - begin) < seconds:
        for index, (recorder, family) in enumerate(zip(recorders, families, strict=True)):
            own[index].append((now, memory_mb(recorder.process.pid)))
            browsers[index].append((now, sum(map(memory_mb, family))))
        time.sleep(min(5.0, max(0.1, seconds - now)))
    for recorder in recorders:
        recorder.say("stop")
    for recorder, family in zip(recorders, families, strict=True):
        assert recorder.end() == {"event": "ended", "reason": "stop"}
        assert all_gone(family)
    return [
        Memory(round(max(mb for _, mb in mine)), growth(mine), round(max(mb for _, mb in theirs)), growth(theirs))
        for mine, theirs in zip(own, browsers, strict=True)
    ]


def run(
    directory: Path, seconds: float, at_once: int = 1, *, size: str = "1280x720", way: str = "auto", fps: int = FPS
) -> list[tuple[Sync, Memory]]:
    """Record so long, as many at once; return what each file shows and what it took."""
    width, height = map(int, size.split("x"))
    with contextlib.ExitStack() as stack:
        recorders = []
        for number in range(at_once):
            (directory / str(number)).mkdir()
            recorders.append(
                stack.enter_context(
                    RecorderProcess(directory / str(number), width=width, height=height, way=way, fps=fps)
                )
            )
        memory = record(recorders, seconds)
        files = [path for recorder in recorders for path in recorder.files("mp4")]
    return [(sync(clock.read(path)), used) for path, used in zip(files, memory, strict=True)]


def main() -> int:
    """Measure and print; 0 where every beep was within 100 ms of its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--way", default="auto", choices=["auto", "beginframe", "screencast"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = run(Path(directory), options.minutes * 60, options.at_once, size=options.size, way=options.way)
    for seen, used in found:
        sys.stdout.write(json.dumps(seen._asdict() | used._asdict(), indent=1) + "\n")
    return 0 if all(max(-seen.least_ms, seen.most_ms) < 100 for seen, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
