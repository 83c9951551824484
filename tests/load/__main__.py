"""`python -m tests.load`: proof with numbers. `start` in real time, `site` on virtual time.

The exit status is 1 where a promise is not kept.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from testing.course import Site
from tests.load import studies, tables
from tests.load.start import LoadPlan, run_load

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Load, in real time and on virtual time.")


@app.command()
def start(
    requests: Annotated[int, typer.Option(min=1, help="Start requests, all at once.")] = 1_000,
    connections: Annotated[int, typer.Option(min=1, help="Connections open at the same time.")] = 64,
    seconds: Annotated[float, typer.Option(min=1, help="Each recording is stopped after so long.")] = 20,
    tick: Annotated[float, typer.Option(min=1, help="The timer's period, seconds; 60 in production.")] = 60,
    callback_timeout: Annotated[float, typer.Option(min=1, help="TRTC's patience with a callback; documented: 5.")] = 5,
    timeout: Annotated[float, typer.Option(min=1, help="Give up after so many seconds.")] = 1_800,
) -> None:
    """Start many recordings at once against the local cloud: real sockets, the deployed handlers, TRTC's limits."""
    console = Console()
    plan = LoadPlan(requests, connections, seconds, tick, callback_timeout, timeout)
    console.print(f"{requests} requests; the timer ticks every {tick:g} s; TRTC takes 20 a second, 200 at once")
    with tempfile.TemporaryDirectory() as state_dir:
        result = run_load(plan, Path(state_dir), lambda line: console.print(line, highlight=False))
    console.print(tables.load_table(result))
    _end(console, result.broken)


@app.command()
def site(
    recordings_per_day: Annotated[int, typer.Option(min=1_000, help="Arriving evenly by chance.")] = 100_000,
    open_at_once: Annotated[int, typer.Option("--open", min=100, help="Open at the same time.")] = 5_000,
    burst: Annotated[bool, typer.Option("--burst", help="2,000 more at each full hour.")] = False,
    hours: Annotated[float, typer.Option(min=0.5, help="Simulated hours.")] = 3,
    finished: Annotated[int, typer.Option(min=0, help="Finished recordings of the flat-cost pair.")] = 100_000,
    store_ms: Annotated[int, typer.Option(min=1, help="What a call to COS takes.")] = 10,
    trtc_ms: Annotated[int, typer.Option(min=1, help="What a call to TRTC takes.")] = 60,
    hanging: Annotated[float, typer.Option(min=0, max=1, help="Share of receivers that never answer.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Of arrivals and lengths.")] = 1,
) -> None:
    """Simulate a big site: what its ticks cost, up to where that goes, and that history costs nothing."""
    console = Console()
    asked = Site(
        per_day=recordings_per_day,
        open_at_once=open_at_once,
        burst=2_000 if burst else 0,
        minutes=round(hours * 60),
        store_ms=store_ms,
        trtc_ms=trtc_ms,
        seed=seed,
        scheduled=0.2,
        timed=0.5,
        told=0.5,
        hanging=hanging,
    )
    console.print(f"assumed: {store_ms} ms a call to COS, {trtc_ms} ms a call to TRTC, {asked.threads} threads")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        long, pair, sizes = (
            pool.submit(studies.course, asked),
            pool.submit(studies.flat, studies.resized(asked, open_at_once // 10, studies.PROBE_MINUTES), finished),
            pool.submit(studies.limit, asked),
        )
        course, (empty, full) = long.result(), pair.result()
        for table in (tables.course_table, tables.rates_table, tables.starts_table):
            console.print(table(course))
        console.print(tables.flat_table(empty, full))
        console.print(tables.limit_table(sizes.result()))
    promises = {
        "looks are left over": not course.ticks[-1].left,
        "a start came later than two ticks": not course.late["starts"],
        "a stop came later than two ticks": not course.late["stops"],
        "a recording was started twice": not course.twice,
        "a recording was given up although TRTC had room": not course.states["failed"],
        "a look failed": not any(tick.report.errors for tick in course.ticks),
        "history costs calls": empty.total() == full.total(),
    }
    _end(console, [what for what, kept in promises.items() if not kept])


def _end(console: Console, broken: list[str]) -> None:
    console.print("every promise was kept" if not broken else f"BROKEN: {'; '.join(broken)}")
    raise typer.Exit(1 if broken else 0)


if __name__ == "__main__":
    app()
