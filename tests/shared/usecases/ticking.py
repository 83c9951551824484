"""A deployment in memory with its timer: virtual minutes, ticks, and a caller's endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from shared.domain.document import Recording
from shared.domain.notify_hosts import NotificationError
from shared.domain.policy import Policy
from shared.domain.steps import Timing
from shared.store.journal import current
from shared.usecases.look import ReconcilePorts
from shared.usecases.tick import Report, tick
from tests.world import POLICY, World

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
HOOK = "https://hooks.example.com/recordings"


@dataclass
class Sent:
    """A notification as it arrived at the caller's endpoint, and when (epoch ms)."""

    at_ms: int
    webhook_id: str
    url: str
    body: bytes
    traceparent: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))


@dataclass
class Inbox:
    """A caller's endpoint; `down` answers all with 500, `refusing` and `gone` `<id>-<state>` with 500 and 410."""

    site: World
    down: bool = False
    gone: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    tries: list[Sent] = field(default_factory=list)
    taken: list[Sent] = field(default_factory=list)

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        sent = Sent(self.site.clock(), webhook_id, url, body, traceparent)
        self.tries.append(sent)
        if _is_one_of(webhook_id, self.gone):
            raise NotificationError("answered 410", ended=True)
        if self.down or _is_one_of(webhook_id, self.refusing):
            raise NotificationError("answered 500")
        self.taken.append(sent)

    @property
    def types(self) -> list[str]:
        """What was taken, in order."""
        return [sent.document["type"] for sent in self.taken]


def _is_one_of(webhook_id: str, names: set[str]) -> bool:
    """Tell whether a webhook-id, `<id>-<created>-<state>`, is of one of these ids and states."""
    parts = [name.partition("-") for name in names]
    return any(webhook_id.startswith(f"{one}-") and webhook_id.endswith(f"-{state}") for one, _, state in parts)


@dataclass
class Site(World):
    """A world with a timer."""

    policy: Policy = field(default_factory=lambda: POLICY._replace(notify_hosts=("*.example.com",)))
    timing: Timing = field(default_factory=Timing)
    slept: list[float] = field(default_factory=list)
    paced: int = 0
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self)

    @property
    def timer(self) -> ReconcilePorts:
        """What the timer's function gets."""
        return ReconcilePorts(
            **vars(self.ports),
            notifier=self.inbox,
            timing=self.timing,
            sleep=self.sleep,
            pace=self.pace,
            pace_start=self.pace,
            pace_stop=self.pace,
        )

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.slept.append(seconds)
        self.clock.now += round(seconds * 1000)

    def pace(self) -> None:
        """Count; tests of the pace itself are in test_pace.py."""
        self.paced += 1

    def tick(self, budget_s: float = 50) -> Report:
        """Run the timer's function once, now."""
        return tick(self.timer, budget_s)

    def minutes(self, count: int = 1) -> list[Report]:
        """Let the timer run on the next full minutes."""
        reports = []
        for _ in range(count):
            self.clock.now = (self.clock.now // MINUTE_MS + 1) * MINUTE_MS
            reports.append(self.tick())
        return reports

    def run_until_done(self, at_most: int = 10_000) -> None:
        """Let the timer run, skipping minutes without work, until no marker is left."""
        for _ in range(at_most):
            markers = [key for folder in ("open/", "due/", "ask/", "tell/") for key in self.listed(folder)]
            if not markers:
                return
            earliest = min(int(key.split("/")[1].split("-")[0]) for key in markers)
            self.clock.now = max(self.clock.now, earliest - MINUTE_MS)
            self.minutes()
        raise AssertionError(f"never done: {markers}")

    def recording(self, recording_id: str = "k1") -> Recording:
        """The recording as its document has it."""
        return current(self.store, recording_id)

    def begin(self, key: str = "k1", **fields: Any) -> str:
        """Start a recording and return its TaskId."""
        task_id = self.start(key, **fields).recording.task_id
        assert task_id is not None
        return task_id

    def upload(self, task_id: str, name: str = "a.mp4", size: int = 1_234, key: str = "k1") -> None:
        """Put a file where TRTC puts it."""
        self.store.put(f"files/{key}/{task_id}/{name}", b"x" * size)
