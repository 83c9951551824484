"""How often an action may be called."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from local.api3.errors import ApiError

__all__ = ["Rate"]


class Rate:
    """Counts requests by action.

    Args:
        limit: requests a second of this action.
        clock: seconds.
    """

    def __init__(self, limit: Callable[[str], int], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._seen: dict[str, deque[float]] = {}

    def admit(self, action: str) -> None:
        """Count one request.

        Raises:
            ApiError: `RequestLimitExceeded`: more than the limit within the last second.
        """
        now, seen, limit = self._clock(), self._seen.setdefault(action, deque()), self._limit(action)
        while seen and seen[0] <= now - 1:
            seen.popleft()
        if len(seen) >= limit:
            raise ApiError("RequestLimitExceeded", f"More than {limit} requests of {action} within a second.")
        seen.append(now)
