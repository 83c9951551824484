"""Reading the output of another program line by line, whatever it writes: no line takes more than its bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

__all__ = ["Line", "lines"]

_CHUNK = 64 * 1024


class Line(NamedTuple):
    """A line without its line feed; `cut` where it was longer than the bound, and `data` is its beginning."""

    data: bytes
    cut: bool


async def lines(stream: asyncio.StreamReader, limit: int) -> AsyncGenerator[Line, None]:
    """Yield each line of a stream to its end, at most `limit` bytes of it; what is left at the end is a line, too."""
    rest, cut = bytearray(), False
    while data := await stream.read(_CHUNK):
        *whole, tail = data.split(b"\n")
        for piece in whole:
            cut |= len(rest) + len(piece) > limit
            rest += piece[: limit - len(rest)]
            yield Line(bytes(rest), cut)
            rest.clear()
            cut = False
        cut |= len(rest) + len(tail) > limit
        rest += tail[: limit - len(rest)]
    if rest or cut:
        yield Line(bytes(rest), cut)
