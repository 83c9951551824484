"""Ranged reads of a stranger's file, counted and bounded, and big-endian tables out of what they bring."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

Read = Callable[[int, int], bytes]
"""Return `length` bytes from `offset`; fewer only where the file ends."""
Bytes = bytes | bytearray | memoryview

PIECE = 8 << 20
"""Bytes of one request: what a store sends within a call's time."""
WINDOW = 64 << 10
"""Bytes that a request brings at least: most boxes that are wanted lie side by side."""


class FilmError(ValueError):
    """The film can't be played: the words follow "it"."""


TORN = "breaks off: its index points past the end of the file"


class ReadStopped(Exception):
    """The file could not be read on: the store failed, the object changed, or a limit was reached.

    `again`: another try may go better.
    """

    def __init__(self, words: str, *, again: bool = False) -> None:
        """Say why."""
        super().__init__(words)
        self.again = again


@dataclass
class Budget:
    """What one film may cost: requests, bytes of their answers; no further request begins unless `has_time`."""

    reads: int = 300
    size: int = 192 << 20
    has_time: Callable[[], bool] = field(default=lambda: True)
    used_reads: int = 0
    used_size: int = 0

    def take(self, size: int) -> None:
        """Count a request."""
        if self.used_reads >= self.reads or self.used_size + size > self.size:
            raise ReadStopped(f"it needs more than {self.reads} reads or {self.size >> 20} MiB")
        if not self.has_time():
            raise ReadStopped("the time was over", again=True)
        self.used_reads += 1
        self.used_size += size


class Reader:
    """One file."""

    def __init__(self, read: Read, size: int, budget: Budget) -> None:
        """Nothing is read yet; `size` is what the listing says."""
        self._read, self.size, self.budget = read, size, budget
        self._kept, self._kept_at = b"", 0

    def at(self, offset: int, length: int, window: int = WINDOW) -> bytes:
        """Return up to `length` bytes (one piece at most): fewer where the file ends."""
        if offset >= self.size:
            raise FilmError(TORN)
        length = min(length, PIECE, self.size - offset)
        if length <= 0:
            return b""  # stores have no range of no bytes
        start = offset - self._kept_at
        if start >= 0 and start + length <= len(self._kept):
            return self._kept[start : start + length]
        wanted = min(max(length, window), self.size - offset)
        self._kept, self._kept_at = self._fetch(offset, wanted), offset
        return self._kept[:length]

    def whole(self, offset: int, length: int) -> bytearray:
        """Return `length` bytes, in several pieces if need be."""
        out = bytearray(length)
        have = self.at(offset, min(length, self._kept_at + len(self._kept) - offset)) if self._holds(offset) else b""
        out[: len(have)] = have
        done = len(have)
        while done < length:
            piece = self._fetch(offset + done, min(PIECE, length - done))
            out[done : done + len(piece)] = piece
            done += len(piece)
        return out

    def _holds(self, offset: int) -> bool:
        return self._kept_at <= offset < self._kept_at + len(self._kept)

    def _fetch(self, offset: int, length: int) -> bytes:
        self.budget.take(length)
        try:
            body = self._read(offset, length)
        except Exception as error:
            raise ReadStopped(f"reading failed: {type(error).__name__}: {error}"[:300], again=True) from error
        if len(body) != length:
            raise ReadStopped(f"{len(body)} bytes came instead of {length}", again=True)
        return body


def numbers(data: Bytes, at: int, count: int, width: int = 4) -> array[int]:
    """Return `count` big-endian unsigned integers of 1, 2, 4 or 8 bytes."""
    fits(at + count * width, data)
    found = array({1: "B", 2: "H", 4: "I", 8: "Q"}[width])
    found.frombytes(data[at : at + count * width])
    if sys.byteorder == "little":
        found.byteswap()
    return found


def fits(end: int, box: Bytes) -> None:
    """Raise FilmError where a table ends behind its box."""
    if end > len(box):
        raise FilmError("has an index whose table is larger than its box")


def unpack(form: str, data: Bytes, at: int = 0) -> tuple[int, ...]:
    """Unpack big-endian integers."""
    try:
        return struct.unpack_from(f">{form}", data, at)
    except struct.error:
        raise FilmError("has a box that is too short") from None


class Bits:
    """Bits in turn; EOFError where they end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the number that the next bits make."""
        self._left -= count
        if self._left < 0:
            raise EOFError
        return self._value >> self._left & ((1 << count) - 1)
