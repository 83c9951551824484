"""The history of one run, readable: what was called, what struck, and what truly happened, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

from testing.laws import breaches, judge
from testing.run import Run
from testing.scenario import BEGIN_MS, Scenario
from testing.timeline import Process


def lines(scenario: Scenario) -> Iterator[str]:
    """Play a run and yield its history, its settings first and what it broke last."""
    told: list[tuple[int, str]] = []

    def watch(process: Process, number: int, what: str, kind: str | None) -> None:
        told.append((run.timeline.now, f"{process.label} [{number}] {what}{f'   <== {kind}' if kind else ''}"))

    run = Run(scenario, watch)
    run.play()
    yield f"seed {scenario.seed}: {scenario.settings}"
    for step in scenario.steps:
        yield f"  {_at(BEGIN_MS + step.ms)} {step.actor} {step.action} {step.args}"
    for entry in run.ledger.entries:
        data = {name: _short(value) for name, value in entry.data.items()}
        told.append((entry.ms, f"== {entry.who}: {entry.what} {entry.about} {data or ''}"))
    for ms, line in sorted(told, key=lambda pair: pair[0]):
        yield f"{_at(ms)} {line}"
    broken = breaches(judge(run))
    yield f"{len(run.strikes.struck)} faults struck; laws broken: {len(broken)}"
    yield from broken


def _at(ms: int) -> str:
    seconds, rest = divmod(ms - BEGIN_MS, 1_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _short(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.split())[:120]
