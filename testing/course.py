"""A big site as it is asked for, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from functions.reconcile import BUDGET_S
from shared.bootstrap import PACE_PER_SECOND, THREADS
from shared.usecases.tick import Report

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Site:
    """What is simulated, and what a call costs.

    Attributes:
        per_day: recordings a day, arriving evenly by chance.
        open_at_once: how many record at once; with `per_day` it gives the mean length.
        burst: how many more arrive within `burst_s` seconds at each full hour.
        finished: recordings that ended before the run began and lie in the store.
        minutes: how many ticks are counted.
        silent: share of callbacks that TRTC never sends.
        quota: tasks that TRTC allows at once; None for enough.
        per_second: TRTC's requests a second and action.
        store_ms, trtc_ms: what one call takes.
        threads, budget_s, pace: the tick's own limits; the deployed ones.
        seed: of arrivals and lengths.
    """

    per_day: int = 100_000
    open_at_once: int = 5_000
    burst: int = 0
    burst_s: float = 10.0
    finished: int = 0
    minutes: int = 180
    silent: float = 0.01
    quota: int | None = None
    per_second: int = 20
    store_ms: int = 10
    trtc_ms: int = 60
    threads: int = THREADS
    budget_s: float = BUDGET_S
    pace: float = PACE_PER_SECOND
    seed: int = 1

    @property
    def mean_ms(self) -> float:
        """How long a recording is on average."""
        return self.open_at_once / self.per_day * DAY_MS


@dataclass(frozen=True)
class TickRow:
    """What one tick did and cost."""

    ms: int
    report: Report
    counts: Counter[str]
    left: int
    """Markers that were due and that it did not come to."""
    open_now: int


@dataclass
class Course:
    """What came of a whole run; times in seconds."""

    site: Site
    ticks: list[TickRow]
    rest: Counter[str]
    """Calls of the callers' and TRTC's own invocations."""
    busiest: dict[str, int]
    accepted: int
    states: Counter[str]
    """Of those that TRTC never started."""
    twice: int
    waits_s: list[float]
    """From request to task of those that were started."""

    def total(self) -> Counter[str]:
        """Return every call that was made."""
        return sum((row.counts for row in self.ticks), Counter(self.rest))

    @property
    def behind(self) -> bool:
        """Whether its ticks use up their budget: then looks are left over and no start is made."""
        return median(row.ms for row in self.ticks[-10:]) >= self.site.budget_s * 1000
