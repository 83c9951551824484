"""Section `warm`: what a function adds to the calls it cannot do without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from bench import events, server
from bench.folders import packages
from bench.processes import warm
from bench.result import Section, Step, Table, Target
from bench.stats import Sample

HOW = (
    "One process per function, from its package, warm. The calls that an invocation really made are made again bare, "
    "with the SDKs' own clients over a kept connection of the same process, and nothing around them, in turns after it "
    "and before the next one, since who comes second finds caches warm. Overhead is the difference of each pair. The "
    "cloud answers at once, from memory, in another process."
)
LIMIT_S = 0.002
WARM_UP = 5
Event = Callable[[int, list[str]], dict[str, Any]]
KINDS: dict[str, tuple[str, Event]] = {
    "callback": ("callback", lambda number, tasks: events.callback_event(number, tasks[number % len(tasks)])),
    "start": ("recordings", lambda _number, _tasks: events.start_event()),
    "get": ("recordings", lambda _number, _tasks: events.get_event("seeded-0")),
    "tick, nothing to do": ("reconcile", lambda _number, _tasks: events.tick_event()),
}
SEEDED = 10
COLUMNS = ("handler", "calls it makes", "ms median", "ms p95", "bare ms median", "overhead ms", "invocations/s")


def measure(rounds: int, step: Step) -> Section:
    """Measure every handler."""
    python, build = packages()
    rows: list[tuple[str, ...]] = []
    targets = []
    for name, (function, event) in KINDS.items():
        step(name)
        with server.Answering() as url:
            tasks = _seed(url, markers=name == "callback")
            steps = [
                {**events.invocation(function, event(number, tasks)), "restore": False}
                for number in range(rounds + WARM_UP)
            ]
            told = warm(python, build / function, function, steps, events.environment(url))[WARM_UP:]
        whole, bare = Sample([each["took"] / 1e9 for each in told]), Sample([each["bare"] / 1e9 for each in told])
        extra = Sample([(each["took"] - each["bare"]) / 1e9 for each in told])
        rows.append(
            (
                name,
                _named(told[-1]["calls"]),
                whole.ms(2),
                f"{whole.p95 * 1e3:.2f}",
                bare.ms(2),
                extra.ms(2),
                f"{1 / whole.mean:.0f}",
            )
        )
        what = f"{name}: at most {LIMIT_S * 1e3:g} ms above the bare calls, at the median"
        targets.append(Target(what, f"{extra.median * 1e3:.2f} ms", extra.median <= LIMIT_S))
    return Section("warm", HOW, [Table("warm invocations", COLUMNS, rows)], targets)


def _seed(url: str, *, markers: bool) -> list[str]:
    tasks = []
    for number in range(SEEDED):
        task, objects = events.recording(5, f"seeded-{number}")
        # Without markers a tick finds nothing to do.
        server.put(url, {k: v for k, v in objects.items() if markers or not k.startswith(f"{events.PREFIX}/open/")})
        tasks.append(task)
    return tasks


def _named(calls: list[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(calls).items())
