"""Faults at the ports: a store and a recorder that die, fail or lose a reply at the n-th call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

from shared.domain.errors import RecorderBusy, StoreError
from shared.ports import Described, ListedObject, ObjectStore, Recorder, Started, StoredObject

T = TypeVar("T")
Kind = Literal["die", "die_after", "fail", "hang", "lose", "overlap"]
"""Die before the call, die after it took effect, fail without effect, the same after a long while, take effect and
lose the reply; or let something else run in between."""


class Died(BaseException):
    """The process was killed here; no `except Exception` of the tested code may catch it."""


@dataclass
class Faults:
    """What goes wrong at which call; calls are counted over all wrapped ports."""

    plan: dict[int, Kind] = field(default_factory=dict)
    calls: int = 0
    log: list[str] = field(default_factory=list)
    overlap: Callable[[], None] = lambda: None
    hang: Callable[[], None] = lambda: None
    """Lets the time pass that a call hangs before it is given up."""

    def around(self, name: str, error: Callable[[], Exception], call: Callable[[], T]) -> T:
        """Make the call as the plan has it."""
        kind = self.plan.get(self.calls)
        self.calls += 1
        self.log.append(f"{name}{f' [{kind}]' if kind else ''}")
        if kind == "die":
            raise Died
        if kind == "hang":
            self.hang()
        if kind in ("fail", "hang"):
            raise error()
        if kind == "overlap":
            self.overlap()
        result = call()
        if kind == "die_after":
            raise Died
        if kind == "lose":
            raise error()
        return result


def _outcome(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 (raised when the others are over)
        return None, error


@dataclass
class FaultyStore:
    """A store behind faults."""

    inner: ObjectStore
    faults: Faults

    def _around(self, name: str, call: Callable[[], T]) -> T:
        return self.faults.around(name, lambda: StoreError(f"injected at {name}"), call)

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """Make all of them, whatever one meets; a death ends them."""
        outcomes = self.inner.at_once(*(partial(_outcome, call) for call in calls))
        for _, error in outcomes:
            if error is not None:
                raise error
        return [result for result, _ in outcomes]

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._around(f"put {key}", lambda: self.inner.put(key, body, metadata))

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        return self._around(f"create {key}", lambda: self.inner.create(key, body, metadata))

    def get(self, key: str) -> StoredObject | None:
        return self._around(f"get {key}", lambda: self.inner.get(key))

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        return iter(self._around(f"list {prefix}", lambda: list(self.inner.list(prefix, after, limit))))

    def delete(self, key: str) -> None:
        self._around(f"delete {key}", lambda: self.inner.delete(key))

    def delete_many(self, keys: Sequence[str]) -> None:
        self._around(f"delete {len(keys)}", lambda: self.inner.delete_many(keys))


@dataclass
class FaultyRecorder:
    """A recorder behind faults: a failure is a network failure, nobody knows whether the call took effect."""

    inner: Recorder
    faults: Faults

    def _around(self, name: str, call: Callable[[], T]) -> T:
        return self.faults.around(name, lambda: RecorderBusy("ClientNetworkError", name, answered=False), call)

    def start(self, parameters: Mapping[str, Any]) -> Started:
        return self._around("StartWebRecord", lambda: self.inner.start(parameters))

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self._around("DescribeWebRecord", lambda: self.inner.describe(sdk_app_id, record_id))

    def describe_task(self, task_id: str) -> Described:
        return self._around("DescribeWebRecord", lambda: self.inner.describe_task(task_id))

    def stop(self, task_id: str) -> None:
        self._around("StopWebRecord", lambda: self.inner.stop(task_id))
