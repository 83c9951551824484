"""A connection with one deadline for all its steps, however slowly the peer sends."""

from __future__ import annotations

import io
import math
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from shared.domain.errors import StoreError

T = TypeVar("T")
LARGEST = 16_000_000
"""The most bytes of one reply: a piece of a film has 8 MiB, all else is far smaller."""


class Deadline:
    """The time that all calls of one invocation may still take, seconds. Before `start`, each call has its own time."""

    def __init__(self, per_call_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_s = self._per_call_s = per_call_s
        self._clock = clock
        self._until: float | None = None

    def start(self, total_s: float) -> None:
        """Limit all calls from now on to these seconds together; one call gets half at most, to be repeatable."""
        self._until = self._clock() + total_s
        self._per_call_s = min(self._most_s, total_s / 2)

    def left_s(self) -> float:
        """Return the seconds that are left, infinity before `start`."""
        return math.inf if self._until is None else self._until - self._clock()

    def next_call_s(self) -> float:
        """Return the seconds of the next storage call; StoreError: none are left."""
        if self._until is None:
            return self._per_call_s
        left = self._until - self._clock()
        if left < 0.05:
            raise StoreError("no time is left for storage in this invocation")
        return min(left, self._per_call_s)


INVOCATION = Deadline()
"""The one of this instance's present invocation: an instance has one at a time."""


def begun(ask: Callable[[], T]) -> queue.SimpleQueue[T | Exception]:
    """Begin it in a thread, which is left to end by itself; return where its result, or its error, will be."""
    answers: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 (for the thread that waits)
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    return answers


class Moment:
    """A deadline, and how many bytes may be read until then."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._bytes = LARGEST

    def took(self, count: int) -> None:
        """Count what was read; OSError when it is more than anybody asked for."""
        self._bytes -= count
        if self._bytes < 0:
            raise OSError("the answer has no end")

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError when there are none."""
        if (left := self._until - time.monotonic()) <= 0:
            raise TimeoutError("the time is over")
        return left

    def bound(self, ask: Callable[[], list[str]]) -> list[str]:
        """Return what `ask` returns, unless it takes too long: name servers know no timeout."""
        try:
            answer = begun(ask).get(timeout=self.left())
        except queue.Empty:
            raise TimeoutError("the time is over") from None
        if isinstance(answer, Exception):
            raise answer
        return answer


class BoundedSocket:
    """A socket for http.client, bounded by what `moment` returns: a kept connection gets another with each call.

    A socket's own timeout starts anew with every byte: a server that drips its headers would hold us for ever.
    """

    def __init__(self, wire: socket.socket, moment: Callable[[], Moment]) -> None:
        self._wire, self._moment = wire, moment

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever a socket has)
        return getattr(self._wire, name)

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            self._wire.settimeout(self._moment().left())
            rest = rest[self._wire.send(rest) :]

    def makefile(self, *_mode: object, **_options: object) -> io.BufferedReader:
        """Return what the answer is read from."""
        return io.BufferedReader(_BoundedReader(self._wire, self._moment))


class _BoundedReader(io.RawIOBase):
    def __init__(self, wire: socket.socket, moment: Callable[[], Moment]) -> None:
        self._wire, self._moment = wire, moment
        self._raw = wire.makefile("rb", buffering=0)  # keeps the connection open until the answer is read

    def close(self) -> None:
        super().close()
        self._raw.close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (its type, Buffer, is Python 3.12's)
        moment = self._moment()
        self._wire.settimeout(moment.left())
        count = self._raw.readinto(buffer) or 0
        moment.took(count)
        return count


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host name; OSError where it has none."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


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
