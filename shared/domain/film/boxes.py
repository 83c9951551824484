"""Boxes of an MP4 (ISO 14496-12): where they lie, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.domain.film.reader import Bytes, FilmError, Reader, ReadStopped, unpack

MOST_BOXES = 4_096
BEGINNINGS = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"pnot", b"sidx", b"moof", b"uuid")
)


class Box(NamedTuple):
    """A box: its offset, its header's bytes, all its bytes."""

    kind: bytes
    at: int
    head: int
    size: int

    @property
    def end(self) -> int:
        return self.at + self.size


def header(data: Bytes, at: int, left: int) -> tuple[bytes, int, int]:
    """Return kind, header size and size of the box at an offset; `left` is what its parent has from there on."""
    size, kind = unpack("I", data, at)[0], bytes(data[at + 4 : at + 8])
    head = 8
    if size == 1:
        size, head = unpack("Q", data, at + 8)[0], 16
    elif size == 0:
        size = left
    if size < head or len(kind) != 4:
        raise FilmError("has a box that is smaller than its header")
    return kind, head, size


def outer(reader: Reader, at: int = 0, most: int = MOST_BOXES) -> Iterator[Box]:
    """Yield the outermost boxes from an offset on; the last one may reach past the end."""
    for _ in range(most):
        if at >= reader.size:
            return
        data = reader.at(at, 16)
        if len(data) < 8:
            return  # a rest that holds nothing
        kind, head, size = header(data, 0, reader.size - at)
        yield Box(kind, at, head, size)
        at += size
    if most == MOST_BOXES:
        raise ReadStopped(f"it has more than {MOST_BOXES} boxes side by side")


def inner(box: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and content of the boxes in a box."""
    at = count = 0
    while at + 8 <= len(box):
        count += 1
        kind, head, size = header(box, at, len(box) - at)
        if at + size > len(box):
            raise FilmError("has a box that is larger than its parent")
        if count > MOST_BOXES:
            raise ReadStopped(f"it has more than {MOST_BOXES} boxes side by side")
        yield kind, box[at + head : at + size]
        at += size


def find(box: memoryview, *path: bytes) -> memoryview | None:
    """Return the content of the first box on a path."""
    found: memoryview | None = box
    for wanted in path:
        found = next((content for kind, content in inner(found) if kind == wanted), None) if found is not None else None
    return found


def need(box: memoryview, *path: bytes) -> memoryview:
    """Return the content of the first box on a path."""
    if (found := find(box, *path)) is None:
        raise FilmError(f"has an index without {path[-1].decode('latin-1')}")
    return found


def wide(box: memoryview) -> bool:
    """Tell whether a box has its 64-bit version."""
    return unpack("B", box)[0] == 1
