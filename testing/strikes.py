"""Faults by call: planned for each invocation from its own stream, and recorded when they strike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple, get_args

Kind = Literal["die", "die after", "fail", "hang", "stall", "lose", "slow", "meet"]
"""Die before the call or after it took effect; fail at once, or after as long as the caller is patient, or never come
back, so that the platform ends the invocation; take effect and lose the reply; take long; let another invocation begin
in the middle of it."""
KINDS: tuple[Kind, ...] = get_args(Kind)
OVERRUN = "overrun"
"""Killed at its function's time limit: stalls lead to it, and many hangs."""
DEEPEST = 25
"""Which call of an invocation is struck at most; the early ones more often, since most invocations have few."""

RARE = (
    *("StartWebRecord", "DescribeWebRecord", "StopWebRecord", "notify", "LIST files", "LIST days", "PUT days"),
    *("PUT request", "PUT pointer", "DELETE due", "GET jobs", "PUT job report", "DELETE job report", "GET callback"),
    "GET files",
)
"""Calls that plans seldom meet: each run aims at one of them."""


class Strike(NamedTuple):
    """A fault that struck: in which invocation, at which of its calls, which call that is, and what happened."""

    label: str
    number: int
    call: str
    kind: str


@dataclass
class Strikes:
    """Plans faults, or repeats those that are given, and keeps what struck.

    Attributes:
        seed: of the streams.
        harshness: the share of invocations in which something is planned.
        given: instead of plans: the faults that are to strike.
    """

    seed: int
    harshness: float = 0.3
    given: list[Strike] | None = None
    struck: list[Strike] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """Every kind of call, and how often it was made."""
    aim: tuple[str, int, Kind] | None = None
    """The one kind of call that this run strikes in addition, at which of its calls, and how."""
    planned: int = 0
    labels: set[str] = field(default_factory=set)
    """Invocations that something struck."""
    _chance: Random = field(default_factory=Random)
    """Seeded anew for each plan, for half of what a new one costs."""

    def __post_init__(self) -> None:
        if self.given is None and self.harshness:
            chance = Random(f"{self.seed} aim")
            self.aim = chance.choice(RARE), chance.choice((1, 1, 2, 3)), chance.choice(KINDS)

    def aimed(self, call: str) -> Kind | None:
        """Return how this call of a kind is to be struck, which was just counted."""
        if self.aim is None or self.aim[0] != call or self.aim[1] != self.calls[call]:
            return None
        return self.aim[2]

    def plan(self, label: str, *, peace: bool) -> dict[int, Kind]:
        """Return which calls of an invocation are to be struck, and how."""
        if self.given is not None:
            kinds = {(s.number, s.kind) for s in self.given if s.label == label and s.kind in KINDS}
            return dict(kinds)
        if peace or not self.harshness:
            return {}
        chance = self._chance
        chance.seed(f"{self.seed} faults {label}")
        if chance.random() >= self.harshness:
            return {}
        count = chance.choice((1, 1, 3))
        plan = {int(chance.random() ** 2 * DEEPEST): chance.choice(KINDS) for _ in range(count)}
        self.planned += len(plan)
        return plan

    def note(self, label: str, number: int, call: str, kind: str) -> None:
        """Keep that a fault struck."""
        self.struck.append(Strike(label, number, call, kind))
        self.labels.add(label)

    def table(self) -> Counter[tuple[str, str]]:
        """Return how often each kind struck each call."""
        return Counter((strike.call, strike.kind) for strike in self.struck)


def never(calls: Counter[str], struck: Counter[tuple[str, str]]) -> list[str]:
    """Return calls that were made and never saw a kind of fault, as `call: kinds`."""
    missing = {call: [kind for kind in KINDS if not struck[call, kind]] for call in sorted(calls)}
    return [f"{call}: {', '.join(kinds)}" for call, kinds in missing.items() if kinds]
