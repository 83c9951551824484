"""The parameters of a big site, and the result of its run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from functions.reconcile import BUDGET_S
from shared.bootstrap import PACE_PER_SECOND, THREADS
from shared.usecases.tick import Report

DAY_MS = 86_400_000
PUNCTUAL_S = 120
"""Two ticks."""


@dataclass(frozen=True)
class Site:
    """What is simulated, and the cost of a call.

    Attributes:
        per_day: recordings a day, arriving evenly by chance.
        open_at_once: how many record at once; with `per_day` it gives the mean length.
        burst: how many more arrive within `burst_s` seconds at each full hour.
        finished: recordings that ended before the run began and lie in the store.
        minutes: how many ticks are counted.
        silent: share of callbacks that TRTC never sends.
        scheduled: share of recordings that are asked for ten minutes before they are to start.
        timed: share of recordings that end by their `stop_at`; the others are stopped by a call.
        told: share of recordings with a receiver; `hanging`: share of those whose receiver never answers.
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
    scheduled: float = 0.0
    timed: float = 0.0
    told: float = 0.0
    hanging: float = 0.0
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


class Did(NamedTuple):
    """The values of a tick's report that another process can send: a report holds a lock."""

    looked: int
    started: int
    asked: int
    behind_s: int
    waiting: int
    errors: list[str]

    @classmethod
    def of(cls, report: Report) -> Did:
        """Return what is kept."""
        return cls(report.looked, report.started, report.asked, report.behind_s, report.waiting, list(report.errors))


@dataclass(frozen=True)
class TickRow:
    """What one tick did and cost."""

    ms: int
    report: Did
    counts: Counter[str]
    left: int
    """Due checks that the tick had no time for."""
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
    """From request, or from the time it was asked to start, to the task."""
    stops_s: list[float]
    """From `stop_at` to the stop."""
    tellings_s: list[float]
    """From the end's last callback to a receiver that answers."""

    def total(self) -> Counter[str]:
        """Return every call that was made."""
        return sum((row.counts for row in self.ticks), Counter(self.rest))

    @property
    def late(self) -> dict[str, int]:
        """How many starts and stops came later than two ticks after their time; a burst's starts wait for TRTC."""
        starts = 0 if self.site.burst else sum(wait > PUNCTUAL_S for wait in self.waits_s)
        return {"starts": starts, "stops": sum(wait > PUNCTUAL_S for wait in self.stops_s)}

    @property
    def behind(self) -> bool:
        """Whether checks are left over, or starts or stops are late. Questions about silent recordings may be late."""
        return bool(median(row.left for row in self.ticks[-10:]) or sum(self.late.values()))
