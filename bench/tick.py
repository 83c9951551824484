"""Section `tick`: what a tick costs, against what is open and against what ever was."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.result import Section, Step, Table, Target
from bench.stats import Sample, paired, times
from shared.domain import keys
from shared.domain.steps import Timing
from shared.ports import StoredObject
from shared.usecases.look import ReconcilePorts
from shared.usecases.tick import tick
from testing.bucket import Bucket as Store
from testing.callbacks import callback
from testing.course import Site
from testing.meter import Meter, MeteredStore
from testing.parts import POLICY
from testing.site import HOUR_MS, MIDDAY_MS, Simulation
from testing.timeline import Timeline
from testing.trtc import Trtc
from testing.world import Clock, World

HOW = (
    "The real tick over a bucket and a TRTC in memory whose calls take no time: what is left is its own work, on one "
    "core. `all due` is the worst tick, in which every open recording has to be looked at; `none due` is one between: "
    "a recording that runs quietly is looked at once in ten minutes."
)
OPEN = (0, 10, 100, 1_000)
FINISHED = (0, 1_000, 10_000)
WITH_FINISHED = 100
FLAT = 1.2
Case = tuple[int, int, bool]
"""Open, finished, and whether all open ones are due."""
COLUMNS = ("open", "finished", "due", "storage calls", "TRTC calls", "own ms")


class Silence:
    """Nobody is notified here."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        raise AssertionError("no notification is asked for", url, webhook_id, at_s, body, traceparent)


@dataclass
class Undone(Store):
    """A bucket that can take back what was written since `before` was cleared."""

    before: dict[str, StoredObject | None] = field(default_factory=dict)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.before.setdefault(key, self.objects.get(key))
        super().put(key, body, metadata)

    def delete(self, key: str) -> None:
        self.before.setdefault(key, self.objects.get(key))
        super().delete(key)

    def undo(self) -> None:
        """Let everything be as it was."""
        for key, stored in self.before.items():
            if stored is not None:
                self.objects[key] = stored
            else:
                self.objects.pop(key, None)


@dataclass
class Bucket:
    """A site at one moment: a bucket, and what TRTC records."""

    store: Undone = field(default_factory=Undone)
    trtc: Trtc = field(default_factory=Trtc)

    def run(self, count: int) -> None:
        """Add recordings that have run for an hour, each to be looked at now."""
        for number in range(count):
            # What a start writes goes into a bucket of its own first: its markers are left out.
            world = World(trtc=self.trtc, clock=Clock(MIDDAY_MS - HOUR_MS))
            name = f"open-{number:06d}"
            task = world.start(name).recording.task_id
            assert task is not None
            world.receive(callback(801, {"Status": 1, "EventMessage": "Success"}, MIDDAY_MS - HOUR_MS + 5_000, task))
            self._add(world.store.objects.items(), keep_markers=False)
            self.store.put(keys.open_key(MIDDAY_MS - 1_000, name), b"")

    def bury(self, count: int, objects: dict[str, StoredObject]) -> None:
        """Add copies of a finished recording's objects, which is called `sample`."""
        for number in range(count):
            name = f"done-{number:08d}"
            self._add((key.replace("sample", name), stored) for key, stored in objects.items())

    def tick(self, *, due: bool) -> tuple[float, Counter[str]]:
        """Return CPU seconds and calls of one tick; the bucket is as it was after it."""
        self.store.before.clear()
        # Not at the full hour, whose tick also clears wakes.
        meter = Meter(Timeline(MIDDAY_MS + 60_000 if due else MIDDAY_MS - 60_000))
        ports = ReconcilePorts(
            MeteredStore(self.store, meter, 0),
            self.trtc,
            POLICY._replace(max_attempts=3),
            meter.timeline,
            notifier=Silence(),
            timing=Timing(),
            sleep=lambda _seconds: None,
            pace=lambda: meter.counts.update(["TRTC"]),
            pace_start=lambda: meter.counts.update(["TRTC"]),
        )
        began = time.process_time()
        report = tick(ports, 50.0)
        used = time.process_time() - began
        if report.errors:
            raise RuntimeError(f"a look failed: {report.errors[0]}")
        self.store.undo()
        return used, meter.counts

    def _add(self, objects: Iterable[tuple[str, StoredObject]], *, keep_markers: bool = True) -> None:
        for key, stored in objects:
            if keep_markers or not key.startswith("open/"):
                self.store.objects[key] = stored


def measure(rounds: int, step: Step, sizes: tuple[int, ...] = OPEN, finished: tuple[int, ...] = FINISHED) -> Section:
    """Measure ticks at every size."""
    step("one recording from its start to its end")
    objects = Simulation(Site(per_day=24, open_at_once=0, minutes=60, silent=0.0)).one_finished("sample")
    beside = WITH_FINISHED if WITH_FINISHED in sizes else max(sizes)
    cases = [(size, 0) for size in sizes] + [(beside, done) for done in finished if done]
    buckets = {}
    for size, done in cases:
        step(f"{size:,} open, {done:,} finished: filling")
        buckets[size, done] = Bucket()
        buckets[size, done].run(size)
        buckets[size, done].bury(done, objects)
    told: dict[Case, list[tuple[float, Counter[str]]]] = {}
    gc.collect()
    gc.disable()  # a million objects of the buckets are not the tick's work
    for number in range(rounds + 1):
        step(f"round {number} of {rounds}")
        for (size, done), bucket in buckets.items():
            for due in (True, False):
                told.setdefault((size, done, due), []).append(bucket.tick(due=due))
    gc.enable()
    samples = {case: Sample([used for used, _ in found[1:]]) for case, found in told.items()}
    counts = {case: found[-1][1] for case, found in told.items()}
    rows = [_row(case, samples[case], counts[case]) for case in told]
    return Section("tick", HOW, [Table("one tick", COLUMNS, rows)], _targets(samples, counts, cases))


def _row(case: Case, sample: Sample, counts: Counter[str]) -> tuple[str, ...]:
    size, done, due = case
    stored = {name: many for name, many in sorted(counts.items()) if name != "TRTC"}
    calls = f"{sum(stored.values()):,} ({', '.join(f'{many:,} {name}' for name, many in stored.items())})"
    return f"{size:,}", f"{done:,}", "all" if due else "none", calls, f"{counts['TRTC']:,}", sample.ms(2)


def _targets(
    samples: dict[Case, Sample], counts: dict[Case, Counter[str]], cases: list[tuple[int, int]]
) -> list[Target]:
    size, most = cases[-1]
    if not most:
        return []
    without, within = (size, 0, True), (size, most, True)
    one, other = counts[without].total(), counts[within].total()
    longer = paired(samples[within], samples[without])
    return [
        Target(
            f"the same calls with {most:,} finished recordings as with none",
            f"{other:,} and {one:,}",
            counts[without] == counts[within],
        ),
        Target(f"the same own time, within {FLAT - 1:.0%}", times(longer), longer <= FLAT),
    ]
