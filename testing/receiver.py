"""A caller's endpoint for notifications."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from shared.domain.notify_hosts import NotificationError
from shared.domain.states import State
from testing.ledger import Ledger

NOTIFY_PATIENCE_MS = 5_000
"""What the sender waits for an answer."""


@dataclass
class Receiver:
    """Takes notifications, or refuses a share of them; `deletes` is told of each final one, within its own call."""

    ledger: Ledger
    chance: Random
    refusing: float = 0.0
    hanging: bool = False
    early: bool = False
    """Whether it deletes what it is told of at every message, and not only at a final one."""
    """Whether the host `slow.…` never answers, or answers only after the sender's timeout."""
    wait_ms: Callable[[int], None] = lambda _ms: None
    deletes: Callable[[str], None] = lambda _about: None

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        """Take one, or raise."""
        if self.refusing and self.chance.random() < self.refusing:
            raise NotificationError("answered 500")
        hangs = self.hanging and urlsplit(url).netloc.startswith("slow.")
        taken = not hangs or self.chance.random() < 0.5
        if taken:
            self._take(webhook_id, body)
        if hangs:
            self.wait_ms(NOTIFY_PATIENCE_MS)
            raise NotificationError("no answer")

    def _take(self, webhook_id: str, body: bytes) -> None:
        document = json.loads(body)
        about = document["data"]["recording_id"]
        self.ledger.note(
            "receiver",
            "notified",
            about,
            webhook_id=webhook_id,
            type=document["type"],
            current=document["current_state"],
        )
        if self.early or State(document["data"]["state"]).final:
            self.deletes(about)
