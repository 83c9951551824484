"""The log of deliveries: a file of JSON lines that outlives the local cloud."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

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
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(delivery), ensure_ascii=False) + "\n")
        except OSError as error:
            log.error("a delivery could not be logged: %s", error)  # noqa: TRY400 - the trace says no more

    def read(self) -> Iterator[Delivery]:
        """Read all lines, oldest first; a line torn by a crash is skipped."""
        for path in (older(self.path), self.path):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                for line in _whole_lines(file):
                    if (delivery := _delivery(line)) is not None:
                        yield delivery

    def read_from(self, offset: int) -> tuple[list[Delivery], int]:
        """Read the whole lines behind a byte offset; return them and the offset behind them.

        In a file that was emptied meanwhile, that is from its beginning on.
        """
        found = []
        try:
            with self.path.open("rb") as file:
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
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        return Delivery(**json.loads(line))
    return None


def matches(delivery: Delivery, *, task: str = "", types: Iterable[int] = (), failed: bool = False) -> bool:
    """Return True if a line matches the TaskId's beginning, the types, and the wish for failures only."""
    types = set(types)
    return (
        delivery.task_id.startswith(task)
        and (not types or delivery.event_type in types)
        and not (failed and delivery.good)
    )
