"""What CLS holds, by region."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from local.api3 import ApiCall, ApiError
from local.kindness import Delays

__all__ = ["Logs", "Region", "Thing", "when"]

T = TypeVar("T")


@dataclass
class Thing:
    """A logset, topic, alarm or notice: what it was made of, and when."""

    id: str
    body: dict[str, Any]
    created: float
    updated: float
    index: dict[str, Any] | None = None
    busy_until: float = float("-inf")


@dataclass
class Region:
    """One region's."""

    logsets: dict[str, Thing] = field(default_factory=dict)
    topics: dict[str, Thing] = field(default_factory=dict)
    alarms: dict[str, Thing] = field(default_factory=dict)
    notices: dict[str, Thing] = field(default_factory=dict)


class Logs:
    """The log service.

    Attributes:
        open: whether the account has activated it.
    """

    def __init__(
        self, delays: Delays, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.delays, self.now, self.clock = delays, now, clock
        self.open = False
        self._regions: dict[str, Region] = {}

    def region(self, call: ApiCall) -> Region:
        """Return the caller's region.

        Raises:
            ApiError: the service is not open.
        """
        if not self.open:
            raise ApiError("OperationDenied.AccountNotExists", "The log service is not open: OpenClsService.")
        return self._regions.setdefault(call.region, Region())

    def has(self, region: str, logset: str, topic: str) -> bool:
        """Tell whether a function may log there."""
        held = self._regions.get(region, Region())
        return logset in held.logsets and topic in held.topics and held.topics[topic].body["LogsetId"] == logset

    def new(self, prefix: str, body: dict[str, Any]) -> Thing:
        """Make a thing."""
        now = self.now()
        return Thing(f"{prefix}{uuid.uuid4()}", dict(body), now, now)

    def listed(
        self, call: ApiCall, things: Iterable[Thing], keys: dict[str, Callable[[Thing], str]], *, exact: bool = False
    ) -> tuple[list[Thing], int]:
        """Return one page of what fits the filters, as late as lists are, and how many there are.

        Names fit in part, where `exact` is not asked for.
        """
        body, late = call.body, self.now() - self.delays.fresh_s
        found = [thing for thing in things if thing.created <= late]
        for wanted in body.get("Filters", []):
            if wanted["Key"] not in keys:
                raise ApiError("InvalidFilter", f"The filter {wanted['Key']} is not one of {', '.join(keys)}.")
            read = keys[wanted["Key"]]
            whole = exact or wanted["Key"].endswith("Id")
            found = [thing for thing in found if _fits(read(thing), wanted["Values"], whole=whole)]
        offset, limit = body.get("Offset", 0), body.get("Limit", 20)
        if not 1 <= limit <= 100:
            raise ApiError("InvalidParameter", "Limit is 1 to 100.")
        return found[offset : offset + limit], len(found)


def when(seconds: float) -> str:
    """Write a time as CLS does: Beijing's."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + 8 * 3600))


def _fits(value: str, wanted: Sequence[str], *, whole: bool) -> bool:
    return any(value == each if whole else each in value for each in wanted)
