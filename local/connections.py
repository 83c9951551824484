"""Connections to the local cloud, and the descriptors that they take: bounded, however many are forgotten."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["IDLE_S", "IdleLimit", "quieten", "raise_limit"]

IDLE_S = 30.0
"""A connection that asks nothing is closed after it; one that stops half-way, at either end, after once or twice it."""
_ENDING_S = 1.0
"""The same, once the local cloud ends."""
_DESCRIPTORS = 65_536
_AGAIN_S = 10.0
_NONE_LEFT = "socket.accept() out of system resource"  # as asyncio has it, with a trace for each try
log = logging.getLogger(__name__)


class IdleLimit(H11Protocol):
    """HTTP, with a limit for whoever says nothing; a request that is being answered may take as long as it likes.

    A body that stops half-way, and is waited for, is no such request: its sender goes as one who says nothing does,
    and so does a reader who takes nothing of an answer. One byte is enough to stay.
    """

    idle_s = IDLE_S
    _heard = False
    _resumed = 0
    _left: tuple[int, ...] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request (asyncio calls this)."""
        super().connection_made(transport)
        self._idle = self.loop.call_later(self.idle_s, self._check, None)

    def resume_writing(self) -> None:
        """Note that most of what waited was taken (asyncio calls this)."""
        self._resumed += 1
        super().resume_writing()

    def shutdown(self) -> None:
        """Answer what was asked, and wait less long for a peer that does nothing (uvicorn calls this)."""
        super().shutdown()
        self.idle_s = min(self.idle_s, _ENDING_S)
        self._idle.cancel()
        self._left = self._unsent()
        self._idle = self.loop.call_later(self.idle_s, self._check, object())

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
        left, self._left = self._left, self._unsent()
        if self._left is not None:
            stalled = left == self._left and not heard
        elif self._busy:
            # Who asked whether to send waits for us, as does who sends faster than it is read.
            ours = not cycle.more_body or cycle.waiting_for_100_continue or self.flow.read_paused
            stalled = not ours and not heard
        else:
            stalled = cycle is before
        if stalled:
            self.transport.abort()  # to close it would wait for the reader
            return
        between = not self._busy and self._left is None
        self._idle = self.loop.call_later(self.idle_s, self._check, cycle if between else object())

    @property
    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _unsent(self) -> tuple[int, ...] | None:
        """Return what differs as soon as the peer takes a byte of an answer; None where we do not wait for that.

        Our own buffer moves only when the peer has taken much, so the system's count, too, where it tells.
        """
        size = self.transport.get_write_buffer_size()
        if not size or (self._busy and not self.flow.write_paused):
            return None
        ours, theirs = (_named(self.transport.get_extra_info(name)) for name in ("sockname", "peername"))
        queues = _queues(int(self.loop.time()))
        return self._resumed, size, *queues.get((ours, theirs), ()), *queues.get((theirs, ours), ())


def _named(address: tuple[str, int]) -> str:
    """Return an IPv4 address as the system's table has it."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"


@lru_cache(maxsize=1)  # many who wait are looked up at once
def _queues(_second: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the bytes that each connection of this machine holds: those to be taken by its peer, and those unread.

    Empty where the system does not tell (only Linux does).
    """
    found = {}
    for table in ("tcp", "tcp6"):  # a program may call an IPv4 address by a socket of IPv6
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
                _, local, remote, _, queues, *_ = line.split()
                sent, unread = queues.split(":")
                found[local[-13:], remote[-13:]] = int(sent, 16), int(unread, 16)
    return found


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
