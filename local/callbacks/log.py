"""The log of deliveries: a file of JSON lines that outlives the local cloud."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from local import regular
from local.growth import older, rotate

__all__ = ["FILE_NAME", "Delivery", "DeliveryLog", "matches"]

log = logging.getLogger(__name__)

FILE_NAME = "callbacks.jsonl"
"""In the state directory."""

LOG_BYTES = 32 * 1024 * 1024
"""At this size the file moves to `callbacks.jsonl.1` and replaces the earlier one."""
_LINE_BYTES = 1024 * 1024
_GOOD = ("delivered", "resent")


@dataclass(frozen=True)
class Delivery:
    """One line: an attempt, or the end of a message without one.

    Attributes:
        time_ms: When, ms since 1970.
        message_id: The local service's own; the receiver never sees one.
        attempt: From 1; 0 where nothing was sent.
        outcome: `delivered`, `failed` (may be tried again), `lost` (a minute old), `dropped` (a fault),
            `abandoned` (the process stopped), `unconfigured` (no URL for this SdkAppId), `resent` (as another
            message, whose id is the detail).
        detail: The HTTP status or the kind of error.
        event_info: EventInfo as sent, for a resend.
        elapsed_ms: How long the attempt took.
    """

    time_ms: int
    message_id: str
    sdk_app_id: int
    event_group: int
    event_type: int
    task_id: str
    attempt: int
    outcome: str
    detail: str
    event_info: dict[str, Any]
    elapsed_ms: int = 0

    @property
    def good(self) -> bool:
        """Whether the callback arrived."""
        return self.outcome in _GOOD


_TYPES = {each.name: {"int": int, "str": str}.get(str(each.type), dict) for each in fields(Delivery)}
_NO_TIME_MS = 253_370_764_800_000
"""The year 9999, whose last day is none in some time zones."""


class DeliveryLog:
    """A file of JSON lines; one line is one delivery attempt or the end of a message."""

    def __init__(self, path: Path, limit: int = LOG_BYTES) -> None:
        self.path = path
        self._limit = limit

    def append(self, delivery: Delivery) -> None:
        """Write one line; a full disk loses the line, not the callback."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            rotate(self.path, self._limit)
            with regular.opened(self.path, "ab") as file:
                file.write(json.dumps(asdict(delivery), ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            log.error("a delivery could not be logged: %s", error)  # noqa: TRY400 - the trace says no more

    def read(self) -> Iterator[Delivery]:
        """Read all lines, oldest first; one that a crash or a hand has damaged is skipped."""
        for path in (older(self.path), self.path):
            with contextlib.suppress(FileNotFoundError), regular.opened(path) as file:
                for line in _whole_lines(file):
                    if (delivery := _delivery(line)) is not None:
                        yield delivery

    def read_from(self, offset: int) -> tuple[list[Delivery], int]:
        """Read the whole lines behind a byte offset; return them and the offset behind them.

        In a file that was emptied meanwhile, that is from its beginning on.
        """
        found = []
        try:
            with regular.opened(self.path) as file:
                if file.seek(0, os.SEEK_END) < offset:
                    offset = 0
                file.seek(offset)
                for line in _whole_lines(file):
                    offset += len(line)
                    if (delivery := _delivery(line)) is not None:
                        found.append(delivery)
        except FileNotFoundError:
            return [], offset
        return found, offset


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines up to the last line feed; one that is longer than any of ours comes in pieces, which are none."""
    while line := file.readline(_LINE_BYTES):
        if not line.endswith(b"\n") and len(line) < _LINE_BYTES:
            return
        yield line


def _delivery(line: bytes) -> Delivery | None:
    """Return what a line says; None where it is not as it was written: whoever reads it may rely on its values."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        found = Delivery(**json.loads(line, parse_constant=_finite, parse_float=_finite))
        text = json.dumps(asdict(found), ensure_ascii=False).encode()  # half a letter can't be sent
        typed = all(type(getattr(found, name)) is kind for name, kind in _TYPES.items())
        if typed and 0 <= found.time_ms < _NO_TIME_MS and len(text) < _LINE_BYTES:
            return found
    return None


def _finite(text: str) -> float:
    """Return a number that JSON has; ValueError for any other."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("JSON has no such number")
    return number


def matches(delivery: Delivery, *, task: str = "", types: Iterable[int] = (), failed: bool = False) -> bool:
    """Return True if a line matches the TaskId's beginning, the types, and the wish for failures only."""
    types = set(types)
    return (
        delivery.task_id.startswith(task)
        and (not types or delivery.event_type in types)
        and not (failed and delivery.good)
    )
