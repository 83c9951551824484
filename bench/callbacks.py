"""Section `callbacks`: how many a core takes, and whether the facts a recording already has slow them down."""

from __future__ import annotations

from typing import Any

from bench import events, server
from bench.folders import packages
from bench.processes import warm
from bench.result import Section, Step, Table, Target
from bench.stats import Sample, paired, times

HOW = (
    "The whole callback function from its package, on one core: verified, stored, folded into the document, answered. "
    "The recording has so many facts before each callback (what a callback wrote is taken back); sizes take turns. "
    "An event in the middle of a recording, and one near its end."
)
SIZES = (10, 100, 1_000)
FLAT = 0.8
WARM_UP = 5
KINDS = {"middle": False, "end": True}
COLUMNS = ("event", "facts before", "callbacks/s", "CPU ms", "time to the fewest", "storage calls")


def measure(rounds: int, step: Step, sizes: tuple[int, ...] = SIZES) -> Section:
    """Measure callbacks of both kinds at every size."""
    python, build = packages()
    rows: list[tuple[str, ...]] = []
    targets = []
    with server.Answering() as url:
        tasks = {}
        for size in sizes:
            step(f"a recording with {size} facts")
            tasks[size], objects = events.recording(size, f"facts-{size}")
            server.put(url, objects)
        server.control(url, "save")
        for kind, last in KINDS.items():
            step(f"{kind}: {rounds} rounds")
            turns = [(number, size) for number in range(rounds + WARM_UP) for size in sizes]
            steps = [_step(number, tasks[size], last=last) for number, size in turns]
            told = warm(python, build / "callback", "callback", steps, events.environment(url), core=0)
            measured = list(zip(turns, told, strict=True))[WARM_UP * len(sizes) :]
            of = {size: [each for (_, turn), each in measured if turn == size] for size in sizes}
            took = {size: Sample([each["took"] / 1e9 for each in of[size]]) for size in sizes}
            for size in sizes:
                rate = Sample([1 / value for value in took[size].values])
                used = Sample([each["used"] / 1e9 for each in of[size]])
                calls = str(len(of[size][-1]["calls"]))
                slower = times(paired(took[size], took[sizes[0]]))
                rows.append((kind, f"{size:,}", rate.plain(0), used.ms(1), slower, calls))
            share = paired(took[sizes[0]], took[sizes[-1]])
            what = f"{kind}: as many a second with {sizes[-1]:,} facts as with {sizes[0]}, within {1 - FLAT:.0%}"
            targets.append(Target(what, f"{share:.0%}", share >= FLAT))
    return Section("callbacks", HOW, [Table("callbacks on one core", COLUMNS, rows)], targets)


def _step(number: int, task: str, *, last: bool) -> dict[str, Any]:
    return {**events.invocation("callback", events.callback_event(number, task, last=last)), "restore": True}
