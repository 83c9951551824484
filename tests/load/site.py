"""A big site on virtual time: callers, TRTC and its callbacks around the real start, stop, receive and tick.

Every call to the bucket and to TRTC is counted and takes its assumed time, on as many lanes as the tick has
threads, so that a tick lasts as long as it would: its budget and its pacer act as they do in production. What the
rest of the site does meanwhile happens meanwhile.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from functions.reconcile import BUDGET_S
from shared.bootstrap import PACE_PER_SECOND, THREADS
from shared.domain import keys
from shared.domain.errors import RecorderError, TaskExists
from shared.domain.refusals import refusal
from shared.domain.request import RecordingRequest
from shared.domain.steps import Timing
from shared.ports import Described, ListedObject, Started, StoredObject
from shared.usecases.look import ReconcilePorts
from shared.usecases.pace import Pacer
from shared.usecases.start import current, start
from shared.usecases.stop import stop
from shared.usecases.tick import Report, tick
from testing.callbacks import callback, mp4_stop
from tests.fakes import Clock
from tests.load.store import FolderStore
from tests.world import POLICY, World

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
PAGE = 1_000
"""Keys in one page of COS's listing."""
MIDDAY_MS = 1_799_971_200_000
"""A full hour: where the steady part of a run begins."""


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


@dataclass
class Meter:
    """Counts calls, and lets the virtual time of whoever makes them pass."""

    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Calls of each kind in each second, whoever made them."""

    def pass_by(self, name: str, ms: int) -> int:
        """Count one call and let it take so long; return how many of its kind this second has seen."""
        second = (name, self.clock.now // 1000)
        self.counts[name] += 1
        self.seconds[second] += 1
        self.clock.now += ms
        return self.seconds[second]

    def busiest(self) -> dict[str, int]:
        """Return the most calls of each kind within one second."""
        most: dict[str, int] = {}
        for (name, _), calls in self.seconds.items():
            most[name] = max(most.get(name, 0), calls)
        return most


@dataclass
class MeteredStore:
    """A bucket behind a meter; a listing counts by its pages."""

    inner: FolderStore
    meter: Meter
    ms: int

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.meter.pass_by("PUT", self.ms)
        self.inner.put(key, body, metadata)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        self.meter.pass_by("PUT", self.ms)
        return self.inner.create(key, body, metadata)

    def get(self, key: str) -> StoredObject | None:
        self.meter.pass_by("GET", self.ms)
        return self.inner.get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self.meter.pass_by("LIST", self.ms)
        for number, item in enumerate(self.inner.list(prefix, after, limit), 1):
            yield item
            if number % PAGE == 0:
                self.meter.pass_by("LIST", self.ms)

    def delete(self, key: str) -> None:
        self.meter.pass_by("DELETE", self.ms)
        self.inner.delete(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        self.meter.pass_by("DELETE", self.ms)
        self.inner.delete_many(keys)


@dataclass
class SiteTrtc:
    """TRTC's three calls at their limits, behind a meter. `began` and `over` are told TaskId and recording id."""

    meter: Meter
    quota: int
    per_second: int
    ms: int
    began: Callable[[str, str], None]
    over: Callable[[str, str], None]
    recording: dict[str, str] = field(default_factory=dict)
    """TaskId → recording id of tasks that record."""
    known: dict[str, str] = field(default_factory=dict)
    """RecordId → TaskId."""
    twice: list[str] = field(default_factory=list)
    started: set[str] = field(default_factory=set)

    def start(self, parameters: Mapping[str, Any]) -> Started:
        self._admit("Start")
        record_id = parameters["RecordId"]
        recording_id = record_id.rpartition("-")[0]
        if record_id in self.known:
            raise TaskExists("FailedOperation.TaskExist", "task already exist", "r")
        if len(self.recording) >= self.quota:
            raise refusal("ResourceInsufficient.RequestRejection", "quota", "r")
        task_id = f"{recording_id}+{len(self.known):012d}-.=*/{'x' * 50}"
        if recording_id in self.started:
            self.twice.append(recording_id)
        self.started.add(recording_id)
        self.known[record_id], self.recording[task_id] = task_id, recording_id
        self.began(task_id, recording_id)
        return Started(task_id, "r")

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self.describe_task(self.known.get(record_id, ""))

    def describe_task(self, task_id: str) -> Described:
        self._admit("Describe")
        return self._task(task_id)

    def stop(self, task_id: str) -> None:
        self._admit("Stop")
        self._task(task_id)
        self.over(task_id, self.recording.pop(task_id))

    def _task(self, task_id: str) -> Described:
        if task_id not in self.recording:
            raise refusal("FailedOperation.TaskNotExist", "task not exist", "r")
        return Described(task_id, 1, "r")

    def _admit(self, action: str) -> None:
        if self.meter.pass_by(action, self.ms) > self.per_second:
            self.meter.counts["refused"] += 1
            raise refusal("RequestLimitExceeded", "rate", "r")


class Silence:
    """Nobody is notified here."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        raise AssertionError("no notification is asked for")


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


class Simulation:
    """One run of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.chance = random.Random(site.seed)
        self.clock = Clock(MIDDAY_MS)
        self.meter = Meter(self.clock)
        self.bucket = FolderStore()
        self.store = MeteredStore(self.bucket, self.meter, site.store_ms)
        self.trtc = SiteTrtc(
            self.meter, site.quota or 10**9, site.per_second, site.trtc_ms, began=self._began, over=self._over
        )
        self.policy = POLICY._replace(max_attempts=3, start_within_s=3_600)
        self.ports = ReconcilePorts(
            self.store,
            self.trtc,
            self.policy,
            self.clock,
            notifier=Silence(),
            timing=Timing(),
            sleep=self._sleep,
            pace=lambda: self._pace(self._pacer),
            pace_start=lambda: self._pace(self._start_pacer),
        )
        self._pacer = Pacer(site.pace, lambda: self.clock.now / 1000, self._sleep)
        self._start_pacer = Pacer(site.pace, lambda: self.clock.now / 1000, self._sleep)
        self._pooled = False
        self.lengths: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        self.delays: dict[str, int] = {}
        self.rest: Counter[str] = Counter()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def play(self) -> Course:
        """Fill the site, let it run, and tell what its ticks cost."""
        site, end_ms = self.site, MIDDAY_MS + self.site.minutes * MINUTE_MS
        self._fill()
        self._arrivals(end_ms)
        self._bury()
        rows = []
        for minute in range(site.minutes):
            at_ms = MIDDAY_MS + minute * MINUTE_MS
            self._catch_up(at_ms)
            self.clock.now = at_ms
            rows.append(self._tick())
        return self._tell(rows)

    # Time

    def _at(self, ms: int, do: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (ms, self._count, do))

    def _catch_up(self, until_ms: int) -> None:
        """Let happen, in order, what the rest of the site does until then; the caller's own time stands still."""
        now, counts = self.clock.now, self.meter.counts
        self.meter.counts = self.rest
        while self._agenda and self._agenda[0][0] <= until_ms:
            self.clock.now, _, do = heapq.heappop(self._agenda)
            do()
        self.clock.now, self.meter.counts = now, counts

    def _sleep(self, seconds: float) -> None:
        self.clock.now += round(seconds * 1000)

    def _pace(self, pacer: Pacer) -> None:
        pacer.wait()
        if not self._pooled:  # one after the other; lanes catch up on their own
            self._catch_up(self.clock.now)

    def _lanes(self, look: Callable[[str], None], markers: Iterable[str]) -> Iterator[None]:
        """Run looks as a pool of threads would: each on the lane that is free first."""
        lanes, self._pooled = [self.clock.now] * self.site.threads, True
        for marker in markers:
            free_ms = heapq.heappop(lanes)
            self._catch_up(free_ms)
            self.clock.now = free_ms
            look(marker)
            yield
            heapq.heappush(lanes, self.clock.now)
        self.clock.now, self._pooled = max(lanes), False

    def _tick(self) -> TickRow:
        began_ms, self.meter.counts = self.clock.now, Counter()
        report = tick(self.ports, self.site.budget_s, self._lanes)
        left = sum(keys.marked(key)[0] <= began_ms for key in self.bucket.folders.get("open", ()))
        return TickRow(self.clock.now - began_ms, report, self.meter.counts, left, len(self.trtc.recording))

    # The site

    def _length_ms(self) -> int:
        """A sixth to eleven sixths of the mean."""
        return round(self.site.mean_ms * self.chance.uniform(1 / 6, 11 / 6))

    def _fill(self) -> None:
        """Begin with the recordings that are open at an hour in the middle of such a day."""
        ages: list[tuple[int, int]] = []
        while len(ages) < self.site.open_at_once:
            # The longer a recording, the likelier it is open at that hour.
            length = self._length_ms()
            if self.chance.random() * self.site.mean_ms * 11 / 6 < length:
                ages.append((self.chance.randrange(length), length))
        for number, (age, length) in enumerate(ages):
            self._arrive(MIDDAY_MS - age, f"before-{number:06d}", length)
        self._catch_up(MIDDAY_MS - 1)
        # Earlier ticks have looked at each of them, and left a marker for the next time.
        looked = [key for key in self.bucket.folders["open"] if keys.marked(key)[0] < MIDDAY_MS]
        every_ms = self.ports.timing.alive_every + MINUTE_MS
        for key in looked:
            self.bucket.delete(key)
            at_ms = MIDDAY_MS + self.chance.randrange(every_ms)
            self.bucket.put(keys.open_key(at_ms, keys.marked(key)[1]), b"")
        self.rest.clear()
        self.meter.seconds.clear()

    def _arrivals(self, end_ms: int) -> None:
        span_ms = end_ms - MIDDAY_MS
        for number in range(round(self.site.per_day * span_ms / DAY_MS)):
            at_ms = MIDDAY_MS + self.chance.randrange(span_ms)
            self._arrive(at_ms, f"steady-{number:06d}", self._length_ms())
        for hour_ms in range(MIDDAY_MS, end_ms, HOUR_MS) if self.site.burst else ():
            for number in range(self.site.burst):
                at_ms = hour_ms + round(self.chance.random() * self.site.burst_s * 1000)
                self._arrive(at_ms, f"burst-{(hour_ms - MIDDAY_MS) // HOUR_MS}-{number:06d}", self._length_ms())

    def _arrive(self, at_ms: int, recording_id: str, length_ms: int) -> None:
        self.lengths[recording_id], self.asked[recording_id] = length_ms, at_ms
        self._at(at_ms, lambda: self._start(recording_id))

    def _start(self, recording_id: str) -> None:
        request = RecordingRequest.model_validate({"RecordUrl": "https://example.com/class"})
        try:
            start(request, recording_id, "http:backend", self.ports)
        except RecorderError as error:
            raise AssertionError(f"{recording_id} was refused") from error

    def _began(self, task_id: str, recording_id: str) -> None:
        now = self.clock.now
        self.delays[recording_id] = now - self.asked[recording_id]
        began_ms = now + 5_000
        self._send_at(began_ms, lambda ms: callback(801, {"Status": 1, "EventMessage": "Success"}, ms, task_id))
        self._at(began_ms + self.lengths[recording_id], lambda: self._stop(recording_id))

    def _stop(self, recording_id: str) -> None:
        stop(recording_id, "asked by http:backend", self.ports)

    def _over(self, task_id: str, recording_id: str) -> None:
        end_ms, name = self.clock.now, f"{recording_id}.mp4"
        began_ms = end_ms - self.lengths[recording_id]
        self._send_at(end_ms + 500, lambda ms: callback(802, {"Status": 1}, ms, task_id))
        self._send_at(end_ms + 3_000, lambda ms: mp4_stop(0, ms, name, began_ms, end_ms, task_id))
        key = f"files/{recording_id}/{task_id}/{name}"
        self._at(end_ms + 2_500, lambda: self.bucket.put(key, b"picture and sound"))

    def _send_at(self, ms: int, body: Callable[[int], bytes]) -> None:
        if self.chance.random() >= self.site.silent:
            self._at(ms, lambda: self._deliver(body(ms)))

    def _deliver(self, body: bytes) -> None:
        World(clock=self.clock).receive(body, store=self.store)

    def _bury(self) -> None:
        """Put the objects of finished recordings into the store: copies of one that really was recorded."""
        if not self.site.finished:
            return
        sample = Simulation(Site(per_day=24, open_at_once=0, minutes=60, silent=0.0))
        objects = sample.one_finished("sample")
        for number in range(self.site.finished):
            name = f"done-{number:08d}"
            for key, stored in objects.items():
                self.bucket.put(key.replace("sample", name), stored.body, stored.metadata)

    def one_finished(self, recording_id: str) -> dict[str, StoredObject]:
        """Return the objects of one recording of an hour that is over and forgotten by every tick."""
        self._arrive(MIDDAY_MS, recording_id, HOUR_MS)
        for minute in range(90):
            self._catch_up(MIDDAY_MS + minute * MINUTE_MS)
            self.clock.now = MIDDAY_MS + minute * MINUTE_MS
            self._tick()
        return dict(self.bucket.objects)

    def _tell(self, rows: list[TickRow]) -> Course:
        self._catch_up(self.clock.now)
        accepted = {name for name, at_ms in self.asked.items() if at_ms <= self.clock.now}
        return Course(
            self.site,
            rows,
            self.rest,
            self.meter.busiest(),
            accepted=len(accepted),
            states=Counter(current(self.bucket, name).state.value for name in accepted - self.trtc.started),
            twice=len(self.trtc.twice),
            waits_s=[delay / 1000 for delay in self.delays.values()],
        )
