"""Pace: keep the calls of all threads of one tick below a rate."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pacer:
    """Lets a call through every 1/rate seconds; more wait, in the order they came."""

    def __init__(self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Start with the first call free. `clock` and `sleep` are in seconds."""
        self._every_s, self._clock, self._sleep = 1 / per_second, clock, sleep
        self._next_s = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock()
            at = max(now, self._next_s)
            self._next_s = at + self._every_s
        if at > now:
            self._sleep(at - now)
