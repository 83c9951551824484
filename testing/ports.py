"""The ports of one invocation: each call takes time, lets others run, and may meet a planned fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from random import Random
from typing import Any, Protocol, TypeVar

from shared.adapters.wire import Deadline
from shared.domain.errors import RecorderBusy, StoreError
from shared.domain.notify_hosts import NotificationError
from shared.ports import Described, ListedObject, Notifier, Recorder, Started, StoredObject
from testing.bucket import Bucket
from testing.receiver import NOTIFY_PATIENCE_MS
from testing.strikes import Kind, Strikes
from testing.timeline import Killed, Process, Timeline
from testing.workers import at_once

T = TypeVar("T")
STORE_MS = (4, 40)
TRTC_MS = (40, 250)
NOTIFY_MS = (20, 400)
TRTC_PATIENCE_MS = 18_000
"""Three tries of 6 s, as the adapter makes them."""
STALL_MS = 600_000
"""Longer than any function may run."""


class Watch(Protocol):
    """Observers of every call, for traces."""

    def __call__(self, process: Process, number: int, what: str, kind: str | None) -> None:
        """A call begins, or is struck."""


@dataclass
class Calls:
    """The gate that every call of one invocation passes.

    Attributes:
        timeline, process: whose time it takes.
        chance: how long each takes.
        plan: which of them are struck.
        strikes: counts.
        meet: begins another invocation.
        watch: sees every call.
    """

    timeline: Timeline
    process: Process
    chance: Random
    plan: Mapping[int, Kind]
    strikes: Strikes
    meet: Callable[[], None]
    watch: Watch | None = None

    def make(
        self,
        call: str,
        what: str,
        takes_ms: tuple[int, int],
        patience_ms: int,
        error: Callable[[], Exception],
        effect: Callable[[], T],
    ) -> T:
        """Make one call. It takes effect when its time is over; what another does until then comes before it."""
        process, strikes = self.process, self.strikes
        if process.dead:
            raise Killed
        number = process.calls
        process.calls = number + 1
        strikes.calls[call] += 1
        kind = self.plan.get(number) or (strikes.aimed(call) if strikes.aim and strikes.aim[0] == call else None)
        if self.watch:
            self.watch(process, number, f"{call} {what}", kind)
        least, most = takes_ms
        ms = least + int(self.chance.random() * (most - least))
        if kind is not None:
            strikes.note(process.label, number, call, kind)
            if kind == "die":
                self._die()
            elif kind in ("fail", "hang"):
                self.timeline.wait_ms(ms if kind == "fail" else patience_ms)
                raise error()
            elif kind == "stall":
                self.timeline.wait_ms(STALL_MS)
                raise error()
            elif kind == "slow":
                ms = max(ms, int(patience_ms * self.chance.random()))
            elif kind == "meet":
                self.meet()
                ms += self.chance.choice((0, 100, 1_000))
        if ms > patience_ms:
            self.timeline.wait_ms(patience_ms)
            raise error()
        self.timeline.wait_ms(ms)
        result = effect()
        if kind is None:
            return result
        if kind == "die after":
            self._die()
        if kind == "lose":
            self.timeline.wait_ms(patience_ms)
            raise error()
        return result

    def _die(self) -> None:
        self.timeline.kill(self.process)
        raise Killed


@lru_cache(maxsize=4096)
def called(verb: str, key: str) -> str:
    """Return what kind of call it is: `GET open`, `PUT fact`."""
    return f"{verb} {family(key)}"


def family(key: str) -> str:
    """Return what kind of object a key is of: `open`, `request`, `fact`, `callback`."""
    parts = key.split("/")
    if parts[0] == "recordings" and len(parts) > 2:
        return {"request.json": "request", "recording.json": "document", "again": "again"}.get(parts[2], "fact")
    if parts[0] == "tasks" and len(parts) > 2:
        return "pointer" if parts[2] == "recording.json" else "callback"
    return "job report" if key.endswith(".error.json") else parts[0]


@dataclass
class TimedStore:
    """A bucket whose calls take time."""

    inner: Bucket
    calls: Calls
    deadline: Deadline
    takes_ms: tuple[int, int] = STORE_MS
    created: Callable[[str, bytes, Process], None] | None = None
    """Is told of each object that is put, and by which invocation."""

    def _make(self, verb: str, key: str, effect: Callable[[], T]) -> T:
        patience_ms = int(self.deadline.next_call_s() * 1000)

        return self.calls.make(
            called(verb, key), key, self.takes_ms, patience_ms, lambda: StoreError(f"COS {verb} {key}"), effect
        )

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        return at_once(self.calls.timeline, calls, self.calls.chance)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        def write() -> None:
            self.inner.put(key, body, metadata)
            if self.created:
                self.created(key, body, self.calls.process)

        self._make("PUT", key, write)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        was_there = key in self.inner.objects and not self.inner.versioned

        def write() -> bool:
            # Not atomic: what was not there when the call came may be there when it is carried out.
            if not was_there:
                self.inner.put(key, body, metadata)
            return not was_there

        return self._make("PUT", key, write)

    def get(self, key: str) -> StoredObject | None:
        return self._make("GET", key, lambda: self.inner.get(key))

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        return self._make("GET", key, lambda: self.inner.part(key, offset, length, etag))

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        # Asked for at once, as far as the first page: a generator that nobody reads makes no call.
        given, more = 0, True
        while more and (limit is None or given < limit):
            size = self.inner.page_size if limit is None else min(self.inner.page_size, limit - given)
            rows, more = self._make("LIST", prefix, partial(self.inner.page, prefix, after, size))
            yield from rows
            given, after = given + len(rows), rows[-1].key if rows else after

    def delete(self, key: str) -> None:
        self._make("DELETE", key, lambda: self.inner.delete(key))

    def delete_many(self, keys: Sequence[str]) -> None:
        if keys:
            self._make("DELETE many", keys[0], lambda: self.inner.delete_many(keys))

    def presign(self, key: str, seconds: int) -> str:
        return self.inner.presign(key, seconds)


@dataclass
class TimedRecorder:
    """TRTC over a network: a failure says nothing about whether the call took effect."""

    inner: Recorder
    calls: Calls
    times: dict[tuple[str, str], list[int]] | None = None
    """Where to keep when each action was called, by invocation and action."""
    refused: set[str] | None = None
    """Where to keep in which invocations TRTC was full or not there."""
    takes_ms: tuple[int, int] = TRTC_MS

    def _make(self, name: str, what: str, effect: Callable[[], T]) -> T:
        def error() -> Exception:
            return RecorderBusy("ClientNetworkError", name, answered=False)

        if self.times is not None:
            self.times.setdefault((self.calls.process.label, name), []).append(self.calls.timeline.now)
        try:
            return self.calls.make(name, what, self.takes_ms, TRTC_PATIENCE_MS, error, effect)
        except RecorderBusy:
            if self.refused is not None:
                self.refused.add(self.calls.process.label)
            raise

    def start(self, parameters: Mapping[str, Any]) -> Started:
        return self._make("StartWebRecord", str(parameters["RecordId"]), lambda: self.inner.start(parameters))

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self._make("DescribeWebRecord", record_id, lambda: self.inner.describe(sdk_app_id, record_id))

    def describe_task(self, task_id: str) -> Described:
        return self._make("DescribeWebRecord", task_id, lambda: self.inner.describe_task(task_id))

    def stop(self, task_id: str) -> None:
        self._make("StopWebRecord", task_id, lambda: self.inner.stop(task_id))


@dataclass
class TimedNotifier:
    """A receiver over a network."""

    inner: Notifier
    calls: Calls
    takes_ms: tuple[int, int] = NOTIFY_MS

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        self.calls.make(
            "notify",
            webhook_id,
            self.takes_ms,
            NOTIFY_PATIENCE_MS,
            lambda: NotificationError("no answer"),
            lambda: self.inner.send(url, webhook_id, at_s, body, traceparent),
        )


@dataclass
class WholeStore(TimedStore):
    """The same bucket, its keys as COS has them: with the results' prefix."""

    prefix: str = ""

    def get(self, key: str) -> StoredObject | None:
        return super().get(key.removeprefix(self.prefix))

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        for row in super().list(prefix.removeprefix(self.prefix), after.removeprefix(self.prefix), limit):
            yield ListedObject(self.prefix + row.key, row.size)
