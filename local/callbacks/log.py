"""The log of deliveries: a file of JSON lines that outlives the local cloud."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["FILE_NAME", "Delivery", "DeliveryLog", "matches", "undelivered"]

log = logging.getLogger(__name__)

FILE_NAME = "callbacks.jsonl"
"""In the state directory."""

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
        """Whether nothing is wrong with it."""
        return self.outcome in _GOOD


class DeliveryLog:
    """A file of JSON lines; one line is one delivery attempt or the end of a message."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, delivery: Delivery) -> None:
        """Write one line; a full disk loses the line, not the callback."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(delivery), ensure_ascii=False) + "\n")
        except OSError:
            log.exception("a delivery could not be logged")

    def read(self) -> Iterator[Delivery]:
        """Read all lines, oldest first; a line torn by a crash is skipped."""
        yield from self.read_from(0)[0]

    def read_from(self, offset: int) -> tuple[list[Delivery], int]:
        """Read the whole lines behind a byte offset; return them and the offset behind them."""
        if not self.path.exists():
            return [], offset
        with self.path.open("rb") as file:
            file.seek(offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        found = []
        for line in whole.split(b"\n"):
            with contextlib.suppress(ValueError, TypeError):
                found.append(Delivery(**json.loads(line)))
        return found, offset + len(whole)


def matches(delivery: Delivery, *, task: str = "", types: Iterable[int] = (), failed: bool = False) -> bool:
    """Tell whether a line is of the task (or of one whose TaskId begins so), of the types, and not good."""
    types = set(types)
    return (
        delivery.task_id.startswith(task)
        and (not types or delivery.event_type in types)
        and not (failed and delivery.good)
    )


def undelivered(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the ids of messages that never arrived, oldest first; those still being tried are among them."""
    good: dict[str, bool] = {}
    for delivery in deliveries:
        good[delivery.message_id] = good.get(delivery.message_id, False) or delivery.good
    return [message_id for message_id, arrived in good.items() if not arrived]
