"""A connection whose every step is over at one moment, however slowly the other side drips."""

from __future__ import annotations

import io
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any


class Moment:
    """One moment at which everything must be over."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError when there are none."""
        if (left := self._until - time.monotonic()) <= 0:
            raise TimeoutError("the time is over")
        return left

    def bound(self, ask: Callable[[], list[str]]) -> list[str]:
        """Return what `ask` returns, unless it takes too long: name servers know no timeout."""
        answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put(ask())
            except Exception as error:  # noqa: BLE001 (raised again, in the thread that waits)
                answers.put(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            answer = answers.get(timeout=self.left())
        except queue.Empty:
            raise TimeoutError("the time is over") from None
        if isinstance(answer, Exception):
            raise answer
        return answer


class BoundedSocket:
    """What http.client needs of a socket.

    A socket's own timeout starts anew with every byte: a server that drips its headers would hold us for ever.
    """

    def __init__(self, wire: socket.socket, deadline: Moment) -> None:
        self._wire, self._deadline = wire, deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            self._wire.settimeout(self._deadline.left())
            rest = rest[self._wire.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what the answer is read from."""
        return io.BufferedReader(_BoundedReader(self._wire, self._deadline))

    def close(self) -> None:
        """Leave it to who opened it."""


class _BoundedReader(io.RawIOBase):
    def __init__(self, wire: socket.socket, deadline: Moment) -> None:
        self._wire, self._deadline = wire, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (its type, Buffer, is Python 3.12's)
        self._wire.settimeout(self._deadline.left())
        return self._wire.recv_into(buffer)


def connect(addresses: list[str], port: int, deadline: Moment) -> socket.socket:
    """Return a connection to the first address that makes one; each has its share of the time. OSError: none did."""
    failed: OSError = TimeoutError()
    for tried, address in enumerate(addresses):
        try:
            made = socket.create_connection((address, port), deadline.left() / (len(addresses) - tried))
        except OSError as error:  # noqa: PERF203 (each address has its own chance)
            failed = error
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # headers and body are two packets
            return made
    raise failed
