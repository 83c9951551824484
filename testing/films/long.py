"""Films of hours without their media: an index as an encoder writes it, read in ranges; the rest reads as zeros."""

from __future__ import annotations

import random
import struct
from array import array
from pathlib import Path

FPS, RATE, FRAME = 25, 48_000, 1_024
GOP = 50


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, *parts: bytes) -> bytes:
    return _box(kind, bytes(4), *parts)


def _be(numbers: array[int]) -> bytes:
    turned = numbers[:]
    turned.byteswap()
    return turned.tobytes()


def _again(numbers: array[int], count: int) -> array[int]:
    return (numbers * -(-count // len(numbers)))[:count]


def _track(kind: bytes, sizes: array[int], scale: int, delta: int, entry: bytes, sync: bytes, *, uneven: bool) -> bytes:
    count, chunk = len(sizes), 25
    chunks = -(-count // chunk)
    times = _be(array("I", [1, delta] * count)) if uneven else struct.pack(">II", count, delta)
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">I", len(times) // 8), times),
        sync,
        _full(b"stsc", struct.pack(">IIII", 1, 1, chunk, 1)),
        _full(b"stsz", struct.pack(">II", 0, count), _be(sizes)),
        _full(b"co64", struct.pack(">I", chunks), _be(array("Q", range(64, 64 + chunks * 9_000, 9_000)))),
    )
    head = _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, scale, count * delta, 0, 0))
    media = _box(b"mdia", head, _full(b"hdlr", bytes(4), kind, bytes(13)), _box(b"minf", table))
    return _box(b"trak", _full(b"tkhd", bytes(80)), media)


class LongFilm:
    """A film of so many hours, with picture and sound in which something happens.

    Attributes:
        size: its bytes.
        index: how many of them are its index.
    """

    def __init__(self, hours: float, *, uneven: bool = False, in_front: bool = False) -> None:
        """`uneven`: a duration for each sample; `in_front`: the index comes before the media."""
        dice = random.Random(1)
        pictures, sounds = int(hours * 3600 * FPS), int(hours * 3600 * RATE / FRAME)
        seen = _again(array("I", range(40, 3_940)), pictures)
        for i in range(0, pictures, GOP):
            seen[i] = dice.randrange(9_000, 60_000)
        heard = _again(array("I", range(250, 420)), sounds)
        for i in range(0, sounds, 900):
            heard[i] = 80
        keys = array("I", range(1, pictures + 1, GOP))
        sync = _full(b"stss", struct.pack(">I", len(keys)), _be(keys))
        video = _box(b"avc1", bytes(24), struct.pack(">HH", 1280, 720), bytes(50))
        audio = _box(b"mp4a", bytes(16), struct.pack(">HHHHI", 2, 16, 0, 0, RATE << 16))
        moov = _box(
            b"moov",
            _full(b"mvhd", bytes(96)),
            _track(b"vide", seen, 12_800, 512, video, sync, uneven=uneven),
            _track(b"soun", heard, RATE, FRAME, audio, b"", uneven=False),
        )
        media = sum(seen) + sum(heard) + 16
        self._head, self._tail = _box(b"ftyp", b"isom", bytes(4)), b""
        if in_front:
            self._head += moov
        else:
            self._tail = moov
        self._head += struct.pack(">I4sQ", 1, b"mdat", media)
        self._media_end = len(self._head) + media - 16
        self.index, self.size = len(moov), self._media_end + len(self._tail)

    def write(self, path: Path) -> None:
        """Make a file of it; what is media is a hole that takes no room."""
        with path.open("wb") as file:
            file.write(self._head)
            file.seek(self._media_end)
            file.write(self._tail)
            file.truncate(self.size)

    def read(self, offset: int, length: int) -> bytes:
        """Return a range."""
        end = min(offset + length, self.size)
        head = self._head[offset:end]
        middle = max(0, min(end, self._media_end) - max(offset, len(self._head)))
        begin = max(0, offset - self._media_end)
        return head + bytes(middle) + self._tail[begin : max(begin, end - self._media_end)]
