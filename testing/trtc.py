"""The one model of TRTC's web recording: for unit tests, the simulation, the big site and the bench.

As it stands it takes every start, and a task lasts until it is stopped. With a timeline it keeps to the documented
rate and quota, forgets RecordIds, and lets each task live by a story: a generator of timed events and files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import RecorderError, TaskExists, TaskNotFound
from shared.domain.refusals import refusal
from shared.ports import Described, Started
from testing.story import Over, Put, Record, Story, Tell, Wait, Why
from testing.timeline import Timeline

START_DELAY_MS = 5_000
"""From the call to the first picture."""


@dataclass(eq=False)
class Life:
    """One task. Times are epoch ms."""

    task_id: str
    record_id: str
    parameters: Mapping[str, Any]
    asked_ms: int
    story: Story | None = None
    waits: list[Why] = field(default_factory=list)
    """Ends the present wait early; empty while the wait cannot be ended."""
    turn: int = 0
    done: bool = False
    """Its story is over."""

    @property
    def recording_id(self) -> str:
        """Ours, as the RecordId holds it."""
        return self.record_id.rpartition("-")[0]

    @property
    def limit_ms(self) -> int:
        """MaxDurationLimit."""
        return int(self.parameters.get("MaxDurationLimit", 36_000)) * 1000

    @property
    def folder(self) -> str | None:
        """Where its files go in the bucket of its parameters; None for VOD."""
        storage = self.parameters["StorageParams"].get("CloudStorage")
        return "/".join([*storage["FileNamePrefix"], self.task_id]) if storage else None


class Witness:
    """Gets the events of tasks; this base class ignores them."""

    def began(self, life: Life) -> None:
        """A task was started."""

    def stopped(self, life: Life) -> None:
        """StopWebRecord was called for it."""

    def over(self, life: Life) -> None:
        """TRTC does not know the task any more."""

    def tell(self, life: Life, event: Tell) -> None:
        """A callback is to be sent."""

    def put(self, life: Life, file: Put) -> None:
        """A file is uploaded."""


@dataclass
class Trtc:
    """TRTC's three calls.

    Attributes:
        refusals: raised first, one per start.
        timeline: its time; None: no task lives by a story, nothing is limited or forgotten.
        quota, per_second: tasks at once; calls of each action in one second.
        forget_ms: how long after a start its RecordId is refused as TaskExist.
        story: what becomes of a task.
        witness: hears what truly happens.
    """

    refusals: list[RecorderError] = field(default_factory=list)
    timeline: Timeline | None = None
    quota: int | None = None
    per_second: int | None = None
    forget_ms: int | None = None
    story: Callable[[Life], Story] | None = None
    later: Callable[[Life, bool], Story] | None = None
    """The same for a task that is taken up; told whether it was over."""
    witness: Witness = field(default_factory=Witness)
    started: list[Mapping[str, Any]] = field(default_factory=list)
    """The parameters of every start that was taken."""
    recording: dict[str, str] = field(default_factory=dict)
    """TaskId → RecordId of tasks that record."""
    known: dict[str, str] = field(default_factory=dict)
    """RecordId → TaskId, remembered after the end."""
    taken: list[Life] = field(default_factory=list)
    """Every task of this run."""
    lives: dict[str, Life] = field(default_factory=dict)
    """TaskId → task, of those that record."""
    _seconds: Counter[tuple[str, int]] = field(default_factory=Counter)
    _asked_ms: dict[str, int] = field(default_factory=dict)
    _first: int = 0

    def start(self, parameters: Mapping[str, Any]) -> Started:
        self._admit("StartWebRecord")
        if self.refusals:
            raise self.refusals.pop(0)
        record_id = str(parameters["RecordId"])
        if record_id in self.known and not self._is_forgotten(record_id):
            raise TaskExists("FailedOperation.TaskExist", "task already exist", "fake-request")
        if self.quota is not None and len(self.recording) >= self.quota:
            raise refusal("ResourceInsufficient.RequestRejection", "quota", "fake-request")
        task_id = f"Task+{self._first + len(self.started)}/{record_id}="
        self.started.append(parameters)
        self.known[record_id], self.recording[task_id] = task_id, record_id
        self._asked_ms[record_id] = self._now
        self.adopt(Life(task_id, record_id, parameters, self._now))
        return Started(task_id, "fake-request")

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        self._admit("DescribeWebRecord")
        return self._there(self.known.get(record_id, ""))

    def describe_task(self, task_id: str) -> Described:
        self._admit("DescribeWebRecord")
        return self._there(task_id)

    def stop(self, task_id: str) -> None:
        self._admit("StopWebRecord")
        self._there(task_id)
        life = self.lives[task_id]
        self.witness.stopped(life)
        if life.story is None:
            self.end(task_id)
        else:
            self._cut_short(life, "stopped")

    def end(self, task_id: str) -> None:
        """Let the task be over."""
        del self.recording[task_id]
        self.witness.over(self.lives.pop(task_id))

    def adopt(self, life: Life) -> None:
        """Let a task live from now on."""
        self.lives[life.task_id] = life
        self.known[life.record_id], self.recording[life.task_id] = life.task_id, life.record_id
        self.taken.append(life)
        self.witness.began(life)
        if self.story is not None:
            life.story = self.story(life)
            self._go_on(life, None)

    def unfinished(self) -> list[Life]:
        """Return the tasks whose story goes on: they record, or their files are on their way."""
        return [life for life in self.taken if not life.done]

    def take_up(self, life: Life, *, over: bool) -> None:
        """Let a task of an earlier run go on; `over`: only its files are on their way."""
        self.known[life.record_id] = life.task_id
        self._first = 1_000  # another number than any that it gave
        self._asked_ms[life.record_id] = life.asked_ms
        self.lives[life.task_id], self.recording[life.task_id] = life, life.record_id
        if over:
            del self.lives[life.task_id], self.recording[life.task_id]
        if self.later is not None:
            life.story = self.later(life, over)
            self._go_on(life, None)

    @property
    def _now(self) -> int:
        return self.timeline.now if self.timeline else 0

    def _admit(self, action: str) -> None:
        if self.per_second is None:
            return
        second = (action, self._now // 1000)
        self._seconds[second] += 1
        if self._seconds[second] > self.per_second:
            raise refusal("RequestLimitExceeded", "rate", "fake-request")

    def _is_forgotten(self, record_id: str) -> bool:
        return self.forget_ms is not None and self._now - self._asked_ms.get(record_id, 0) >= self.forget_ms

    def _there(self, task_id: str) -> Described:
        if task_id not in self.recording:
            raise TaskNotFound("FailedOperation.TaskNotExist", "task not exist", "fake-request")
        return Described(task_id, 1, "fake-request")

    def _cut_short(self, life: Life, why: Why) -> None:
        if life.task_id in self.recording:
            self.end(life.task_id)  # Describe does not know it from now on; its story goes on: uploads, callbacks
        if why in life.waits:
            self._go_on(life, why)

    def _go_on(self, life: Life, why: Why | None) -> None:
        """Let the story go on until it waits again."""
        assert life.story is not None
        assert self.timeline is not None
        life.turn, turn = life.turn + 1, life.turn + 1
        life.waits = []
        while True:
            try:
                event = life.story.send(why)
            except StopIteration:
                life.done = True
                return
            why = None
            match event:
                case Wait(ms):
                    self._wake(life, turn, ms, "time")
                    return
                case Record(ms):
                    left_ms = max(0, life.asked_ms + START_DELAY_MS + life.limit_ms - self._now)
                    life.waits = ["stopped"]
                    if life.task_id not in self.recording:
                        why = "stopped"  # while it did something else
                        continue
                    self._wake(life, turn, min(ms, left_ms), "limit" if left_ms < ms else "time")
                    return
                case Over():
                    if life.task_id in self.recording:
                        self.end(life.task_id)
                case Tell():
                    self.witness.tell(life, event)
                case Put():
                    self.witness.put(life, event)

    def _wake(self, life: Life, turn: int, ms: int, why: Why) -> None:
        assert self.timeline is not None
        self.timeline.at(self._now + ms, lambda: self._go_on(life, why) if life.turn == turn else None)
