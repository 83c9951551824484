"""Section `cold`: from no process to the first reply."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import events, server
from bench.folders import Folders, prepare
from bench.processes import first_reply_s
from bench.result import Section, Step, Table, Target
from bench.share import share
from bench.stats import Sample, paired, times

HOW = (
    "A new CPython 3.10 process (`-I -S -B`: only the package and the standard library) from before it is made to its "
    "first reply; TRTC and COS answer at once, from memory. The variants take turns, in another order each round, so "
    "that drift hits all alike; files are in the page cache. Median (lowest to highest), milliseconds; ratios are the "
    "medians of each round's own. On a share of a core the kernel stops a process for the rest of each tenth of a "
    "second once it has used its part: a sixth or a twelfth of it; a third of the rounds, and what compiles its "
    "sources at each start once, because that takes up to a minute."
)
PARTS = ("pydantic", "structlog", "cos")
OURS, EMPTY, SOURCES, COMPILED = "this package", "empty handler", "obvious, sources", "obvious, compiled"
LEAN = "obvious, sources, no pydantic-settings"
POWERTOOLS, TOGETHER = "powertools, only parsing", "libraries, together"
LIMIT, TIMES = 1.25, 3.0
SHARES = {"a sixth": 1 / 6, "a twelfth": 1 / 12}
"""What functions of 256 and of 128 MB may be given; the platform promises no figure."""
SIXTH_S = {"callback": 1.0, "recordings": 1.25, "reconcile": 1.15}
STORE_S, STALL_S, WAY_S = 0.020, 1.0, 4.0
"""What a storage call takes, what the first one takes, and what is left of the 5 s that TRTC waits for an answer."""


@dataclass(frozen=True)
class Variant:
    """One thing to start, and how."""

    name: str
    module: str
    folders: tuple[Path, ...]
    more: Mapping[str, str]


def variants(function: str, folders: Folders) -> list[Variant]:
    """Return what takes turns for a function."""
    package, parts = folders.build / function, (*PARTS, *(() if function == "callback" else ("trtc",)))
    lean = {"OBVIOUS": function, "LIKEWISE": ""}
    obvious = {**lean, "LIKEWISE": "pydantic_settings"}

    def libraries(name: str, *wanted: str) -> Variant:
        return Variant(name, "libraries", (folders.handlers, package), {"LIBRARIES": ",".join(wanted)})

    made = [
        Variant(OURS, function, (package,), {}),
        Variant(EMPTY, "empty", (folders.handlers,), {}),
        Variant(SOURCES, "obvious", (folders.sources,), obvious),
        Variant(LEAN, "obvious", (folders.sources,), lean),
        Variant(COMPILED, "obvious", (folders.compiled,), obvious),
        libraries(TOGETHER, *parts),
        *(libraries(part, part) for part in parts),
    ]
    if folders.powertools:
        made.append(Variant(POWERTOOLS, "powertools", (folders.handlers, folders.powertools), {}))
    return made


def measure(rounds: int, step: Step) -> Section:
    """Measure every function's cold start."""
    step("preparing")
    folders = prepare()
    tables, targets = [], []
    shared: dict[str, dict[str, dict[str, Sample]]] = {}
    for function, what in (("callback", "a callback"), ("recordings", "a start"), ("reconcile", "a tick")):
        with server.Answering() as url:
            samples = _samples(function, folders, url, rounds, step)
            for name, of_a_core in SHARES.items():
                with share(of_a_core) as group:
                    if group:
                        few = max(1, rounds // 3)
                        shared.setdefault(function, {})[name] = _samples(function, folders, url, few, step, group)
        tables.append(_table(f"{function}: {what}", samples))
        targets += _targets(function, samples)
    skipped = [] if folders.powertools else ["aws-lambda-powertools could not be installed: not compared"]
    for function, by_share in shared.items():
        tables.append(_of_shares(function, by_share))
        took = by_share["a sixth"][OURS].median
        most = SIXTH_S[function]
        targets.append(Target(f"{function}: at most {most:g} s on a sixth of a core", f"{took:.2f} s", took <= most))
    ways = _whole_way(folders, max(1, rounds // 3), step)
    if ways:
        rows: list[tuple[str, ...]] = [
            (name, str(len(way.values)), f"{way.median:.2f}", f"{max(way.values):.2f}") for name, way in ways.items()
        ]
        stalled = f"{STORE_S * 1e3:g} ms a storage call, {STALL_S:g} s the first"
        tables.append(Table(f"callback: its whole way, cold, {stalled}", ("share", "n", "s median", "s longest"), rows))
        worst = max(ways["a sixth"].values)
        told = f"callback: its whole way under {WAY_S:g} s on a sixth, {stalled}"
        targets.append(Target(told, f"{worst:.2f} s", worst < WAY_S))
    if not shared:
        skipped.append("no control group's quota may be set here: nothing was measured on a share of a core")
    return Section("cold", HOW, tables, targets, skipped)


def _whole_way(folders: Folders, rounds: int, step: Step) -> dict[str, Sample]:
    """Return how long a cold callback takes where storage takes time; by this its memory is chosen."""
    ways = dict[str, Sample]()
    with server.Answering(STORE_S, STALL_S) as url:
        task, objects = events.recording(5, "seeded")
        server.put(url, objects)
        for name, of_a_core in SHARES.items():
            with share(of_a_core) as group:
                took = []
                for number in range(rounds if group else 0):
                    step(f"callback's whole way on {name}, round {number + 1} of {rounds}")
                    event = events.invocation("callback", _event("callback", task, 1_000 + len(ways) * rounds + number))
                    server.control(url, "save")
                    folder = (folders.build / "callback",)
                    took.append(
                        first_reply_s(folders.python, "callback", folder, event, events.environment(url), group)
                    )
                if took:
                    ways[name] = Sample(took)
    return ways


def _of_shares(function: str, by_share: Mapping[str, Mapping[str, Sample]]) -> Table:
    names = next(iter(by_share.values()))
    rows = [(name, *(samples[name].ms() for samples in by_share.values())) for name in names]
    return Table(f"{function}: on a share of a core", ("variant", *(f"ms on {share}" for share in by_share)), rows)


def _samples(
    function: str, folders: Folders, url: str, rounds: int, step: Step, group: Path | None = None
) -> dict[str, Sample]:
    task, objects = events.recording(5, "seeded")
    server.put(url, objects)
    wanted, taken = variants(function, folders), dict[str, list[float]]()
    order = random.Random(0)  # noqa: S311 (nothing secret)
    # Round 0 of a whole core fills the page cache.
    for number in range(1 if group else 0, rounds + 1):
        step(f"{function}{' on a share of a core' if group else ''}, round {number} of {rounds}")
        turn = [one for one in wanted if number <= 1 or not group or one.name not in (SOURCES, LEAN)]
        for variant in order.sample(turn, len(turn)):
            event = events.invocation(function, _event(function, task, len(taken) + 100 * number))
            environ = {**events.environment(url), **variant.more}
            took = first_reply_s(folders.python, variant.module, variant.folders, event, environ, group)
            if number:
                taken.setdefault(variant.name, []).append(took)
    return {variant.name: Sample(taken[variant.name]) for variant in wanted}


def _event(function: str, task: str, number: int) -> dict[str, Any]:
    if function == "callback":
        return events.callback_event(number, task)
    return events.start_event() if function == "recordings" else events.tick_event()


def _table(title: str, samples: Mapping[str, Sample]) -> Table:
    ours, empty = samples[OURS], samples[EMPTY]
    rows: list[tuple[str, ...]] = [
        (name, sample.ms(), times(paired(sample, ours)), times(paired(sample, ours, empty)))
        for name, sample in {**samples, "libraries, added up": _added_up(samples)}.items()
    ]
    return Table(title, ("variant", "ms", "to this package", "without the interpreter's start"), rows)


def _added_up(samples: Mapping[str, Sample]) -> Sample:
    """Return the interpreter's start and what each library takes above it: what they share counts several times."""
    parts = [sample.values for name, sample in samples.items() if name in (*PARTS, "trtc")]
    each = zip(samples[EMPTY].values, zip(*parts, strict=True), strict=True)
    return Sample([start + sum(part - start for part in round_) for start, round_ in each])


def _targets(function: str, samples: Mapping[str, Sample]) -> list[Target]:
    floor, obvious = paired(samples[OURS], samples[TOGETHER]), paired(samples[SOURCES], samples[OURS])
    added = paired(samples[OURS], _added_up(samples))
    return [
        Target(f"{function}: at most {LIMIT} x the sum of the libraries it must import", times(added), added <= LIMIT),
        Target(f"{function}: the same where all are imported into one process", times(floor), floor <= LIMIT),
        Target(
            f"{function}: at least {TIMES:g} x faster than the obvious way, from sources",
            times(obvious),
            obvious >= TIMES,
        ),
    ]
