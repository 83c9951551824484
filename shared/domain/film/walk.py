"""Walk through a fragmented MP4, which recorders and HLS write piece by piece: which fragments are read."""

from __future__ import annotations

from shared.domain.film.boxes import Box, inner, outer, wide
from shared.domain.film.fragments import MOST_MOOF, Fragments
from shared.domain.film.reader import FilmError, Reader, fits, numbers, unpack
from shared.domain.film.tables import Track, spread

WALKED = 150
"""Fragments that are read one by one; of more, some are looked at that lie evenly."""
LOOKED_AT = 60
TAIL = 8 << 20


def walk(reader: Reader, index: Box, content: memoryview, found: list[Track]) -> Fragments:
    """Gather the fragments of a file: all of few, of many those that its index (`sidx`, `mfra`) names, evenly."""
    seen = Fragments(content, found)
    named = _named(reader, index)
    if len(named) > WALKED and _is_moof(reader, named[0]) and _is_moof(reader, named[len(named) // 2]):
        seen.partial = True
        for at in spread(named, LOOKED_AT):
            if (box := _is_moof(reader, at)) is None:
                seen.cut = True
                break
            seen.read(reader, box)
    else:
        _walk(reader, index, seen)
    seen.finish(reader)
    return seen


def _is_moof(reader: Reader, at: int) -> Box | None:
    """Return the whole fragment's index at an offset; None where there is none, as an index that lies has it."""
    try:
        box = next(outer(reader, at), None)
    except FilmError:
        return None
    return box if box is not None and box.kind == b"moof" and box.end <= reader.size else None


def _walk(reader: Reader, index: Box, seen: Fragments) -> None:
    pending, boxes = None, outer(reader, index.end)
    while True:
        try:
            box = next(boxes, None)
        except FilmError:
            if not seen.count:
                raise
            seen.cut = True
            return
        if box is None:
            return
        if box.end > reader.size:
            # What a killed recorder was writing; players stop before it.
            seen.cut = True
            return
        if pending is not None and box.kind == b"mdat":
            seen.read(reader, pending)
            pending = None
        if box.kind == b"moof":
            pending = box
            if seen.count >= WALKED:
                seen.partial = True
                if (last := _last(reader)) is not None:
                    seen.read(reader, last)
                else:
                    seen.ends = False
                return


def _named(reader: Reader, index: Box) -> list[int]:
    """Return where fragments begin, as an index of theirs says; nothing where there is none."""
    try:
        for box in outer(reader, index.end, 4):
            if box.kind == b"sidx" and box.size <= MOST_MOOF:
                return _by_sidx(memoryview(reader.whole(box.at, box.size))[box.head :], box.end)
            if box.kind in (b"moof", b"mdat"):
                break
        tail = reader.at(reader.size - 16, 16, window=0) if reader.size >= 16 else b""
        size = unpack("I", tail, 12)[0] if tail[4:8] == b"mfro" else 0
        if 16 <= size <= min(MOST_MOOF, reader.size):
            return _by_mfra(memoryview(reader.whole(reader.size - size, size)))
    except FilmError:
        pass  # the boxes themselves say it, too
    return []


def _by_sidx(sidx: memoryview, end: int) -> list[int]:
    long = wide(sidx)
    at = 12 + (16 if long else 8)
    offset = end + unpack("Q" if long else "I", sidx, at - (8 if long else 4))[0]
    found, count = [], unpack("H", sidx, at + 2)[0]
    for size in numbers(sidx, at + 4, 3 * count)[0::3]:
        if size >> 31:
            return []  # names other indexes
        found.append(offset)
        offset += size
    return found


def _by_mfra(mfra: memoryview) -> list[int]:
    found = set[int]()
    for kind, tfra in inner(mfra[8:]):
        if kind == b"tfra":  # of one track; a fragment need not hold each
            long, lengths, count = wide(tfra), unpack("I", tfra, 8)[0], unpack("I", tfra, 12)[0]
            row = (16 if long else 8) + sum((lengths >> shift & 3) + 1 for shift in (4, 2, 0))
            fits(16 + count * row, tfra)
            found |= {unpack("QQ" if long else "II", tfra, 16 + row * which)[1] for which in range(count)}
    return sorted(found)


def _last(reader: Reader) -> Box | None:
    """Find the last whole fragment by its name near the end."""
    start = max(0, reader.size - TAIL)
    tail = reader.at(start, TAIL)
    at = len(tail)
    for _ in range(64):
        at = tail.rfind(b"moof", 0, at)
        if at < 4:
            return None
        size = int.from_bytes(tail[at - 4 : at], "big")
        if 16 <= size <= len(tail) - at + 4 and tail[at + 8 : at + 12] == b"mfhd":
            return Box(b"moof", start + at - 4, 8, size)
    return None
