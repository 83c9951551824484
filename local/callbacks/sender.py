"""Delivery on the documented schedule: each callback on its own, with faults on demand.

The schedule: one immediate retry, then every 10 s until the message is a minute old, then it is lost (TRTC's
document "Event callbacks").
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.callbacks.log import Delivery, DeliveryLog
from local.callbacks.message import Message
from local.callbacks.post import Post
from local.callbacks.settings import CallbackSettings

__all__ = ["CallbackSender"]

FAULT_S = 3.0  # of a delay or a reorder that says no time


class CallbackSender:
    """Delivers callbacks, each independent of the others: no order is promised, as in the cloud.

    Args:
        settings: Read at every step, so it may be changed at run time.
        log_path: The delivery log.
        concurrency: HTTP requests at once.
    """

    def __init__(self, settings: CallbackSettings, log_path: Path, *, concurrency: int = 64) -> None:
        self.settings = settings
        self.log = DeliveryLog(log_path)
        self._post = Post(concurrency)
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._overtaken: dict[int, list[asyncio.Event]] = {}

    @property
    def pending(self) -> set[str]:
        """The ids of messages that are still being tried."""
        return set(self._pending)

    def send(self, sdk_app_id: int, group: int, event_type: int, info: Mapping[str, Any]) -> None:
        """Accept one event for delivery; returns at once, never fails. Needs a running event loop."""
        self._accept(Message(sdk_app_id, group, event_type, dict(info)))

    def resend(self, old: Delivery) -> str:
        """Send a logged message again, as a new message with the same EventInfo; return the new one's id."""
        new = Message(old.sdk_app_id, old.event_group, old.event_type, old.event_info)
        replaced = Message(old.sdk_app_id, old.event_group, old.event_type, old.event_info, old.message_id)
        self._note(replaced, 0, "resent", new.message_id)
        self._accept(new)
        return new.message_id

    async def drain(self, timeout_s: float) -> None:
        """Wait until every accepted message is delivered or lost, at most this many seconds."""
        if self._pending:
            await asyncio.wait(set(self._pending.values()), timeout=timeout_s)

    async def aclose(self, timeout_s: float = 10.0) -> None:
        """Drain, log what is still on its way as `abandoned`, close the connections."""
        await self.drain(timeout_s)
        late = list(self._pending.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._post.aclose()

    def _accept(self, message: Message) -> None:
        task = asyncio.create_task(self._carry(message))
        self._pending[message.message_id] = task
        task.add_done_callback(lambda _: self._pending.pop(message.message_id, None))

    async def _carry(self, message: Message) -> None:
        attempts = itertools.count(1)
        try:
            fault = self.settings.faults.callback(message.event_type, message.task_id)
            wait_s = FAULT_S if fault is None or fault.seconds is None else fault.seconds
            if fault is not None and fault.do == "drop":
                self._note(message, 0, "dropped", "fault")
                return
            if fault is not None and fault.do == "delay":
                await asyncio.sleep(wait_s / self.settings.speed)
            if fault is not None and fault.do == "reorder":
                await self._wait_to_be_overtaken(message, wait_s)
            await self._deliver(message, attempts)
            if fault is not None and fault.do == "duplicate":
                await self._attempt(message, next(attempts))
        except asyncio.CancelledError:
            self._note(message, 0, "abandoned", "the process stopped")
            raise

    async def _deliver(self, message: Message, attempts: Iterator[int]) -> None:
        """Try by the schedule until 200 or the message's age."""
        while True:
            attempt, begun = next(attempts), time.monotonic()
            delivered = await self._attempt(message, attempt)
            if attempt == 1:
                self._overtake(message.sdk_app_id)
            if delivered:
                return
            if attempt == 1:
                continue  # the immediate retry
            settings = self.settings
            next_try = begun + settings.retry_every_s / settings.speed
            if next_try - message.born >= settings.lifetime_s / settings.speed:
                self._note(message, attempt, "lost", "older than a minute")
                return
            await asyncio.sleep(next_try - time.monotonic())

    async def _attempt(self, message: Message, attempt: int) -> bool:
        endpoint = self.settings.endpoints.get(message.sdk_app_id)
        if endpoint is None:
            self._note(message, attempt, "unconfigured", "no URL for this SdkAppId")
            return True  # nothing to retry: the cloud sends nothing without a URL
        answer = await self._post.send(message, endpoint, self.settings.timeout_s / self.settings.speed)
        self._note(message, attempt, "delivered" if answer.ok else "failed", answer.detail, answer.elapsed_ms)
        return answer.ok

    async def _wait_to_be_overtaken(self, message: Message, wait_s: float) -> None:
        overtaken = asyncio.Event()
        self._overtaken.setdefault(message.sdk_app_id, []).append(overtaken)
        try:
            await asyncio.wait_for(overtaken.wait(), wait_s / self.settings.speed)
        except asyncio.TimeoutError:
            return

    def _overtake(self, sdk_app_id: int) -> None:
        for event in self._overtaken.pop(sdk_app_id, []):
            event.set()

    def _note(self, message: Message, attempt: int, outcome: str, detail: str, elapsed_ms: int = 0) -> None:
        entry = Delivery(
            time_ms=time.time_ns() // 1_000_000,
            message_id=message.message_id,
            sdk_app_id=message.sdk_app_id,
            event_group=message.group,
            event_type=message.event_type,
            task_id=message.task_id,
            attempt=attempt,
            outcome=outcome,
            detail=detail,
            event_info=dict(message.info),
            elapsed_ms=elapsed_ms,
        )
        self.log.append(entry)
