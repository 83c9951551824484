"""Connections to the local cloud, and the descriptors that they take: bounded, however many are forgotten."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["IDLE_S", "IdleLimit", "quieten", "raise_limit"]

IDLE_S = 30.0
"""A connection that asks nothing, or does not get to the end of what it asks, is closed after it."""
_DESCRIPTORS = 65_536
_AGAIN_S = 10.0
_NONE_LEFT = "socket.accept() out of system resource"  # as asyncio has it, with a trace for each try
log = logging.getLogger(__name__)


class IdleLimit(H11Protocol):
    """HTTP, with a limit for whoever says nothing; a request that is being answered may take as long as it likes.

    A body that stops half-way, and is waited for, is no such request: its sender goes as one who says nothing does.
    """

    idle_s = IDLE_S
    _heard = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request (asyncio calls this)."""
        super().connection_made(transport)
        self._idle = self.loop.call_later(self.idle_s, self._check, None)

    def data_received(self, data: bytes) -> None:
        """Note that something came (asyncio calls this)."""
        self._heard = True
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more (asyncio calls this)."""
        self._idle.cancel()
        super().connection_lost(exc)

    def _check(self, before: object) -> None:
        """Close it if nothing has come to an end, or begun, since `before` did."""
        cycle, heard, self._heard = self.cycle, self._heard, False
        busy = cycle is not None and not cycle.response_complete
        # Who asked whether to send waits for us, as does who sends faster than it is read.
        ours = busy and (not cycle.more_body or cycle.waiting_for_100_continue or self.flow.read_paused)
        if (not busy and cycle is before) or (busy and not ours and not heard):
            self.transport.close()
            return
        self._idle = self.loop.call_later(self.idle_s, self._check, object() if busy else cycle)


def raise_limit() -> None:
    """Allow this process as many descriptors as it may have: each connection, function and file takes one."""
    try:
        import resource
    except ImportError:  # not Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def quieten(loop: asyncio.AbstractEventLoop) -> None:
    """Say in a line, every so often, that no descriptor is left: asyncio logs a trace for each one who waits."""
    said = -_AGAIN_S

    def handle(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        if context.get("message") != _NONE_LEFT:
            running.default_exception_handler(context)
        elif time.monotonic() - said >= _AGAIN_S:
            said = time.monotonic()
            log.error("no connection can be taken: %s; see `ulimit -n`", context.get("exception"))

    loop.set_exception_handler(handle)
