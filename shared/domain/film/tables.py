"""The index (moov) of an MP4: its tracks, and the tables of their samples (ISO 14496-12)."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice, pairwise, repeat
from operator import mul

from shared.domain.film.boxes import find, inner, need, wide
from shared.domain.film.reader import TORN, FilmError, Reader, ReadStopped, fits, numbers, unpack

MOST_INDEX = 64 << 20
"""Bytes of a moov: a day at 25 pictures a second has 42 MB."""
MOST_MEMORY = 88 << 20
"""Bytes of an index and of its tables; where they would take more, single samples are not looked at."""
PIECE = 1 << 20
MOST_TRACKS, MOST_SAMPLES = 16, 7_000_000
MOST_SECONDS = 48 * 3_600
MOST_KEYS = 2 * MOST_SECONDS
"""Key frames that are looked at one by one; a film with more is taken as one of key frames alone."""
LONG = "is longer than two days, as its index says"
RAW = 1_000
"""So many samples a second are those of a raw sound (PCM), which has one for each number; they are taken together."""
RAW_PIECES = 50

Sample = Callable[[int, int], bytes]
"""Return the first bytes of a sample, by its number."""


@dataclass
class Track:
    """Samples of a picture (`vide`) or a sound (`soun`), in decoding order; `scale` units of its times are a second.

    Attributes:
        times, sizes: of each sample; times are those of decoding.
        sync: numbers of the key frames, ascending; None: every sample is one.
        end: when the last sample is over.
        sample: reads one.
        start_codes: whether slices lie behind start codes, or behind their lengths (`avc1`).
    """

    kind: str
    codec: str
    scale: int
    number: int = 0
    width: int = 0
    height: int = 0
    channels: int = 0
    rate: int = 0
    times: Sequence[int] = ()
    sizes: array[int] = field(default_factory=lambda: array("I"))
    sync: Sequence[int] | None = None
    end: int = 0
    sample: Sample = lambda _number, _most: b""
    start_codes: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - (self.times[0] if len(self.times) else 0)) / self.scale


def tracks(index: memoryview, reader: Reader) -> list[Track]:
    """Return the pictures and sounds of a moov; those of a fragmented film have no samples yet."""
    traks = [content for kind, content in inner(index) if kind == b"trak"]
    if len(traks) > MOST_TRACKS:
        raise ReadStopped(f"it has more than {MOST_TRACKS} tracks")
    found, left, room = [], MOST_SAMPLES, MOST_MEMORY - len(index)
    for trak in traks:
        # A track of another kind may be of any shape: players leave it out.
        kind = bytes((find(trak, b"mdia", b"hdlr") or b"")[8:12]).decode("latin-1")
        if kind in ("vide", "soun"):
            found.append(_track(trak, kind, reader, left, room))
            left -= len(found[-1].sizes)
            room -= _taken(found[-1])
    return found


def _taken(track: Track) -> int:
    """Return the bytes of a track's tables but those of its chunks, which are the rest's share."""
    times = track.times
    return 4 * len(track.sizes) + (times.itemsize * len(times) if isinstance(times, array) else 0)


def _track(trak: memoryview, kind: str, reader: Reader, most: int, room: int) -> Track:
    mdhd, table = need(trak, b"mdia", b"mdhd"), need(trak, b"mdia", b"minf", b"stbl")
    tkhd = find(trak, b"tkhd")
    scale = unpack("I", mdhd, 20 if wide(mdhd) else 12)[0]
    number = unpack("I", tkhd, 20 if wide(tkhd) else 12)[0] if tkhd is not None else 0
    codec, entry = next(inner(need(table, b"stsd")[8:]), (b"????", memoryview(b"")))
    if not scale:
        raise FilmError("has a track without a time scale")
    track = Track(kind, codec.decode("latin-1"), scale, number)
    if kind == "vide" and len(entry) >= 28:
        track.width, track.height = unpack("HH", entry, 24)
    elif kind == "soun" and len(entry) >= 28:
        track.channels, track.rate = unpack("H", entry, 16)[0], unpack("I", entry, 24)[0] >> 16
    if kind == "soun" and _raw(track, table, reader.size):
        return track
    track.sizes = _sizes(table, most, reader.size)
    count = len(track.sizes)
    if not count:
        return track
    track.times, track.end = _times(_runs(table, count), count)
    if track.end > MOST_SECONDS * scale:
        raise FilmError(LONG)
    stss = find(table, b"stss")
    if stss is not None and unpack("I", stss, 4)[0] <= MOST_KEYS:
        sync = numbers(stss, 8, unpack("I", stss, 4)[0])
        # Ascending by the standard. What is not is nobody's film.
        if any(a >= b for a, b in pairwise(sync)) or (sync and not 1 <= sync[0] <= sync[-1] <= count):
            raise FilmError("has key frames that are not in it")
        track.sync = array("I", (one - 1 for one in sync))
    places = _Places(table, track.sizes, room - _taken(track))
    if max(places.reach, sum(track.sizes)) > reader.size:
        raise FilmError(TORN)
    track.sample = lambda which, most: reader.at(places.of(which), min(track.sizes[which], most), window=0)
    return track


def _raw(track: Track, table: memoryview, room: int) -> bool:
    """Take a raw sound's samples together; False where it is none."""
    stsz, stts = find(table, b"stsz"), find(table, b"stts")
    if stsz is None or stts is None or unpack("I", stts, 4)[0] != 1:
        return False
    (fixed, count), (_, length) = unpack("II", stsz, 4), unpack("II", stts, 8)
    if not fixed or not length or track.scale < RAW * length or count < track.scale // length:
        return False
    if fixed * count > room:
        raise FilmError(TORN)
    each = track.scale // (RAW_PIECES * length)
    if count * length > MOST_SECONDS * track.scale:
        raise FilmError(LONG)
    track.sizes = array("I", [min(fixed * each, 0xFFFFFFFF)]) * (count // each)
    track.times, track.end = range(0, each * length * len(track.sizes), each * length), count * length
    return True


def _runs(table: memoryview, count: int) -> array[int]:
    """Return how many samples have which duration, in turn."""
    stts = need(table, b"stts")
    rows = unpack("I", stts, 4)[0]
    fits(8 + 8 * rows, stts)
    runs = numbers(stts, 8, 2 * min(rows, count))  # each row has a sample at least
    if max(runs, default=0) >> 31:  # a time that goes back: players go on by one unit
        for at in range(1, len(runs), 2):
            runs[at] = 1 if runs[at] >> 31 else runs[at]
    return runs


def _sizes(table: memoryview, most: int, room: int) -> array[int]:
    if (stsz := find(table, b"stsz")) is not None:
        fixed, count = unpack("II", stsz, 4)
        if fixed * count > room:
            raise FilmError(TORN)
        fits(0 if fixed else 12 + 4 * count, stsz)
        if count > most:
            raise ReadStopped(f"it has more than {MOST_SAMPLES} samples")
        return array("I", [fixed]) * count if fixed else numbers(stsz, 12, count)
    stz2 = need(table, b"stz2")
    width, count = unpack("B", stz2, 7)[0], unpack("I", stz2, 8)[0]
    if width not in (4, 8, 16) or 12 + count * width // 8 > len(stz2):
        raise FilmError("has an index whose table is larger than its box")
    if count > most:
        raise ReadStopped(f"it has more than {MOST_SAMPLES} samples")
    if width == 4:
        halves = numbers(stz2, 12, (count + 1) // 2, 1)
        return array("I", islice(chain.from_iterable((one >> 4, one & 15) for one in halves), count))
    return array("I", numbers(stz2, 12, count, width // 8))


def _times(runs: array[int], count: int) -> tuple[Sequence[int], int]:
    """Return when each sample begins, and when the last is over; the last duration holds for those without one."""
    if len(runs) == 2 and runs[1] and runs[0] >= count:
        return range(0, runs[1] * count, runs[1]), runs[1] * count

    def times() -> Iterator[int]:
        pairs = map(repeat, islice(runs, 1, None, 2), islice(runs, 0, None, 2))
        lengths = chain(chain.from_iterable(pairs), repeat(runs[-1] if runs else 0))
        return islice(accumulate(lengths, initial=0), count + 1)

    try:
        begun = array("I", times())  # half the memory, where a film's clock is as slow as most are
    except OverflowError:
        begun = array("Q", times())
    return begun, begun.pop()


class _Places:
    """Where samples lie: chunks, and how many samples each has."""

    _starts: array[int] | None

    def __init__(self, table: memoryview, sizes: array[int], room: int) -> None:
        stco, stsc, width = find(table, b"stco"), need(table, b"stsc"), 4
        if stco is None:
            stco, width = need(table, b"co64"), 8
        # A chunk has a sample at least.
        chunks, many = min(unpack("I", stco, 4)[0], len(sizes)), unpack("I", stsc, 4)[0]
        fits(8 + 12 * many, stsc)
        fits(8 + width * chunks, stco)
        many = min(many, chunks)  # each row begins with another chunk
        self._sizes, self._starts = sizes, None
        self._fits = width * chunks + 12 * many <= room
        if self._fits:
            self._chunks = numbers(stco, 8, chunks, width)
            # A copy, so that the index itself can go.
            self._runs = bytes(stsc[8 : 8 + 12 * many])
            self.reach = max(self._chunks, default=0) + 1
        else:
            pieces = (numbers(stco, 8 + width * at, min(PIECE, chunks - at), width) for at in range(0, chunks, PIECE))
            self.reach = max(map(max, pieces), default=0) + 1

    def of(self, which: int) -> int:
        """Return a sample's offset.

        Raises:
            ReadStopped: the tables that say it would take too much memory.
        """
        if not self._fits:
            raise ReadStopped("its index is too large to find single samples")
        if self._starts is None:
            self._gather()
        starts = self._starts or array("q", [0])
        run = bisect_right(starts, which) - 1
        many = max(1, self._each[run])
        chunk = self._firsts[run] + (which - starts[run]) // many
        if not 0 <= chunk < len(self._chunks):
            raise FilmError("has samples that lie in no chunk")
        first = starts[run] + (which - starts[run]) // many * many
        return self._chunks[chunk] + sum(self._sizes[first:which])

    def _gather(self) -> None:
        runs = numbers(self._runs, 0, len(self._runs) // 4)
        self._firsts = array("q", (first - 1 for first in runs[0::3])) or array("q", [0])
        self._each = runs[1::3] or array("I", [1])
        following = chain(islice(self._firsts, 1, None), (len(self._chunks),))
        lengths = (max(0, b - a) for a, b in zip(self._firsts, following, strict=False))
        starts = islice(accumulate(map(mul, lengths, self._each), initial=0), len(self._firsts))
        self._starts = array("q", (min(start, 1 << 62) for start in starts))


def spread(wanted: Sequence[int], most: int) -> list[int]:
    """Return some of them, evenly, the first and the last included."""
    count = len(wanted)
    return list(wanted) if count <= most else [wanted[i * (count - 1) // (most - 1)] for i in range(most)]
