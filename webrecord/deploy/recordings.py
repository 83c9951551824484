"""Which recordings are open: TRTC uploads their films with the key that they were started with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webrecord.deploy.cloud import Cloud

OVER_MS = 3 * 24 * 3600 * 1000
"""A recording that is overdue for so long has ended: a day of recording, a day of upload."""
MOST = 1000
"""Markers of a kind that are looked at; where there are more, one of them is taken to be open."""
FINAL = ("completed", "failed", "lost", "cancelled")


@dataclass
class OpenRecordings:
    """The recordings of a bucket that have a marker; those that ended keep theirs for a while."""

    cloud: Cloud
    bucket: str
    prefix: str
    clock: Callable[[], float] = time.time

    def any(self, started_before_ms: float = float("inf")) -> bool:
        """Tell whether one is open that was started before; what can't be read counts as open."""
        if self.cloud.buckets.region_of(self.bucket) is None:
            return False
        return any(self._open(recording_id, started_before_ms) for recording_id in self._marked())

    def _marked(self) -> Iterator[str | None]:
        """Yield each recording once; None where there are too many to tell."""
        since, seen = int(self.clock() * 1000) - OVER_MS, set[str]()
        for kind in ("open", "ask"):
            place = f"{self.prefix}/{kind}/"
            keys = self.cloud.buckets.keys(self.bucket, place, f"{place}{since:013d}", MOST)
            for key in keys:
                recording_id = key.removeprefix(place).partition("-")[2]
                if recording_id not in seen:
                    seen.add(recording_id)
                    yield recording_id
            if len(keys) == MOST:
                yield None

    def _open(self, recording_id: str | None, started_before_ms: float) -> bool:
        if recording_id is None:
            return True
        stored = self.cloud.buckets.read(self.bucket, f"{self.prefix}/recordings/{recording_id}/recording.json")
        try:
            document = json.loads(stored or b"")
            starts = [attempt["at_ms"] for attempt in document["evidence"]["attempts"].values()]
            return document["state"] not in FINAL and any(at_ms < started_before_ms for at_ms in starts)
        except (ValueError, KeyError, TypeError, AttributeError):
            return True
