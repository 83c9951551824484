"""A whole site on virtual time: callers, TRTC with its callbacks, ticks, and faults from a seed.

Everything of ours is the real code, from each function's `main_handler` on; TRTC, the bucket and the callers are
models of what the documents say. A run is a function of its seed. At its end the world is left
in peace until nothing is due any more, then judged.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args

from shared.domain import ids, keys
from shared.domain.callbacks import parse_callback
from shared.domain.document import Recording
from shared.domain.errors import WebRecordError
from shared.domain.states import State
from shared.domain.steps import Timing
from shared.usecases.look import ReconcilePorts
from shared.usecases.pace import Pacer
from shared.usecases.replay import all_recordings, replay
from shared.usecases.start import current
from tests.fakes import Clock, MemoryStore
from tests.faults import Died, Faults, FaultyRecorder, FaultyStore, Kind
from tests.invoked import JOBS, Functions
from tests.simulated import NOTIFY_URL, Receiver, SimulatedTrtc, StaleStore
from tests.world import CALLER_STORAGE, POLICY, UPLOAD_KEY

KINDS: tuple[Kind, ...] = get_args(Kind)
MINUTE_MS = 60_000
SECRETS = (UPLOAD_KEY, str(CALLER_STORAGE["CloudStorage"]["SecretKey"]))


@dataclass
class Verdict:
    """What was wrong in the end; nothing, it is hoped."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    faults: int = 0
    calls: int = 0


class Simulation:
    """One run. `harshness` is the share of invocations in which something goes wrong."""

    def __init__(self, seed: int, harshness: float = 0.3) -> None:
        self.chance = random.Random(seed)
        self.harshness = harshness
        self.clock = Clock()
        self.peace = False
        self.verdict = Verdict()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self.store = StaleStore(clock=self.clock, stale_ms=self.chance.choice([0, 0, 2_000, 90_000]))
        self.trtc = SimulatedTrtc(
            chance=self.chance,
            at=self.at,
            clock=self.clock,
            send=self._send,
            files=self.store,
            quota=self.chance.choice([1, 2, 200]),
            busy=self.chance.choice([0.0, 0.0, 0.3]),
        )
        self.receiver = Receiver(self.chance, failing=self.chance.choice([0.0, 0.3]))
        self.policy = POLICY._replace(max_attempts=3, notify_url=NOTIFY_URL, notify_hosts=("*.example.com",))
        self.functions = Functions(self._read_log)
        self.jobs = MemoryStore()
        self.asked: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, str] = {}
        self.callbacks: set[str] = set()
        self.down_until = 0

    # Time

    def at(self, ms: int, do: Callable[[], None]) -> None:
        """Do something at a time."""
        self._count += 1
        heapq.heappush(self._agenda, (max(ms, self.clock.now), self._count, do))

    def run_until(self, ms: int) -> None:
        """Let time pass, minute by minute with its ticks, skipping minutes in which nothing is due."""
        while self.clock.now < ms:
            minute = (self.clock.now // MINUTE_MS + 1) * MINUTE_MS
            self._happen(min(minute, ms))
            # A hang may have carried the time past the minute.
            if self.clock.now >= minute and self._anything_due():
                self._tick()
            elif not self._agenda or self._agenda[0][0] > minute:
                self._skip(ms)

    def _happen(self, until: int) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            ms, _, do = heapq.heappop(self._agenda)
            self.clock.now = max(self.clock.now, ms)
            do()
        self.clock.now = max(self.clock.now, until)

    def _markers(self) -> list[str]:
        return [key for key in self.store.objects if key.startswith(("open/", "due/"))]

    def _anything_due(self) -> bool:
        return any(keys.marked(key)[0] <= self.clock.now + MINUTE_MS for key in self._markers())

    def _skip(self, ms: int) -> None:
        times = [keys.marked(key)[0] for key in self._markers()] + [entry[0] for entry in self._agenda[:1]]
        next_ms = min([time for time in times if time > self.clock.now], default=ms)
        self.clock.now = max(self.clock.now, min(ms, next_ms - next_ms % MINUTE_MS - MINUTE_MS))

    # What is ours, behind faults

    def ports(self) -> ReconcilePorts:
        """Ports for one invocation, with faults of its own."""
        faults = self._faults()

        def sleep(seconds: float) -> None:
            self.clock.now += round(seconds * 1000)

        return ReconcilePorts(
            FaultyStore(self.store, faults),
            FaultyRecorder(self.trtc, faults),
            self.policy,
            self.clock,
            notifier=self.receiver,
            timing=Timing(),
            sleep=sleep,
            pace=Pacer(10, lambda: self.clock.now / 1000, sleep).wait,
            pace_start=Pacer(10, lambda: self.clock.now / 1000, sleep).wait,
        )

    def _faults(self) -> Faults:
        faults = Faults(self._plan(), overlap=self._overlap, hang=self._hang)
        self.verdict.faults += len(faults.plan)
        return faults

    def _plan(self) -> dict[int, Kind]:
        if self.peace or self.chance.random() > self.harshness:
            return {}
        return {self.chance.randrange(25): self.chance.choice(KINDS) for _ in range(self.chance.choice([1, 1, 3]))}

    def _tick(self) -> None:
        times = 1 if self.peace else self.chance.choices([0, 1, 2], [1, 8, 2])[0]
        for _ in range(times):
            with suppress(Died, WebRecordError):
                self.functions.tick(self.ports())

    def _overlap(self) -> None:
        """Run something whole in the middle of whatever is going on: a tick, a call that was made before, a stop."""
        self.harshness, before = 0.0, self.harshness
        what = self.chance.choice(["tick", "tick", "tick", "call", "call", "stop"]) if self.asked else "tick"
        key = self.chance.choice(list(self.asked) or [""])
        if what == "call":
            self.call(key, self.asked[key], tries=0)
        elif what == "stop":
            self.stop(key)
        else:
            with suppress(WebRecordError):
                self.functions.tick(self.ports())
        self.harshness = before

    def _hang(self) -> None:
        self.clock.now += self.chance.choice([5_000, 60_000])

    def _read_log(self, printed: str) -> None:
        self.verdict.wrong += [f"a secret in the log: {printed}" for secret in SECRETS if secret in printed]

    def _send(self, body: bytes) -> None:
        """TRTC's schedule: at once, again at once, every 10 s for a minute; then it is lost for good."""
        if not self.peace and self.chance.random() < 0.1:
            return  # never sent at all
        first = self.clock.now + self.chance.choice([0, 0, 500, 30_000])
        twice = self.chance.random() < 0.2
        for again in (False, True) if twice else (False,):
            self.at(first + 1_000 * again, lambda: self._deliver(body, [0, 10_000, 20_000, 30_000, 40_000, 50_000]))

    def _deliver(self, body: bytes, retries: list[int]) -> None:
        if self.clock.now >= self.down_until:
            status = 0
            with suppress(Died):
                status = self.functions.receive(body, FaultyStore(self.store, self._faults()), self.clock)
            if status == 200:
                self.callbacks.add(parse_callback(body).name)
                return  # else TRTC sends it again
        if retries:
            self.at(self.clock.now + (retries[0] and 10_000), lambda: self._deliver(body, retries[1:]))

    # Callers

    def call(self, key: str, body: dict[str, Any], tries: int = 4) -> None:
        """A backend starts a recording and repeats the call, as it should, until it is answered."""
        self.asked[key] = body
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        status, document = 0, dict[str, Any]()
        with suppress(Died):
            status, document = self.functions.call(
                "POST", "/recordings", headers, json.dumps(body).encode(), self.ports()
            )
        if status < 300 and status:
            self.acknowledged[key] = document["state"]
        elif "trtc" in document:
            self.acknowledged[key] = "refused"
        elif tries:
            later_ms = self.clock.now + self.chance.choice([100, 5_000, 200_000])
            self.at(later_ms, lambda: self.call(key, body, tries - 1))

    def put_job(self, name: str, body: dict[str, Any]) -> None:
        """Somebody puts a job object into a bucket; SCF delivers its event, and again where that failed."""
        self.jobs.put(name, json.dumps(body).encode())
        self._job_created(name, 3)

    def _job_created(self, name: str, tries: int) -> None:
        etag = self.jobs.objects[name].etag
        ports = self.ports()
        try:
            self.functions.job_created(
                name, len(self.jobs.objects[name].body), FaultyStore(self.jobs, self._faults()), ports
            )
        except (Died, WebRecordError):
            if tries > 1:
                self.at(self.clock.now + 60_000, lambda: self._job_created(name, tries - 1))
        else:
            self.acknowledged[ids.digest_id(JOBS, name, etag, "0")] = "job"

    def stop(self, key: str) -> None:
        """A backend stops a recording."""
        with suppress(Died):
            self.functions.call("POST", f"/recordings/{key}/stop", {}, b"", self.ports())

    def play(self) -> Verdict:
        """Play the whole run and judge it."""
        start = self.clock.now
        for n in range(self.chance.choice([1, 2, 4])):
            key = f"r{n}"
            body: dict[str, Any] = {"RecordUrl": f"https://example.com/{n}"}
            if self.chance.random() < 0.2:
                body["StartAt"] = (start + self.chance.choice([90_000, 3_600_000])) / 1000
            elif self.chance.random() < 0.1:
                body["StorageParams"] = CALLER_STORAGE
            if self.chance.random() < 0.2:
                body["NotifyOn"] = "changes"
            if self.chance.random() < 0.2:
                body["StopAt"] = (start + 5_400_000) / 1000
            deliver = partial(self.call, key, body)
            if self.chance.random() < 0.2:
                deliver = partial(self.put_job, f"jobs/{key}.json", body)
            for _ in range(self.chance.choice([1, 1, 2])):
                self.at(start + self.chance.randrange(60_000), deliver)
            if self.chance.random() < 0.3:
                self.at(start + self.chance.randrange(900_000), partial(self.stop, key))
        if self.chance.random() < 0.3:
            down = start + self.chance.randrange(900_000)
            self.at(down, lambda: setattr(self, "down_until", down + self.chance.choice([30_000, 300_000])))
        self.run_until(start + 3 * 3_600_000)
        self.peace, self.trtc.busy, self.receiver.failing = True, 0.0, 0.0
        self.run_until(start + 5 * 86_400_000)
        self.judge()
        return self.verdict

    def judge(self) -> None:
        """Compare what we say with what TRTC, the bucket and the callers know."""
        verdict = self.verdict
        self.store.stale_ms = 0
        verdict.duplicated += self.trtc.twice
        for key in self.acknowledged:
            try:
                recording = current(self.store, key)
            except WebRecordError:
                verdict.lost.append(f"{key}: acknowledged, and nothing is stored")
                continue
            verdict.wrong += [f"{key}: {why}" for why in self._untruths(key, recording)]
        stored = {
            key.rpartition("/")[2].removesuffix(".json") for key in self.store.objects if key.startswith("tasks/")
        }
        verdict.lost += [f"callback {name}" for name in self.callbacks - stored]
        verdict.wrong += [f"marker {key}" for key in self._markers()]
        verdict.wrong += [
            f"{name}: replay changed it" for name in replay(self.store, list(all_recordings(self.store))).changed
        ]

    def _untruths(self, key: str, recording: Recording) -> Iterator[str]:
        own = (
            recording.evidence.attempts
            and not json.loads(self.store.objects[keys.request_key(key)].body)["caller_keys"]
        )
        if not recording.state.final:
            yield f"is {recording.state.value} for ever"
        elif own and (key in self.trtc.with_file) != (recording.state is State.COMPLETED):
            yield f"is {recording.state.value} ({recording.reason}), file there: {key in self.trtc.with_file}"
        if recording.state is State.COMPLETED and not recording.files:
            yield "is completed without a file"
        final = f"{key}-{recording.state.value}"
        if recording.state.final and final not in self.receiver.taken:
            yield f"was never told to be {recording.state.value}"
