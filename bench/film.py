"""Section `film`: what a look into a long film costs reconcile."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.folders import packages
from bench.processes import film
from bench.result import Section, Step, Table, Target
from bench.share import share
from bench.stats import Sample
from testing.films.long import LongFilm

HOW = (
    "A CPython 3.10 process (`-I -S -B`, the packaged reconcile and the standard library) looks into an MP4 of 25 "
    "pictures and 47 sound frames a second whose media is a hole in the file; the index is last, and has in one film a "
    "duration for each picture (uneven). CPU and wall time are the look's alone, without imports; memory is the whole "
    "process's at its largest. Median (lowest to highest). On a share of a core: see section cold."
)
SIXTH = 1 / 6
FILMS = {"1 h": (1, False), "1 h, uneven": (1, True), "10 h": (10, False), "10 h, uneven": (10, True)}
LIMITS = {1: (0.5, 48), 10: (3.0, 96)}
"""By hours: CPU seconds, and MB of memory."""
MOST_READS = 5


def measure(rounds: int, step: Step, films: Mapping[str, tuple[int, bool]] = FILMS) -> Section:
    """Measure films of one and of ten hours."""
    python, build = packages()
    rows: list[tuple[str, ...]] = []
    targets, slow = list[Target](), False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        for name, (hours, uneven) in films.items():
            step(f"{name}: making the film")
            LongFilm(hours, uneven=uneven).write(path)
            step(f"{name}: looking into it")
            told = [film(python, build / "reconcile", path) for _ in range(rounds)]
            sixth: list[dict[str, Any]] = []
            with share(SIXTH) as group:
                if group:
                    step(f"{name}: on a sixth of a core")
                    sixth = [film(python, build / "reconcile", path, group) for _ in range(max(1, rounds // 3))]
            slow = slow or bool(sixth)
            cpu, memory = Sample([one["cpu_s"] for one in told]), Sample([one["peak_kb"] / 1000 for one in told])
            reads = max(one["reads"] for one in told)
            wall = Sample([one["wall_s"] for one in sixth]).plain(2) if sixth else "-"
            size = f"{told[0]['bytes'] / 1e6:.1f}"
            rows.append((name, cpu.plain(2), wall, memory.plain(0), str(reads), size, told[0]["verdict"]))
            most_s, most_mb = LIMITS[hours]
            targets += [
                Target(f"{name}: at most {most_s:g} s of CPU", f"{cpu.median:.2f} s", cpu.median <= most_s),
                Target(f"{name}: at most {most_mb} MB", f"{memory.median:.0f} MB", memory.median <= most_mb),
                Target(f"{name}: at most {MOST_READS} reads", str(reads), reads <= MOST_READS),
            ]
    columns = ("film", "CPU s", "s on a sixth of a core", "MB", "reads", "MB read", "verdict")
    skipped = [] if slow else ["no control group's quota may be set here: nothing was measured on a share of a core"]
    return Section("film", HOW, [Table("A look into a film", columns, rows)], targets, skipped)
