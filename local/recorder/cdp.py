"""A small DevTools client over `--remote-debugging-pipe`: JSON messages, each ended by a NUL byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

MESSAGE_BYTES = 64 << 20
CLOSED = "Connection.closed"  # our own event, told to the browser's listeners when it is gone
Handler = Callable[[str, dict[str, Any]], None]


class CdpError(Exception):
    """The browser refused a command, or did not answer it in time."""


class CdpLateError(CdpError):
    """The browser did not answer in time."""


class CdpClosedError(CdpError):
    """The browser is gone."""


class Connection(asyncio.Protocol):
    """One browser's command channel."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._buffer = bytearray()
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._handlers: dict[str | None, list[Handler]] = {}
        self._reading: asyncio.ReadTransport | None = None
        self._writing: asyncio.WriteTransport | None = None

    @classmethod
    async def connect(cls, read_fd: int, write_fd: int) -> Connection:
        """Talk over two pipe ends, which the connection then owns, also where nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        self = cls()
        reading, writing = os.fdopen(read_fd, "rb", 0), os.fdopen(write_fd, "wb", 0)
        try:
            self._reading, _ = await loop.connect_read_pipe(lambda: self, reading)
            self._writing, _ = await loop.connect_write_pipe(lambda: _WriteSide(self._lost), writing)
        except BaseException:
            self.close()
            if self._reading is None:  # else asyncio has it, and closes it
                writing.close()
            raise
        return self

    def listen(self, session: str | None, handler: Handler) -> None:
        """Call `handler(method, params)` for each event of a session; None is the browser itself."""
        self._handlers.setdefault(session, []).append(handler)

    async def call(
        self, method: str, params: dict[str, Any] | None = None, session: str | None = None, wait_s: float = 10
    ) -> dict[str, Any]:
        """Send a command and return its result.

        Raises:
            CdpError: the browser refused.
            CdpLateError: `wait_s` seconds went by.
            CdpClosedError: the browser is gone.
        """
        self._next_id += 1
        number = self._next_id
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._send(number, method, params, session)
            return await asyncio.wait_for(answer, wait_s)
        except asyncio.TimeoutError:
            raise CdpLateError(f"{method}: no answer within {wait_s:g} s") from None
        finally:
            self._waiting.pop(number, None)

    def tell(self, method: str, params: dict[str, Any] | None = None, session: str | None = None) -> None:
        """Send a command whose answer does not matter."""
        self._next_id += 1
        with contextlib.suppress(CdpClosedError):
            self._send(self._next_id, method, params, session)

    def close(self) -> None:
        """Close both pipe ends: the browser takes that as the order to exit."""
        for transport in (self._reading, self._writing):
            if transport is not None:
                transport.close()
        self._lost()

    def _send(self, number: int, method: str, params: dict[str, Any] | None, session: str | None) -> None:
        if self._writing is None or self.closed.is_set():
            raise CdpClosedError("the browser is gone")
        message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        self._writing.write(json.dumps(message).encode() + b"\0")

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages (asyncio calls this)."""
        start = len(self._buffer)
        self._buffer += data
        if start > MESSAGE_BYTES:  # no picture is so large: a page says more than anybody can want to hear
            self.close()
            return
        end = self._buffer.find(0, start)
        while end >= 0:
            message = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._receive(json.loads(message))
            end = self._buffer.find(0)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Wake everybody who waits (asyncio calls this)."""
        self._lost()

    def _receive(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            for handler in self._handlers.get(message.get("sessionId"), ()):
                handler(message["method"], message.get("params", {}))
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(CdpError(str(message["error"].get("message"))))
        else:
            answer.set_result(message.get("result", {}))

    def _lost(self) -> None:
        if self.closed.is_set():
            return
        self.closed.set()
        for handler in self._handlers.get(None, ()):
            handler(CLOSED, {})
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(CdpClosedError("the browser is gone"))


class _WriteSide(asyncio.BaseProtocol):
    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._lost()
