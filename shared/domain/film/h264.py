"""Units of an H.264 stream (ITU-T H.264, annex B and 7.3), without decoding."""

from __future__ import annotations

from itertools import pairwise

from shared.domain.film.reader import Bits

FILLER, SLICES = 12, frozenset((1, 5))


def nal_units(data: bytes, start_codes: bool) -> list[tuple[int, int, int]]:
    """Return type, offset and size of the units of an H.264 picture; the last one may be cut."""
    found, at = [], 0
    if start_codes:
        marks = []
        while (at := data.find(b"\0\0\1", at)) >= 0:
            marks.append(at + 3)
            at += 3
        for begin, end in pairwise([*marks, len(data) + 3]):
            if begin < len(data):
                found.append((data[begin] & 31, begin, end - 3 - begin))
        return found
    while at + 5 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4] & 31, at + 4, min(size, len(data) - at - 4)))
        at += 4 + max(1, size)
    return found


def dimensions(sps: bytes) -> tuple[int, int]:
    """Return width and height of a sequence parameter set (ITU-T H.264, 7.3.2.1.1), rounded up to whole blocks."""
    take = Bits(sps.replace(b"\0\0\3", b"\0\0")[:64]).take

    def golomb() -> int:
        zeros = 0
        while not take(1):
            zeros += 1
        return (1 << zeros) - 1 + take(zeros) if zeros else 0

    try:
        profile = take(8)
        take(16)
        golomb()
        if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128):
            if golomb() == 3:
                take(1)
            golomb()
            golomb()
            take(1)
            if take(1):
                return 0, 0  # scaling lists: rare, and long
        golomb()
        order = golomb()
        if order == 0:
            golomb()
        elif order == 1:
            return 0, 0
        golomb()
        take(1)
        width, height = golomb() + 1, golomb() + 1
        frames = take(1)
    except EOFError:
        return 0, 0
    height *= 2 - frames
    return (16 * width, 16 * height) if max(width, height) <= 1024 else (0, 0)
