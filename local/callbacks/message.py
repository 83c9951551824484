"""One callback on its way: what it says, and the bytes and headers of one try."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.callbacks.signing import sign

__all__ = ["Message"]


@dataclass(frozen=True)
class Message:
    """An event for one SdkAppId. `born` is in monotonic seconds; the id is ours, the receiver never sees it."""

    sdk_app_id: int
    group: int
    event_type: int
    info: Mapping[str, Any]
    message_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    born: float = field(default_factory=time.monotonic)

    @property
    def task_id(self) -> str:
        """The TaskId as sent; of event 310 it has a suffix."""
        return str(self.info.get("TaskId", ""))

    def body(self) -> bytes:
        """Return the body of a try made now: each has its own CallbackTs, so its own signature."""
        envelope = {
            "EventGroupId": self.group,
            "EventType": self.event_type,
            "CallbackTs": time.time_ns() // 1_000_000,
            "EventInfo": dict(self.info),
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    def headers(self, key: str, body: bytes) -> dict[str, str]:
        """Return the documented headers of this body."""
        return {"Content-Type": "application/json", "Sign": sign(key, body), "SdkAppId": str(self.sdk_app_id)}
