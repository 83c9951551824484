"""Ports that count calls and give each its time, to measure the cost of a tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.domain.errors import RecorderBusy
from shared.ports import Described, ListedObject, Recorder, Started, StoredObject
from testing.bucket import Bucket
from testing.timeline import Process, Timeline
from testing.workers import at_once

T = TypeVar("T")


@dataclass
class Meter:
    """Counts calls, for each tick and for all others together, and lets their time pass."""

    timeline: Timeline
    counts: Counter[str] = field(default_factory=Counter)
    """Calls outside of ticks."""
    ticks: dict[Process, Counter[str]] = field(default_factory=dict)
    """Calls of ticks."""
    seconds: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Calls of each kind in each second, whoever made them."""

    def pass_by(self, name: str, ms: int) -> None:
        """Count one call and let it take so long."""
        process = self.timeline.process
        counts = self.counts if process is None else self.ticks.get(process, self.counts)
        counts[name] += 1
        self.seconds[name, self.timeline.now // 1000] += 1
        self.timeline.wait_ms(ms)

    def busiest(self) -> dict[str, int]:
        """Return the most calls of each kind within one second."""
        most: dict[str, int] = {}
        for (name, _), calls in self.seconds.items():
            most[name] = max(most.get(name, 0), calls)
        return most


@dataclass
class MeteredStore:
    """A bucket behind a meter; a listing counts by its pages."""

    inner: Bucket
    meter: Meter
    ms: int

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        return at_once(self.meter.timeline, calls)

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
            if number % self.inner.page_size == 0:
                self.meter.pass_by("LIST", self.ms)

    def delete(self, key: str) -> None:
        self.meter.pass_by("DELETE", self.ms)
        self.inner.delete(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        self.meter.pass_by("DELETE", self.ms)
        self.inner.delete_many(keys)


@dataclass
class MeteredRecorder:
    """TRTC behind a meter; what it refuses for its rate is counted besides."""

    inner: Recorder
    meter: Meter
    ms: int

    def start(self, parameters: Mapping[str, Any]) -> Started:
        return self._call("Start", lambda: self.inner.start(parameters))

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self._call("Describe", lambda: self.inner.describe(sdk_app_id, record_id))

    def describe_task(self, task_id: str) -> Described:
        return self._call("Describe", lambda: self.inner.describe_task(task_id))

    def stop(self, task_id: str) -> None:
        self._call("Stop", lambda: self.inner.stop(task_id))

    def _call(self, action: str, call: Callable[[], T]) -> T:
        self.meter.pass_by(action, self.ms)
        try:
            return call()
        except RecorderBusy as error:
            if error.code.startswith("RequestLimitExceeded"):
                self.meter.counts["refused"] += 1
            raise
