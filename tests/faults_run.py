"""`python -m tests.faults_run --runs 10000`: many simulated runs, and a table of what went wrong in the end."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.simulation import Simulation, Verdict


def play(seed: int) -> tuple[int, Verdict]:
    """Play one run."""
    return seed, Simulation(seed).play()


def main(
    runs: Annotated[int, typer.Option(min=1, help="How many runs.")] = 1000,
    seed: Annotated[int, typer.Option(help="The first run's seed; the others follow.")] = 0,
) -> None:
    """Play runs and print the sum; exit status 1 when anything was lost, duplicated or wrong."""
    total, failed, began = Verdict(), [], time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(play, range(seed, seed + runs), chunksize=20)
        for number, verdict in track(results, "runs", total=runs, console=Console(stderr=True)):
            total.faults += verdict.faults
            for name in ("lost", "duplicated", "wrong"):
                getattr(total, name).extend(getattr(verdict, name))
            if verdict.lost or verdict.duplicated or verdict.wrong:
                failed.append(f"seed {number}: {verdict.lost + verdict.duplicated + verdict.wrong}")
    table = Table("runs", "faults injected", "lost", "duplicated", "wrong", "seconds")
    counts = [runs, total.faults, len(total.lost), len(total.duplicated), len(total.wrong)]
    table.add_row(*map(str, counts), f"{time.monotonic() - began:.0f}")
    console = Console()
    console.print(table)
    for line in failed[:20]:
        console.print(line)
    sys.exit(bool(failed))


if __name__ == "__main__":
    typer.run(main)
