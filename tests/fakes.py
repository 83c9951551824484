"""Fakes of the two ports. They pass the same contract tests (tests/contracts/) as the real adapters do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import RecorderError, TaskExists, TaskNotFound
from shared.ports import Described, ListedObject, Started, StoredObject


@dataclass
class MemoryStore:
    """A bucket in memory. `versioned` ignores create-only, as a bucket that ever had versioning does."""

    objects: dict[str, StoredObject] = field(default_factory=dict)
    versioned: bool = False

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self.objects[key] = StoredObject(body, etag, dict(metadata or {}))

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        if key in self.objects and not self.versioned:
            return False
        self.put(key, body, metadata)
        return True

    def get(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        found = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        for key in found[:limit]:
            yield ListedObject(key, len(self.objects[key].body))

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def delete_many(self, keys: Sequence[str]) -> None:
        assert len(keys) <= 1000
        for key in keys:
            self.delete(key)


class MemoryFiles(MemoryStore):
    """A bucket whose objects have URLs, which nobody serves."""

    def presign(self, key: str, seconds: int) -> str:
        return f"https://bucket.example.com/{key}?for={seconds}"


@dataclass
class FakeTrtc:
    """TRTC's three calls: one task per RecordId; `refusals` are raised first, one per start."""

    refusals: list[RecorderError] = field(default_factory=list)
    started: list[Mapping[str, Any]] = field(default_factory=list)
    recording: dict[str, str] = field(default_factory=dict)
    """TaskId → RecordId of tasks that record."""
    known: dict[str, str] = field(default_factory=dict)
    """RecordId → TaskId, remembered after the end."""

    def start(self, parameters: Mapping[str, Any]) -> Started:
        if self.refusals:
            raise self.refusals.pop(0)
        record_id = parameters["RecordId"]
        if record_id in self.known:
            raise TaskExists("FailedOperation.TaskExist", "task already exist", "fake-request")
        task_id = f"Task+{len(self.started)}/{record_id}="
        self.started.append(parameters)
        self.known[record_id], self.recording[task_id] = task_id, record_id
        return Started(task_id, "fake-request")

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self.describe_task(self.known.get(record_id, ""))

    def describe_task(self, task_id: str) -> Described:
        if task_id not in self.recording:
            raise TaskNotFound("FailedOperation.TaskNotExist", "task not exist", "fake-request")
        return Described(task_id, 1, "fake-request")

    def stop(self, task_id: str) -> None:
        self.describe_task(task_id)
        self.end(task_id)

    def end(self, task_id: str) -> None:
        """Let the task end by itself."""
        del self.recording[task_id]


@dataclass
class Clock:
    """Virtual time, epoch ms."""

    now: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now
