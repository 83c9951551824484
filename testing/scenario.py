"""A run as data: its world and its list of timed actions, drawn by ideas from independent streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from random import Random
from typing import Any, NamedTuple

from testing.strikes import Strike

BEGIN_MS = 1_800_000_000_000


class Step(NamedTuple):
    """At a time (ms from the run's beginning) an actor does something."""

    ms: int
    actor: str
    action: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """The world of a run.

    Attributes:
        quota, busy, forget_ms: TRTC's tasks at once; share of starts it refuses; how long it knows a RecordId.
        late_ms, page_size: how late listings are, and how long their pages.
        refusing: share of notifications that the receiver refuses.
        hanging: whether one of its hosts never answers in time.
        deleting: whether the receiver deletes what it is notified of, within its own call.
        deleting_early: the same at messages of states that are not final, too.
        silence: share of callbacks that are never sent.
        ahead: share of callbacks whose own time is minutes or hours ahead.
        behind: share of callbacks whose own time is minutes or hours behind.
        lying: share of tasks of which somebody who has TRTC's key tells what is not so.
        waking: whether `wake/` has a COS trigger: "off", "kind", or "unkind": its events are lost, doubled, late.
        uneven: whether the timer skips and doubles ticks.
        harshness: share of invocations in which something goes wrong.
        released: the bucket it starts from, of an earlier release; empty: none.
        peace_ms: when all is well again, and who is left only waits.
    """

    quota: int = 200
    busy: float = 0.0
    forget_ms: int = 600_000
    late_ms: int = 0
    page_size: int = 1_000
    refusing: float = 0.0
    hanging: bool = False
    deleting: bool = False
    deleting_early: bool = False
    silence: float = 0.1
    ahead: float = 0.0
    behind: float = 0.0
    lying: float = 0.0
    waking: str = "off"
    uneven: bool = True
    harshness: float = 0.4
    released: str = ""
    peace_ms: int = 3 * 3_600_000


@dataclass(frozen=True)
class Scenario:
    """One run. `strikes` None: faults are drawn; else only these strike. `stories` pins what becomes of a task."""

    seed: int
    settings: Settings
    steps: list[Step]
    strikes: list[Strike] | None = None
    stories: dict[str, str] = field(default_factory=dict)

    def stream(self, name: str) -> Random:
        """Return the stream of chance of this name."""
        return Random(f"{self.seed} {name}")

    def to_json(self) -> str:
        """Return it for keeping: a line for each step and each fault."""
        given = {k: v for k, v in asdict(self.settings).items() if v != getattr(Settings(), k)}
        head = json.dumps({"seed": self.seed, "settings": given, "stories": self.stories})
        rows = [json.dumps(step) for step in self.steps]
        struck = None if self.strikes is None else [json.dumps(strike) for strike in self.strikes]
        lines = ",\n  ".join(rows)
        faults = "null" if struck is None else "[\n  " + ",\n  ".join(struck) + "]"
        return f'{{"world": {head},\n "steps": [\n  {lines}],\n "strikes": {faults}}}\n'

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Return what `to_json` wrote."""
        data = json.loads(text)
        world, known = data["world"], {f.name for f in fields(Settings)}
        settings = Settings(**{k: v for k, v in world["settings"].items() if k in known})
        strikes = None if data["strikes"] is None else [Strike(*row) for row in data["strikes"]]
        return cls(world["seed"], settings, [Step(*row) for row in data["steps"]], strikes, world["stories"])


Idea = Callable[[Random], Iterator[Step]]
Change = Callable[[Random], dict[str, Any]]
IDEAS: dict[str, Idea] = {}
WORLDS: dict[str, Change] = {}


def idea(make: Idea) -> Idea:
    """Register an idea; its steps come from its own stream, so that the steps of other ideas stay the same."""
    IDEAS[make.__name__] = make
    return make


def world(change: Change) -> Change:
    """Register what a run's world may be like; the same."""
    WORLDS[change.__name__] = change
    return change


def drawn(seed: int) -> Scenario:
    """Return the run of a seed."""
    from testing import ideas, strange, worlds  # noqa: F401 (they register theirs, in this order)

    chance, changes, steps = Random(), dict[str, Any](), list[Step]()
    for name, change in WORLDS.items():
        chance.seed(f"{seed} world {name}")
        changes |= change(chance)
    for name, make in IDEAS.items():
        chance.seed(f"{seed} idea {name}")
        steps += make(chance)
    settings = Settings(**changes)
    return Scenario(seed, settings, sorted(steps, key=lambda step: step[:3]))
