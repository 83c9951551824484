"""Models of what surrounds us, on virtual time: a bucket with stale listings, TRTC with its tasks, a receiver."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.notify_hosts import NotificationError
from shared.domain.refusals import refusal
from shared.ports import ListedObject, Started, StoredObject
from tests.callbacks import callback, mp4_stop
from tests.fakes import Clock, FakeTrtc, MemoryStore

NOTIFY_URL = "https://hooks.example.com/recordings"
BUSY = ("RequestLimitExceeded", "InternalError", "FailedOperation.RestrictedConcurrency")
STORIES = {"plain": 8, "late": 2, "bad page": 1, "gives up": 1, "silent": 1, "no upload": 1}
"""What may become of a task, and how often."""


@dataclass
class StaleStore(MemoryStore):
    """A bucket whose listings may not know the newest keys yet."""

    clock: Clock = field(default_factory=Clock)
    stale_ms: int = 0
    born: dict[str, int] = field(default_factory=dict)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if key not in self.objects:
            self.born[key] = self.clock()
        super().put(key, body, metadata)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        for item in super().list(prefix, after, limit):
            if self.born.get(item.key, 0) + self.stale_ms <= self.clock():
                yield item

    def get(self, key: str) -> StoredObject | None:
        return self.objects.get(key)


@dataclass
class SimulatedTrtc(FakeTrtc):
    """Tasks that live on virtual time, upload files and report by callbacks; `quota` tasks at once."""

    chance: random.Random = field(default_factory=random.Random)
    at: Callable[[int, Callable[[], None]], None] = lambda _ms, _do: None
    clock: Clock = field(default_factory=Clock)
    send: Callable[[bytes], None] = lambda _body: None
    files: MemoryStore = field(default_factory=MemoryStore)
    quota: int = 200
    busy: float = 0.0
    twice: list[str] = field(default_factory=list)
    """Ids of recordings that had two tasks at once."""
    with_file: set[str] = field(default_factory=set)
    """Ids of recordings that have a file in the bucket."""
    _at_end: dict[str, Callable[[], None]] = field(default_factory=dict)

    def start(self, parameters: Mapping[str, Any]) -> Started:
        record_id = parameters["RecordId"]
        if record_id not in self.known:
            if len(self.recording) >= self.quota:
                raise refusal("ResourceInsufficient.RequestRejection", "quota", "r")
            if self.chance.random() < self.busy:
                raise refusal(self.chance.choice(BUSY), "busy", "r")
        started = super().start(parameters)
        recording_id = record_id.rpartition("-")[0]
        if [other.rpartition("-")[0] for other in self.recording.values()].count(recording_id) > 1:
            self.twice.append(recording_id)
        prefix = parameters["StorageParams"]["CloudStorage"]["FileNamePrefix"]
        self._live(
            Life(started.task_id, recording_id, "/".join(prefix).removeprefix("webrecord/"), self.clock() + 5_000)
        )
        return started

    def end(self, task_id: str) -> None:
        super().end(task_id)
        self._at_end.pop(task_id)()

    def _live(self, life: Life) -> None:
        story = self.chance.choices(list(STORIES), list(STORIES.values()))[0]
        self._at_end[life.task_id] = lambda: self._finish(life, story)
        lasts = 20_000
        if story != "bad page":
            lasts = self.chance.choice([60_000, 600_000, 3_000_000])
            if story != "silent":
                self.at(life.began_ms, lambda: self._tell(life, 801, {"Status": 1, "EventMessage": "Success"}))
        self.at(life.began_ms + lasts, lambda: self.end(life.task_id) if life.task_id in self.recording else None)

    def _finish(self, life: Life, story: str) -> None:
        end_ms = self.clock()
        if story == "bad page":
            self._tell(life, 801, {"Status": 2, "EventMessage": "Goto url timeout"})
        elif story == "gives up":
            self._tell(life, 801, {"Status": 5, "EventMessage": "Chrome exception, exit task"})
        elif story != "silent":
            self._tell(life, 802, {"Status": 1})
        if story == "late":
            self.at(end_ms + 2_000, lambda: self._upload(life, end_ms, 1))
            self.at(end_ms + 900_000, lambda: self._upload(life, end_ms, 0))
        elif story == "silent":
            self.at(end_ms + 3_000, lambda: self._put(life))
        elif story in ("plain", "gives up"):
            self.at(end_ms + 3_000, lambda: self._upload(life, end_ms, 0))

    def _tell(self, life: Life, kind: int, payload: dict[str, Any]) -> None:
        self.send(callback(kind, payload, self.clock(), life.task_id))

    def _upload(self, life: Life, end_ms: int, status: int) -> None:
        if status == 0:
            self._put(life)
        self.send(mp4_stop(status, self.clock(), life.file, life.began_ms, end_ms, life.task_id))

    def _put(self, life: Life) -> None:
        self.files.put(f"{life.folder}/{life.task_id}/{life.file}", b"picture and sound")
        self.with_file.add(life.recording_id)


@dataclass(frozen=True)
class Life:
    """One task's: where its file goes and when it began, epoch ms."""

    task_id: str
    recording_id: str
    folder: str
    began_ms: int

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.recording_id}.mp4"


@dataclass
class Receiver:
    """A caller's endpoint for notifications; fails as it is told."""

    chance: random.Random
    failing: float = 0.0
    taken: dict[str, list[str]] = field(default_factory=dict)

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        assert url == NOTIFY_URL
        if self.chance.random() < self.failing:
            raise NotificationError("answered 500")
        document = json.loads(body)
        self.taken.setdefault(webhook_id, []).append(document["type"])
