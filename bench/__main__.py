"""`python -m bench SECTION` prints a section; `python -m bench all` measures all and writes docs/performance.md.

The exit status is not 0 only where something broke; a number never breaks anything.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import callbacks, cold, film, latency, machine, recorder, report, tick, wakes, warm
from bench.folders import MissingError
from bench.result import Section, Step

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
SECTIONS: dict[str, tuple[Callable[[int, Step], Section], int]] = {
    "cold": (cold.measure, 15),
    "warm": (warm.measure, 200),
    "latency": (latency.measure, 30),
    "wakes": (wakes.measure, 30),
    "callbacks": (callbacks.measure, 40),
    "tick": (tick.measure, 7),
    "film": (film.measure, 5),
    "recorder": (recorder.measure, 3),
}
"""How each is measured, and how many rounds."""


class Choice(str, enum.Enum):
    """What can be asked for."""

    cold = "cold"
    warm = "warm"
    latency = "latency"
    wakes = "wakes"
    callbacks = "callbacks"
    tick = "tick"
    film = "film"
    recorder = "recorder"
    all = "all"


def measure(name: str, run: Callable[[int, Step], Section], rounds: int, step: Step) -> Section:
    """Measure a section; what it can't do without and does not find is said in it."""
    try:
        return run(rounds, step)
    except MissingError as error:
        return Section(name, "Not measured.", [], skipped=[str(error)])


def main(
    section: Annotated[Choice, typer.Argument(help="What to measure.")],
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds of each section; fewer are less certain.")] = None,
    few: Annotated[bool, typer.Option("--few", help="A third of each section's rounds: sooner, less certain.")] = False,
    out: Annotated[Path, typer.Option(help="The document that `all` writes.")] = DOCUMENT,
) -> None:
    """Measure what it costs, beside baselines of the same run."""
    console = Console()
    found, described = [], machine.describe()
    for name in SECTIONS if section is Choice.all else [section.value]:
        with console.status(name) as status:

            def step(what: str, name: str = name) -> None:
                status.update(f"{name}: {what}")
                if not console.is_terminal:
                    console.print(f"{name}: {what}", highlight=False)

            run, usual = SECTIONS[name]
            found.append(measure(name, run, rounds or (max(1, usual // 3) if few else usual), step))
        report.show(found[-1], console)
    if section is Choice.all:
        given = (" --few" if few else "") + (f" --rounds {rounds}" if rounds else "")
        command = f"python -m bench all{given}" if given else "make bench"
        today = datetime.now(timezone.utc).date().isoformat()
        out.write_text(report.document(found, described, today, command))
        console.print(f"wrote {out}")


if __name__ == "__main__":
    typer.run(main)
