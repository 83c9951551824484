"""Fragments of an MP4 (moof): their samples, gathered into the tracks of the index."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import repeat

from shared.domain.film.boxes import Box, find, inner, wide
from shared.domain.film.reader import FilmError, Reader, ReadStopped, numbers, unpack
from shared.domain.film.tables import MOST_SECONDS, Sample, Track

MOST_MOOF = 4 << 20
MOST_FRAGMENTED = 2_000_000
"""Samples: each is taken by itself."""
MOST_INNER = 200_000
"""Boxes in fragments."""
_NOT_SYNC = 0x10000


@dataclass
class _Grown:
    """The samples of one track so far; the first `before` of them are those of the index."""

    before: int = 0
    times: array[int] = field(default_factory=lambda: array("Q"))
    places: array[int] = field(default_factory=lambda: array("Q"))
    sync: array[int] = field(default_factory=lambda: array("I"))
    end: int = 0
    defaults: tuple[int, int, int] = (0, 0, 0)


class Fragments:
    """Gathers the samples of fragments into the tracks of an index.

    Attributes:
        count: how many were read.
        partial: only some were.
        cut: the last one breaks off.
        ends: whether it is known when the last one is over.
    """

    def __init__(self, index: memoryview, tracks: list[Track]) -> None:
        """Take the defaults of the index (`trex`)."""
        self.count, self.partial, self.cut, self.ends = 0, False, False, True
        self.tracks = list({track.number: track for track in reversed(tracks)}.values())
        self._grown = {track.number: _grown(track) for track in self.tracks}
        self._samples = self._inner = 0
        for kind, trex in inner(find(index, b"mvex") or memoryview(b"")):
            if kind == b"trex":
                number, _, length, size, flags = unpack("IIIII", trex, 4)
                if number in self._grown:
                    self._grown[number].defaults = (length, size, flags)

    def read(self, reader: Reader, box: Box) -> None:
        """Read one `moof`."""
        if box.size > MOST_MOOF:
            raise ReadStopped(f"it has a fragment whose index is larger than {MOST_MOOF >> 20} MiB")
        moof = memoryview(reader.whole(box.at, box.size))[box.head :]
        for kind, traf in self._boxes(moof):
            if kind == b"traf":
                self._traf(self._boxes(traf), box)
        self.count += 1

    def _boxes(self, box: memoryview) -> list[tuple[bytes, memoryview]]:
        found = list(inner(box))
        self._inner += len(found)
        if self._inner > MOST_INNER:
            raise ReadStopped(f"its fragments have more than {MOST_INNER} boxes")
        return found

    def _traf(self, traf: list[tuple[bytes, memoryview]], box: Box) -> None:
        first = dict(reversed(traf))
        tfhd = first.get(b"tfhd")
        if tfhd is None:
            raise FilmError("has a fragment without a header")
        flags, number = unpack("II", tfhd)
        track = next((one for one in self.tracks if one.number == number), None)
        if track is None:
            return
        grown, at, place = self._grown[number], 8, box.at
        if flags & 1:
            place, at = unpack("Q", tfhd, at)[0], at + 8
        at += 4 if flags & 2 else 0
        usual = list(grown.defaults)
        for which, bit in enumerate((8, 16, 32)):
            if flags & bit:
                usual[which], at = unpack("I", tfhd, at)[0], at + 4
        clock = grown.end
        if (tfdt := first.get(b"tfdt")) is not None:
            clock = unpack("Q" if wide(tfdt) else "I", tfdt, 4)[0]
        elif self.partial:
            self.ends = False
        clock = max(clock, grown.end)
        if clock > 1 << 62:
            raise FilmError("has a fragment of no time")
        for kind, trun in traf:
            if kind == b"trun":
                clock, place = self._trun(trun, track, grown, usual, clock, box.at if flags & 0x20001 != 1 else place)
        grown.end = max(grown.end, clock)

    def _trun(
        self, trun: memoryview, track: Track, grown: _Grown, usual: list[int], clock: int, place: int
    ) -> tuple[int, int]:
        flags, count = unpack("II", trun)
        self._samples += count
        at, first = 8, None
        if flags & 1:
            place, at = place + unpack("i", trun, at)[0], at + 4
        if flags & 4:
            first, at = unpack("I", trun, at)[0], at + 4
        fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
        if at + 4 * count * len(fields) > len(trun):
            raise FilmError("has a fragment whose table is larger than its box")
        if self._samples > MOST_FRAGMENTED:
            raise ReadStopped(f"its fragments have more than {MOST_FRAGMENTED} samples")
        table = numbers(trun, at, count * len(fields))

        def column(bit: int, default: int) -> Iterable[int]:
            return table[fields.index(bit) :: len(fields)] if flags & bit else repeat(default, count)

        if not flags & 0x200 and usual[1] == 0 and count:
            raise FilmError("has samples without a size")
        rows = zip(column(0x100, usual[0]), column(0x200, usual[1]), column(0x400, usual[2]), strict=False)
        number = len(track.sizes)
        for which, (length, size, marks) in enumerate(rows):
            marked = first if which == 0 and first is not None and not flags & 0x400 else marks
            grown.times.append(clock)
            track.sizes.append(size)
            grown.places.append(max(0, place))
            if not marked & _NOT_SYNC:
                grown.sync.append(number + which)
            clock, place = clock + length, place + size
        return clock, place

    def finish(self, reader: Reader) -> None:
        """Give the tracks what was gathered."""
        if not self.count:
            return
        for track in self.tracks:
            grown = self._grown[track.number]
            # Tables that mark no sample as a key frame mark none as another one either.
            track.sync = grown.sync if len(grown.sync) < len(grown.times) else None
            track.times, track.end = grown.times, grown.end
            track.sample = _sampler(reader, track, grown)
            if track.seconds > MOST_SECONDS:
                raise FilmError("is longer than two days, as its fragments say")


def _grown(track: Track) -> _Grown:
    """Begin with the samples of the index: some recorders write the first ones there."""
    count = len(track.sizes)
    sync = array("I", range(count) if track.sync is None else track.sync)
    return _Grown(before=count, times=array("Q", track.times), sync=sync, end=track.end)


def _sampler(reader: Reader, track: Track, grown: _Grown) -> Sample:
    before, places, earlier = grown.before, grown.places, track.sample

    def sample(which: int, most: int) -> bytes:
        if which < before:
            return earlier(which, most)
        return reader.at(places[which - before], min(track.sizes[which], most), window=0)

    return sample
