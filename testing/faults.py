"""`python -m testing.faults --runs 10000`: many runs, what struck in them, and each law with what broke it.

`--trace SEED` prints the history of one run; `--shrink SEED` drops what a failing one does not need, prints the rest.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from testing import shrink, trace
from testing.laws import LAWS, breaches, judge
from testing.run import Run
from testing.scenario import Scenario, drawn
from testing.strikes import KINDS, OVERRUN, never

CHUNK = 20
COLLECTED = 5
"""Runs between two collections: what more leave behind is out of the processor's reach."""


@dataclass
class Sum:
    """The sum of many runs; `broken` maps a law to seeds and breaches."""

    runs: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {name: [] for name in LAWS})

    def add(self, other: Sum) -> None:
        """Add what others did."""
        self.runs += other.runs
        self.calls += other.calls
        self.struck += other.struck
        for name, lines in other.broken.items():
            self.broken[name] += lines


def play(seeds: range) -> Sum:
    """Play runs."""
    gc.disable()  # what runs leave behind goes after every few
    gc.freeze()  # and what is there before them never does
    total = Sum()
    for seed in seeds:
        run = Run(drawn(seed)).play()
        total.runs += 1
        total.calls += run.strikes.calls
        total.struck += run.strikes.table()
        for name, lines in judge(run).items():
            total.broken[name] += [(seed, line) for line in lines]
        if total.runs % COLLECTED == 0 or seed == seeds[-1]:
            gc.collect()
    return total


def main(
    runs: Annotated[int, typer.Option(min=1, help="Number of runs.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the first run; the next runs count up.")] = 0,
    trace_of: Annotated[
        str, typer.Option("--trace", help="Print the history of a run: its seed, or a file of --shrink.")
    ] = "",
    shrink_of: Annotated[
        str, typer.Option("--shrink", help="Print the smallest run that still breaks a law of this seed's run.")
    ] = "",
) -> None:
    """Play runs and print the totals; exit with status 1 if a law was broken."""
    console = Console()
    if trace_of:
        for line in trace.lines(_scenario(trace_of)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        return
    if shrink_of:
        print(shrink.least(_scenario(shrink_of), lambda line: print(line, file=sys.stderr)).to_json(), end="")
        return
    total, began = Sum(), time.monotonic()
    chunks = [range(first, min(first + CHUNK, seed + runs)) for first in range(seed, seed + runs, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in track(pool.map(play, chunks), "runs", total=len(chunks), console=Console(stderr=True)):
            total.add(part)
    show(console, total, time.monotonic() - began)
    sys.exit(any(total.broken.values()))


def show(console: Console, total: Sum, seconds: float) -> None:
    """Print what came of runs."""
    calls, struck = total.calls.total(), total.struck.total()
    sums = Counter[str]()
    for (_, kind), count in total.struck.items():
        sums[kind] += count
    console.print(f"{total.runs:,} runs, {calls:,} calls, {struck:,} faults struck, {seconds:.0f} s")
    console.print(f"{'faults that struck':20} {'calls':>10}{''.join(f'{kind:>10}' for kind in KINDS)}")
    for call in [*sorted(total.calls), "all"]:
        made = total.calls[call] if call != "all" else calls
        counts = [total.struck[call, kind] if call != "all" else sums[kind] for kind in KINDS]
        console.print(f"{call:20} {made:>10,}{''.join(f'{count:>10,}' for count in counts)}", soft_wrap=True)
    overrun = {call: n for (call, kind), n in total.struck.items() if kind == OVERRUN}
    console.print(f"killed at their time limit: {', '.join(f'{n:,} {call}' for call, n in overrun.items()) or 'none'}")
    console.print(f"never seen: {'; '.join(never(total.calls, total.struck)) or 'nothing'}")
    console.print("laws, and how often they were broken:")
    for name, lines in total.broken.items():
        console.print(f"{len(lines):>6,} {name}")
    for name, lines in total.broken.items():
        for number, line in lines[:20]:
            console.print(f"seed {number}: {name}: {line}", markup=False, soft_wrap=True)


def _scenario(name: str) -> Scenario:
    return drawn(int(name)) if name.lstrip("-").isdigit() else Scenario.from_json(Path(name).read_text())


__all__ = ["Sum", "breaches", "main", "play", "show"]

if __name__ == "__main__":
    typer.run(main)
