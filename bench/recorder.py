"""Section `recorder`: the local recorder beside the usual ways to record a page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import cpu, rival_screen
from bench.result import Section, Step, Table
from bench.stats import Sample, ratio
from local.recorder.browser import BrowserError, find_chromium, is_headless_shell
from testing import pictures as clock
from tools.package import ROOT

HOW = (
    "The bundled clock page at 1280 x 720, 25 pictures a second wanted, each way in a process of its own, taking "
    "turns. Start: from before the process to the first picture that shows the page, by the file."
)
PAGE = (ROOT / "local" / "pages" / "clock.html").as_uri()
SETTLE_S, SECONDS = 3.0, 10.0
COLUMNS = ("way", "distinct pictures/s", "CPU s per recorded s", "CPU to ours", "start s")


@dataclass(frozen=True)
class Way:
    """One way to record: a module that speaks as the local recorder does, and more for its job."""

    name: str
    module: str
    more: Mapping[str, str]
    missing: str | None = None
    """Why it can't be measured here."""


@dataclass(frozen=True)
class Take:
    """One recording's numbers."""

    distinct_per_s: float
    cpu_per_s: float
    start_s: float


def ways() -> list[Way]:
    """Return all ways; what is not installed is said."""
    try:
        chromium, why = find_chromium(None), None
    except BrowserError as error:
        chromium, why = "", str(error)
    shell = None if chromium and is_headless_shell(chromium) else "begin frames need chromium-headless-shell"
    ffmpeg = None if shutil.which("ffmpeg") else "ffmpeg is not installed"
    screen = None if shutil.which("Xvfb") else "Xvfb is not installed"
    full = None if rival_screen.browser() else "no full Chromium is installed"
    return [
        Way("ours, begin frames", "local.recorder", {"way": "beginframe"}, why or shell),
        Way("ours, screencast", "local.recorder", {"way": "screencast"}, why),
        Way("plain screencast + ffmpeg", "bench.rival_cast", {}, why or ffmpeg),
        Way("Xvfb + Chromium + x11grab", "bench.rival_screen", {}, screen or full or ffmpeg),
    ]


def measure(rounds: int, step: Step, seconds: float = SECONDS) -> Section:
    """Record with every way that is installed."""
    found = ways()
    takes: dict[str, list[Take]] = {}
    for number in range(rounds):
        for way in found:
            if way.missing is None:
                step(f"{way.name}, round {number + 1} of {rounds}")
                takes.setdefault(way.name, []).append(take(way, seconds))
    base = next((Sample([each.cpu_per_s for each in told]).median for told in takes.values()), 0.0)
    rows: list[tuple[str, ...]] = []
    for way in found:
        if (told := takes.get(way.name)) is None:
            rows.append((way.name, "not measured", "-", "-", "-"))
            continue
        used = Sample([each.cpu_per_s for each in told])
        rows.append(
            (
                way.name,
                Sample([each.distinct_per_s for each in told]).plain(1),
                used.plain(2),
                ratio(used.median, base),
                Sample([each.start_s for each in told]).plain(2),
            )
        )
    skipped = [f"{way.name}: {way.missing}" for way in found if way.missing]
    return Section("recorder", HOW, [Table("recording a page", COLUMNS, rows)], [], skipped)


def take(way: Way, seconds: float) -> Take:
    """Record once.

    Raises:
        RuntimeError: the recorder ended before its time, or the page is not in the file.
    """
    with tempfile.TemporaryDirectory() as work:
        began = time.monotonic()
        command = [sys.executable, "-m", way.module]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"page_url": PAGE, "work_dir": work, **way.more}) + "\n")
            process.stdin.flush()
            if not any(json.loads(line)["event"] == "started" for line in process.stdout):
                raise RuntimeError(f"{way.name} did not start")
            started = time.monotonic()
            time.sleep(SETTLE_S)
            before, at = cpu.tree_s(process.pid), time.monotonic()
            time.sleep(seconds)
            used, lasted = cpu.tree_s(process.pid) - before, time.monotonic() - at
            process.stdin.write("stop\n")
            process.stdin.flush()
            process.communicate(timeout=60)
        pictures = clock.read(Path(work) / "recording.mp4")
    shown = [picture for picture in pictures.pictures if picture.page_s is not None]
    if not shown:
        raise RuntimeError(f"{way.name} did not record the page")
    seen = pictures._replace(pictures=shown)
    length_s = pictures.length_s - shown[0].shown_s
    return Take(clock.distinct(seen) / length_s, used / lasted, started - began + shown[0].shown_s)
