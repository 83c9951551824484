"""HLS (RFC 8216): a playlist's segments, some of them looked into."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote

from shared.domain.film.boxes import find, outer
from shared.domain.film.reader import Budget, FilmError, Read, Reader, ReadStopped
from shared.domain.film.tables import MOST_SECONDS, Track, spread, tracks
from shared.domain.film.ts import Streams
from shared.domain.film.walk import walk

MOST_PLAYLIST = 4 << 20
MOST_SEGMENTS = 100_000
LOOKED_AT = 12
WHOLE, PART = 1 << 20, 128 << 10
"""A segment of so many bytes is read whole; of a larger one the beginning."""
MOST_INIT = 1 << 20

Open = Callable[[str], tuple[Read, int] | None]
"""Return how to read a file beside the playlist, and its bytes; None where there is none."""


class Segment(NamedTuple):
    """A row of a playlist, with the second at which it begins."""

    name: str
    at_s: float
    seconds: float


@dataclass
class Playlist:
    """What it names."""

    segments: list[Segment] = field(default_factory=list)
    init: str | None = None
    closed: bool = False

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.segments[-1].at_s + self.segments[-1].seconds if self.segments else 0.0


def parse(text: str) -> Playlist:
    """Read a playlist."""
    lines = (match[0].strip() for match in re.finditer(r"[^\r\n]+", text))  # one by one: there may be millions
    if next(lines, "").lstrip("\ufeff") != "#EXTM3U":
        raise FilmError("is no playlist")
    found, names, lengths, length = Playlist(), list[str](), list[float](), 0.0
    for line in lines:
        tag, _, value = line.partition(":")
        if tag == "#EXTINF":
            length = _seconds(value.partition(",")[0])
        elif tag in ("#EXT-X-STREAM-INF", "#EXT-X-BYTERANGE") or (tag == "#EXT-X-KEY" and "METHOD=NONE" not in value):
            raise ReadStopped(f"playlists with {tag} are not checked")
        elif tag == "#EXT-X-MAP":
            if "BYTERANGE" in value:
                raise ReadStopped("playlists of parts of files are not checked")
            found.init = value.partition('URI="')[2].partition('"')[0] or None
        elif tag == "#EXT-X-ENDLIST":
            found.closed = True
        elif line and not line.startswith("#"):
            names.append(line)
            lengths.append(length)
            if len(names) > MOST_SEGMENTS:
                raise ReadStopped(f"it has more than {MOST_SEGMENTS} segments")
    found.segments = [Segment(*row) for row in zip(names, accumulate(lengths, initial=0.0), lengths, strict=False)]
    if found.seconds > MOST_SECONDS:
        raise FilmError("is longer than two days, as its playlist says")
    return found


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= MOST_SECONDS else 0.0


def _beside(name: str, open_: Open) -> tuple[Read, int] | None:
    """Open what a playlist names: as it is written, decoded, or, of an address, its last part beside the playlist."""
    plain = re.split("[?#]", name, maxsplit=1)[0]
    plain = plain.rpartition("/")[2] if _is_elsewhere(plain) else normpath(plain)
    return open_(plain) or (open_(unquote(plain)) if "%" in plain else None)


def _is_elsewhere(name: str) -> bool:
    return name.startswith("/") or "://" in name


def look(playlist: Playlist, open_: Open, budget: Budget) -> tuple[list[Track], list[Segment], bool]:
    """Look into some segments that lie evenly, the first and the last included.

    Return their tracks, the segments that are not there or empty, and whether others were not looked into.
    """
    there, missing = list[tuple[Segment, Read, int]](), list[Segment]()
    for segment in playlist.segments:
        file = _beside(segment.name, open_)
        if file is None or file[1] == 0:
            missing.append(segment)
        else:
            there.append((segment, *file))
    chosen = [there[which] for which in spread(range(len(there)), LOOKED_AT)]
    partial = len(chosen) < len(there)
    if not chosen and any(_is_elsewhere(segment.name) or segment.name.startswith("../") for segment in missing):
        raise ReadStopped("its segments do not lie beside it")
    if not chosen:
        return [], missing, partial
    if playlist.init is None:
        streams = Streams()
        for segment, read, size in chosen:
            whole = size <= WHOLE
            data = Reader(read, size, budget).at(0, size if whole else PART)
            streams.add(data, segment.at_s, segment.seconds, whole=whole)
            partial = partial or not whole
        return streams.tracks(playlist.seconds), missing, partial
    init = _beside(playlist.init, open_)
    if init is None and _is_elsewhere(playlist.init):
        raise ReadStopped("its segments do not lie beside it")
    if init is None or not 0 < init[1] <= MOST_INIT:
        raise FilmError(f"has no {playlist.init}"[:200])
    return _fragmented([init, *((read, size) for _, read, size in chosen)], budget), missing, partial


def _fragmented(parts: list[tuple[Read, int]], budget: Budget) -> list[Track]:
    """Read segments behind their beginning as one fragmented film."""
    starts = list(accumulate((size for _, size in parts), initial=0))

    def read(offset: int, length: int) -> bytes:
        out = b""
        for (source, size), start in zip(parts, starts, strict=False):
            begin, end = max(offset, start), min(offset + length, start + size)
            if begin < end:
                out += source(begin - start, end - begin)
        return out

    reader = Reader(read, starts[-1], budget)
    index = next((box for box in outer(reader, 0, 16) if box.kind == b"moov"), None)
    if index is None or index.size > MOST_INIT:
        raise FilmError("has no index (moov) in front of its segments")
    content = memoryview(reader.whole(index.at, index.size))[index.head :]
    found = tracks(content, reader)
    if find(content, b"mvex") is None:
        raise FilmError("has segments, and an index that knows of none")
    walk(reader, index, content, found)
    return found
