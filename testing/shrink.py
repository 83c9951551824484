"""Shrink a failing run: remove steps, faults and unkind settings as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from testing.laws import judge
from testing.run import Run
from testing.scenario import Scenario, Settings

T = TypeVar("T")
Make = Callable[[Scenario], Run]
"""Makes a run: as it is, or one whose world or code is broken."""


def broken(scenario: Scenario, make: Make = Run) -> set[str]:
    """Return the names of the laws that a run breaks."""
    return {name for name, lines in judge(make(scenario).play()).items() if lines}


def pinned(scenario: Scenario, make: Make = Run) -> Scenario:
    """Return the run with its faults and stories listed, instead of drawn."""
    run = make(scenario).play()
    return replace(scenario, strikes=list(run.strikes.struck), stories=dict(run.stories))


def least(scenario: Scenario, say: Callable[[str], None] = lambda _line: None, make: Make = Run) -> Scenario:
    """Return the smallest run that breaks a law that this one breaks; itself where it breaks none."""
    laws = broken(scenario, make)
    if not laws:
        return scenario

    def fails(tried: Scenario) -> bool:
        return bool(broken(tried, make) & laws)

    listed = pinned(scenario, make)
    if not fails(listed):
        return scenario  # only what was drawn does it
    for _ in range(2):
        size = (len(listed.steps), len(listed.strikes or []))
        listed = _fewer(listed, fails)
        for name, kind in vars(Settings()).items():
            kinder = replace(listed, settings=replace(listed.settings, **{name: kind}))
            if kinder.settings != listed.settings and fails(kinder):
                listed = kinder
        for name in ("silence", "uneven"):
            kinder = replace(listed, settings=replace(listed.settings, **{name: type(getattr(Settings(), name))(0)}))
            if fails(kinder):
                listed = kinder
        say(f"{len(listed.steps)} steps, {len(listed.strikes or [])} faults")
        if size == (len(listed.steps), len(listed.strikes or [])):
            break
    run = make(listed).play()
    return replace(listed, stories={name: story for name, story in listed.stories.items() if name in run.stories})


def _fewer(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    steps = _drop(scenario.steps, lambda rest: fails(replace(scenario, steps=rest)))
    fewer = replace(scenario, steps=steps)
    strikes = _drop(scenario.strikes or [], lambda rest: fails(replace(fewer, strikes=rest)))
    return replace(fewer, strikes=strikes)


def _drop(items: list[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return the items without those that can go, in ever smaller bundles."""
    size = max(1, len(items) // 2)
    while items:
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size :]
            if fails(rest):
                items = rest
            else:
                at += size
        if size == 1:
            return items
        size //= 2
    return items
