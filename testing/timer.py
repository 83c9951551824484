"""The platform's timer: every full minute, or not, or twice; minutes in which nothing is due are passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain import keys
from shared.usecases.tick import CLEARED_EVERY

if TYPE_CHECKING:
    from testing.run import Run

MINUTE_MS = 60_000
QUEUES = ("open", "due", "ask", "tell")
_MARKER = re.compile(r"(?:open|due|ask|tell)/([0-9]{13})-(.+)")


class Timer:
    """Lets ticks begin. `calm` from when on each minute has one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.calm = not run.scenario.settings.uneven
        self._armed_ms = 0

    def markers(self) -> list[tuple[int, str]]:
        """Return time and key of all markers there are."""
        folders = self._run.bucket.objects.folders  # type: ignore[attr-defined]  # a bucket's are indexed
        names = [key for queue in QUEUES for key in folders.get(queue, ())]
        found = [(_MARKER.fullmatch(key), key) for key in names if key in self._run.bucket.objects]
        return [(int(match[1]), key) for match, key in found if match]

    def wakes(self) -> Iterator[str]:
        """Yield the keys of all wakes there are."""
        objects = self._run.bucket.objects
        folders, there = objects.folders, objects.by_key  # type: ignore[attr-defined]
        return (key for key in folders.get("wake", ()) if key in there and keys.woken(key))

    def _due(self) -> Iterator[int]:
        """Yield from when on a tick finds anything, of each queue: a marker's time, of a start a minute before it."""
        objects = self._run.bucket.objects
        folders, there = objects.folders, objects.by_key  # type: ignore[attr-defined]  # a bucket's are indexed
        for queue in QUEUES:
            for key in folders.get(queue, ()):  # they sort by time
                if key in there and (match := _MARKER.fullmatch(key)):
                    yield int(match[1]) - MINUTE_MS * (queue == "due")
                    break

    def arm(self) -> None:
        """Let the timer fire at the next minute in which anything may be due."""
        self._arm([*self._due()], wakes=any(self.wakes()))

    def _arm(self, due: list[int], *, wakes: bool) -> None:
        timeline = self._run.timeline
        times = [-(-ms // MINUTE_MS) * MINUTE_MS for ms in due]
        next_ms = timeline.next_ms()
        times += [] if next_ms is None else [next_ms]
        if wakes:
            hour = MINUTE_MS * CLEARED_EVERY  # only in one minute of each are left wakes deleted
            times.append(timeline.now // hour * hour + hour)
        if not times:
            return  # `peace` arms it once more
        minute = timeline.now // MINUTE_MS * MINUTE_MS
        at_ms = max(minute + MINUTE_MS, min(times) // MINUTE_MS * MINUTE_MS)
        self._armed_ms = at_ms
        timeline.at(at_ms, lambda: self._fire(at_ms))

    def _fire(self, at_ms: int) -> None:
        if at_ms != self._armed_ms:
            return  # armed again since
        run, now = self._run, self._run.timeline.now
        due, wakes = [*self._due()], any(self.wakes())
        if (wakes and now // MINUTE_MS % CLEARED_EVERY == 0) or any(ms <= now for ms in due):
            times = 1
            if not self.calm:
                times = run.scenario.stream(f"timer {now}").choices([0, 1, 2], [1, 8, 2])[0]
            for _ in range(times):
                run.timeline.spawn(run.tick)
        self._arm(due, wakes=wakes)
