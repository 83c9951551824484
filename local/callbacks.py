"""Signed webhooks on the documented retry schedule, with faults on demand and a log of every attempt.

The schedule: one immediate retry, then every 10 s until the message is a minute old, then it is lost (TRTC's
document "Event callbacks"). Each try has its own CallbackTs, so its own body and signature.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import logging
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

__all__ = [
    "CallbackEndpoint",
    "CallbackSender",
    "CallbackSettings",
    "Delivery",
    "DeliveryLog",
    "Fault",
    "sign",
]

log = logging.getLogger(__name__)


def sign(key: str, body: bytes) -> str:
    """Return the Sign header: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class CallbackEndpoint:
    """Where the callbacks of one SdkAppId go, and the key that signs them (at most 32 letters and digits)."""

    url: str
    key: str = field(repr=False)


@dataclass
class Fault:
    """A disturbance of messages; the first rule that applies to a message wins.

    Attributes:
        action: `drop` loses the message for good without a try, `delay` sends it `delay_s` later, `duplicate`
            sends it once more after its delivery, `reorder` sends it after the next message of its SdkAppId
            (or after `delay_s`, when none comes).
        event_types: Which types; `None` is all.
        probability: 0 to 1.
        times: How many more messages; `None` is no limit.
        delay_s: Seconds, divided by the speed.
    """

    action: Literal["drop", "delay", "duplicate", "reorder"]
    event_types: frozenset[int] | None = None
    probability: float = 1.0
    times: int | None = None
    delay_s: float = 3.0


@dataclass
class CallbackSettings:
    """Everything here may be changed while callbacks are sent; times in seconds, divided by `speed`."""

    endpoints: dict[int, CallbackEndpoint] = field(default_factory=dict)
    speed: float = 1.0
    timeout_s: float = 5.0
    retry_every_s: float = 10.0
    lifetime_s: float = 60.0
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    """One line of the delivery log.

    Attributes:
        time_ms: When, ms since 1970.
        message_id: The local service's own; the receiver never sees one.
        attempt: From 1; 0 where nothing was sent.
        outcome: `delivered`, `failed` (may be tried again), `lost` (a minute old), `dropped` (a fault),
            `abandoned` (the process stopped), `unconfigured` (no URL for this SdkAppId).
        detail: The HTTP status or the kind of error.
        event_info: EventInfo as sent, for a resend.
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


class DeliveryLog:
    """A file of JSON lines; one line is one delivery attempt or the end of a message."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, delivery: Delivery) -> None:
        """Write one line; a full disk loses the line, not the callback."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(delivery), ensure_ascii=False) + "\n")
        except OSError:
            log.exception("a delivery could not be logged")

    def read(self) -> Iterator[Delivery]:
        """Read all lines, oldest first; a line torn by a crash is skipped."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                with contextlib.suppress(ValueError, TypeError):
                    yield Delivery(**json.loads(line))


@dataclass(frozen=True)
class _Message:
    message_id: str
    sdk_app_id: int
    group: int
    event_type: int
    info: dict[str, Any]
    born: float  # monotonic seconds


class CallbackSender:
    """Delivers callbacks, each independent of the others: no order is promised, as in the cloud.

    Args:
        settings: Read at every step, so it may be changed at run time.
        log_path: The delivery log.
        concurrency: HTTP requests at once.
        dice: Source of chance of the faults.
    """

    def __init__(
        self,
        settings: CallbackSettings,
        log_path: Path,
        *,
        concurrency: int = 64,
        dice: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.log = DeliveryLog(log_path)
        self._gate = asyncio.Semaphore(concurrency)
        self._dice = dice or random.Random()  # noqa: S311 - chance of faults, no secret
        # No proxy of the environment: the receiver is on this machine.
        self._client = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=concurrency))
        self._pending: set[asyncio.Task[None]] = set()
        self._overtaken: dict[int, list[asyncio.Event]] = {}

    def send(self, sdk_app_id: int, group: int, event_type: int, info: Mapping[str, Any]) -> None:
        """Accept one event for delivery; returns at once, never fails. Needs a running event loop."""
        message = _Message(uuid.uuid4().hex, sdk_app_id, group, event_type, dict(info), time.monotonic())
        task = asyncio.create_task(self._carry(message))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def resend(self, message_id: str) -> None:
        """Send a logged message again, as a new message with the same EventInfo.

        Raises:
            KeyError: The log has no such message.
        """
        for delivery in self.log.read():
            if delivery.message_id == message_id:
                self.send(delivery.sdk_app_id, delivery.event_group, delivery.event_type, delivery.event_info)
                return
        raise KeyError(message_id)

    async def drain(self, timeout_s: float) -> None:
        """Wait until every accepted message is delivered or lost, at most this many seconds."""
        if self._pending:
            await asyncio.wait(set(self._pending), timeout=timeout_s)

    async def aclose(self, timeout_s: float = 10.0) -> None:
        """Drain, log what is still on its way as `abandoned`, close the connections."""
        await self.drain(timeout_s)
        late = list(self._pending)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._client.aclose()

    async def _carry(self, message: _Message) -> None:
        attempts = itertools.count(1)
        try:
            fault = self._fault(message.event_type)
            if fault is not None and fault.action == "drop":
                self._note(message, 0, "dropped", "fault")
                return
            if fault is not None and fault.action == "delay":
                await self._sleep(fault.delay_s)
            if fault is not None and fault.action == "reorder":
                await self._wait_to_be_overtaken(message, fault)
            await self._deliver(message, attempts)
            if fault is not None and fault.action == "duplicate":
                await self._attempt(message, next(attempts))
        except asyncio.CancelledError:
            self._note(message, 0, "abandoned", "the process stopped")
            raise

    async def _deliver(self, message: _Message, attempts: Iterator[int]) -> None:
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

    async def _attempt(self, message: _Message, attempt: int) -> bool:
        settings = self.settings
        endpoint = settings.endpoints.get(message.sdk_app_id)
        if endpoint is None:
            self._note(message, attempt, "unconfigured", "no URL for this SdkAppId")
            return True  # nothing to retry: the cloud sends nothing without a URL
        async with self._gate:
            # CallbackTs is the time of sending, so after the wait for a free place.
            body = json.dumps(
                {
                    "EventGroupId": message.group, "EventType": message.event_type,
                    "CallbackTs": time.time_ns() // 1_000_000, "EventInfo": message.info,
                },
                ensure_ascii=False,
            ).encode()  # fmt: skip
            headers = {
                "Content-Type": "application/json",
                "Sign": sign(endpoint.key, body),
                "SdkAppId": str(message.sdk_app_id),
            }
            timeout_s = settings.timeout_s / settings.speed
            try:
                # A limit of the whole exchange: httpx's own counts each part of it.
                post = self._client.post(endpoint.url, content=body, headers=headers, timeout=None)
                response = await asyncio.wait_for(post, timeout_s)
                status, detail = response.status_code, str(response.status_code)
            except asyncio.TimeoutError:
                status, detail = 0, "timeout"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                status, detail = 0, type(error).__name__
        delivered = status == httpx.codes.OK
        self._note(message, attempt, "delivered" if delivered else "failed", detail)
        return delivered

    def _fault(self, event_type: int) -> Fault | None:
        for fault in self.settings.faults:
            if fault.event_types is not None and event_type not in fault.event_types:
                continue
            if fault.times == 0 or self._dice.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    async def _wait_to_be_overtaken(self, message: _Message, fault: Fault) -> None:
        overtaken = asyncio.Event()
        self._overtaken.setdefault(message.sdk_app_id, []).append(overtaken)
        try:
            await asyncio.wait_for(overtaken.wait(), fault.delay_s / self.settings.speed)
        except asyncio.TimeoutError:
            return

    def _overtake(self, sdk_app_id: int) -> None:
        for event in self._overtaken.pop(sdk_app_id, []):
            event.set()

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.settings.speed)

    def _note(self, message: _Message, attempt: int, outcome: str, detail: str) -> None:
        entry = Delivery(
            time_ms=time.time_ns() // 1_000_000,
            message_id=message.message_id,
            sdk_app_id=message.sdk_app_id,
            event_group=message.group,
            event_type=message.event_type,
            task_id=str(message.info.get("TaskId", "")),
            attempt=attempt,
            outcome=outcome,
            detail=detail,
            event_info=message.info,
        )
        self.log.append(entry)
