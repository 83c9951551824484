"""One run of a scenario: the world, its invocations, and what truly happened.

Everything of ours is the real code, from each function's `main_handler` on; TRTC, the bucket and the callers are
models of what the documents say. A run is a function of its scenario. From `peace_ms` on nothing goes wrong any more,
and time passes until nothing is due; then the laws judge.

Not modelled: see NOT_MODELLED.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from functools import partial

import testing.actors
from shared.adapters.wire import Deadline
from shared.domain.accepted import Accepted
from shared.domain.document import Recording
from shared.domain.errors import WebRecordError
from shared.usecases.look import ReconcilePorts
from testing.bucket import Bucket
from testing.functions import LIMITS_S, Invoked
from testing.ledger import Ledger
from testing.parts import NOTIFY_URL, POLICY, SECRETS
from testing.ports import Calls, TimedNotifier, TimedRecorder, TimedStore, Watch
from testing.receiver import Receiver
from testing.scenario import BEGIN_MS, Scenario
from testing.sending import Sender
from testing.stories import drawn, taken_up, told
from testing.story import Story
from testing.strikes import Strikes
from testing.timeline import Process, Timeline
from testing.timer import Timer
from testing.trtc import Life, Trtc
from testing.waking import Waker
from testing.witness import SeenTrtc

NOT_MODELLED = (
    "half of a listing from one moment and half from another within one page",
    "a bucket that serves an old version of an object it was just told to replace",
    "objects deleted by a lifecycle rule while a recording is open",
    "rotated keys, and functions whose clocks differ: tests of the adapters and of the doctor have them",
    "memory, CPU and cold starts: an invocation costs what its calls cost",
    "a platform that refuses invocations because too many run",
    "a TRTC that returns another task for a RecordId, or one TaskId twice",
    "a bucket with versioning, where create-only does not hold: the doctor refuses it",
    "a job object that is replaced or deleted while its lines are taken: tests of the use cases have it",
    "callbacks with a wrong signature, or damaged on their way: tests of the callback function have them",
    "a receiver that answers 410, and long polling: tests of the use cases have them",
    "films that differ: each is the same few bytes; the film check's own corpus has others",
)
"""What the world has and the runs have not."""
STATE = re.compile(rb'"state": ?"([a-z]+)"')
LONGEST_MS = 2 * 86_400_000
"""Time after peace in which every recording must become final, ms."""
PATIENCE_S = {"recordings": 5.0, "callback": 2.0, "reconcile": 5.0}
"""What one storage call may take."""


class Run:
    """One run. Tests that want another world, or other code, override how it is made."""

    def __init__(self, scenario: Scenario, watch: Watch | None = None) -> None:
        self.scenario, settings = scenario, scenario.settings
        self.timeline = Timeline(BEGIN_MS)
        self.ledger = Ledger(self.timeline)
        self.strikes = Strikes(scenario.seed, settings.harshness, scenario.strikes)
        self.watch = watch
        self.peace = False
        self.down_until_ms = 0
        self.bucket = self.make_bucket()
        self.jobs = Bucket(clock=self.timeline)
        self.receiver = self.make_receiver()
        self.sender = Sender(self.timeline, scenario, self.ledger, self._deliver)
        self.trtc = self.make_trtc()
        self.timer = Timer(self)
        self.waker = Waker(self)
        self.policy = POLICY._replace(
            max_attempts=3, notify_url=NOTIFY_URL, notify_hosts=("*.example.com",), check_films=True
        )
        self.tokens = [1]
        """The numbers of the tokens that are deployed; backends have the last one."""
        self.stories: dict[str, str] = {}
        self.paced: dict[tuple[str, str], list[int]] = {}
        """When each tick called which of TRTC's actions."""
        self.refused: set[str] = set()
        """Invocations in which TRTC was full, or not there."""
        self.final: list[tuple[Accepted, Recording]] | None = None
        """What is stored in the end, once it was judged."""
        self.documents: list[tuple[str, str, int]] = []
        """Every document that was written: of which recording, its state, when the invocation began."""
        self._labels: dict[str, int] = {}

    # The world

    def make_bucket(self) -> Bucket:
        """Return the deployment's bucket."""
        settings = self.scenario.settings
        return Bucket(clock=self.timeline, late_ms=settings.late_ms, page_size=settings.page_size)

    def make_receiver(self) -> Receiver:
        """Return whom notifications go to."""
        settings = self.scenario.settings

        def deletes(about: str) -> None:
            if settings.deleting and about.startswith("d"):
                self.timeline.spawn(partial(testing.actors.delete, self, about))

        chance = self.scenario.stream("receiver")
        wait_ms = self.timeline.wait_ms
        hanging, early = settings.hanging, settings.deleting_early
        return Receiver(self.ledger, chance, settings.refusing, hanging, early, wait_ms, deletes)

    def make_trtc(self) -> Trtc:
        """Return TRTC."""
        settings = self.scenario.settings
        return SeenTrtc(
            timeline=self.timeline,
            quota=settings.quota,
            per_second=20,
            forget_ms=settings.forget_ms,
            story=self._story,
            later=lambda life, over: taken_up(life, self.timeline, over=over),
            witness=self.sender.witness(self.bucket),
            chance=self.scenario.stream("trtc"),
            busy=settings.busy,
        )

    def _story(self, life: Life) -> Story:
        name = self.scenario.stories.get(life.record_id) or drawn(
            self.scenario.stream(f"which {life.record_id}"),
            self.scenario.stream(f"liar {life.record_id}"),
            self.scenario.settings.lying,
        )
        self.stories[life.record_id] = name
        self.ledger.note("trtc", "story", life.recording_id, name=name)
        return told(life, self.scenario.stream(f"story {life.record_id}"), self.timeline, name)

    def change_ports(self, ports: ReconcilePorts) -> ReconcilePorts:
        """Return what reconcile is to work with; as it is."""
        return ports

    # What is ours

    def label(self, what: str) -> str:
        """Return a name for an invocation that it has in every replay."""
        self._labels[what] = number = self._labels.get(what, 0) + 1
        return f"{what} #{number}"

    def invoke(self, function: str, what: str, do: Callable[[Invoked], None]) -> bool:
        """Run an invocation of a function in the greenlet of whoever calls; False where it died."""
        process = Process(self.label(what))
        chance = self.scenario.stream(process.label)
        plan = self.strikes.plan(process.label, peace=self.peace)
        meet = partial(self._meet, process)
        calls = Calls(self.timeline, process, chance, plan, self.strikes, meet, self.watch)
        deadline = Deadline(PATIENCE_S[function], lambda: self.timeline.now / 1000)
        invoked = self.make_invoked(calls, deadline)
        done: list[bool] = []

        def work() -> None:
            do(invoked)
            done.append(True)

        try:
            self.timeline.run(process, LIMITS_S[function], work)
        finally:
            if process.overran:
                self.strikes.note(process.label, process.calls, function, "overrun")
        if not done:
            self.ledger.note(process.label, "died")
        return bool(done)

    def make_invoked(self, calls: Calls, deadline: Deadline) -> Invoked:
        """Return one invocation's ports, and the functions over them."""
        return Invoked(
            self.timeline,
            TimedStore(self.bucket, calls, deadline, created=self._created),
            TimedStore(self.jobs, calls, deadline),
            TimedRecorder(
                self.trtc,
                calls,
                self.paced if calls.process.label.startswith(("tick", "wake")) else None,
                refused=self.refused,
            ),
            TimedNotifier(self.receiver, calls),
            self.policy,
            self.change_ports,
            tuple(self.tokens),
        )

    def _created(self, key: str, body: bytes, by: Process) -> None:
        if key.endswith("/recording.json") and key.startswith("recordings/"):
            state = STATE.search(body)
            self.documents.append((key.split("/")[1], state[1].decode() if state else "", by.began_ms))
        elif "-stays-" in key:
            self.ledger.note(by.label, "stays", key.split("/")[1])  # a deletion erases the fact
        self.waker.created(key, by.label)

    def tick(self) -> None:
        """Let the timer fire; the next tick repairs a failed one."""
        begun_ms, labels = self.timeline.now, list[str]()

        def do(invoked: Invoked) -> None:
            labels.append(process.label if (process := self.timeline.process) else "")
            self.let_tick(invoked)

        done = False
        with suppress(WebRecordError):
            done = self.invoke("reconcile", "tick", do)
        label = labels[0] if labels else ""
        struck = not done or label in self.strikes.labels
        kind = "struck" if struck else "refused" if label in self.refused else "calm"
        self.ledger.note("platform", "tick", kind, begun_ms=begun_ms)

    def let_tick(self, invoked: Invoked) -> None:
        """Let one tick do its work."""
        invoked.tick()

    def _deliver(self, body: bytes, what: str) -> int:
        """Deliver a callback; return the status that TRTC sees, 0 for none."""
        if self.timeline.now < self.down_until_ms:
            return 0
        statuses: list[int] = []
        self.invoke("callback", what, lambda invoked: statuses.append(invoked.receive(body)))
        return statuses[0] if statuses else 0

    def _meet(self, process: Process) -> None:
        """Begin another invocation in the middle of one."""
        chance = self.scenario.stream(f"meet {process.label} {process.calls}")
        self.timeline.spawn(partial(testing.actors.meet, self, chance))

    # The course

    def play(self, *, whole: bool = True) -> Run:
        """Play the whole run; or only until it would become peaceful."""
        if self.scenario.settings.released:
            from testing import released  # it makes runs itself

            released.take_up(self, self.scenario.settings.released)
        begin = self.timeline.now
        for step in self.scenario.steps:
            act = testing.actors.ACTIONS[step.actor, step.action]
            self.timeline.at(begin + step.ms, partial(self.timeline.spawn, partial(act, self, **step.args)))
        with redirect_stdout(_Log(self.ledger)):
            self.timer.arm()
            self.timeline.run_until(begin + self.scenario.settings.peace_ms)
            if not whole:
                return self
            self.peace, self.receiver.refusing, self.down_until_ms = True, 0.0, 0
            self.receiver.hanging = False
            self.sender.calm = self.timer.calm = True
            self.strikes.aim = None
            if isinstance(self.trtc, SeenTrtc):
                self.trtc.busy = 0.0
            self.timer.arm()
            self.timeline.run_until(self.timeline.now + LONGEST_MS)
            self.bucket.settle()
        return self


class _Log(io.StringIO):
    """Standard output: nothing that is printed may hold a secret."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def write(self, text: str) -> int:
        for secret in SECRETS:
            if secret in text:
                self._ledger.note("log", "secret", text[:200])
        return len(text)
