"""MPEG transport streams (ISO 13818-1): sizes and times of pictures and sounds in a segment, read in part or whole."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from shared.domain.film.aac import HEAD
from shared.domain.film.h264 import SLICES, dimensions, nal_units
from shared.domain.film.reader import FilmError
from shared.domain.film.tables import Track

PACKET, SYNC, CLOCK = 188, 0x47, 90_000
H264, AAC = 0x1B, 0x0F
PICTURES = frozenset((0x01, 0x02, 0x10, H264, 0x24, 0x33, 0x42, 0xEA))
SOUNDS = frozenset((0x03, 0x04, AAC, 0x11, 0x1C, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x8A))
PRIVATE, OTHER_SOUND = 0x06, 0x81
SOUND_TAGS, SOUND_NAMES = frozenset((0x6A, 0x7A, 0x7B, 0x7C)), frozenset((b"Opus", b"AC-3", b"EAC3", b"DTS1", b"DTS2"))
"""What descriptors say of a private stream that is a sound; others are subtitles and the like."""
TURN, STRAY_S = 1 << 33, 10
"""Times begin again after so many; what is further from the others than two segments and so many seconds is none."""
KEY = 5
MOST = 100_000
"""Samples of a dozen segments; hours have fewer."""
ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


class Streams:
    """Gathers what segments hold into a picture and a sound, by the times that a playlist gives them."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.picture = Track("vide", "avc1", CLOCK, start_codes=True)
        self.sound = Track("soun", "mp4a", CLOCK)
        self._kinds: dict[int, int] = {}
        self._times: dict[str, array[int]] = {"vide": array("Q"), "soun": array("Q")}
        self._sync = array("I")
        self._data: dict[str, dict[int, bytes]] = {"vide": {}, "soun": {}}

    def add(self, data: bytes, base_s: float, seconds: float, *, whole: bool) -> None:
        """Read a segment that begins at `base_s` and lasts `seconds`; read in part it loses its last picture."""
        units = _near(self._units(data, whole=whole), int((2 * seconds + STRAY_S) * CLOCK))
        first = min((unit.at for unit in units), default=0)
        base = int(base_s * CLOCK)
        for unit in units:
            at = base + (unit.at - first)
            if self._kinds[unit.pid] == AAC:
                self._sounds(unit.body, at)
            elif self._kinds[unit.pid] == H264:
                self._picture(unit.body, at)
            elif self._kinds[unit.pid] in SOUNDS:
                self.sound.codec = "other"
                self._put("soun", len(unit.body), at)
            else:
                self.picture.codec = "other"
                self._put("vide", len(unit.body), at)

    def tracks(self, end_s: float) -> list[Track]:
        """Return what there is."""
        self.picture.sync = self._sync
        for track in (self.picture, self.sound):
            track.times, track.end = self._times[track.kind], max(int(end_s * CLOCK), *self._times[track.kind], 0)
            held = self._data[track.kind]
            track.sample = lambda which, most, held=held: held.get(which, b"")[:most]  # type: ignore[misc]
        return [track for track in (self.picture, self.sound) if len(track.sizes)]

    def _put(self, kind: str, size: int, at: int) -> int:
        track, times = self.picture if kind == "vide" else self.sound, self._times[kind]
        if len(times) >= MOST:
            raise FilmError("has segments with more samples than a film has")
        times.append(max(at, times[-1] if times else 0))
        track.sizes.append(size)
        return len(times) - 1

    def _picture(self, body: bytes, at: int) -> None:
        units = nal_units(body, start_codes=True)
        kinds = {kind for kind, _, _ in units}
        which = self._put("vide", sum(size for kind, _, size in units if kind in SLICES), at)
        if 7 in kinds and not self.picture.width:  # a sequence parameter set
            begin, size = next((begin, size) for kind, begin, size in units if kind == 7)
            self.picture.width, self.picture.height = dimensions(body[begin + 1 : begin + size])
        if KEY in kinds:
            self._sync.append(which)
            if len(self._data["vide"]) < 24:
                self._data["vide"][which] = body[: 1 << 20]

    def _sounds(self, body: bytes, at: int) -> None:
        i = count = 0
        while i + 7 <= len(body) and body[i] == 0xFF and body[i + 1] & 0xF6 == 0xF0:
            size = (body[i + 3] & 3) << 11 | body[i + 4] << 3 | body[i + 5] >> 5
            head = 7 if body[i + 1] & 1 else 9
            if size < head:
                return
            rates = body[i + 2] >> 2 & 15
            rate = ADTS_RATES[rates] if rates < len(ADTS_RATES) else 48_000
            self.sound.rate, self.sound.channels = rate, (body[i + 2] & 1) << 2 | body[i + 3] >> 6
            which = self._put("soun", size - head, at + count * 1024 * CLOCK // rate)
            self._data["soun"][which] = body[i + head : i + head + HEAD]
            i, count = i + size, count + 1

    def _units(self, data: bytes, *, whole: bool) -> list[_Unit]:
        at = next((i for i in range(min(PACKET, len(data))) if set(data[i : i + 4 * PACKET : PACKET]) == {SYNC}), None)
        if at is None:
            raise FilmError("has a segment that is no transport stream")
        table, open_, done = -1, dict[int, bytearray](), list[_Unit]()

        def close(pid: int) -> None:
            if (unit := _unit(pid, bytes(open_.pop(pid, b"")))) is not None:
                done.append(unit)

        for at in range(at, len(data) - PACKET + 1, PACKET):  # noqa: B020
            if data[at] != SYNC:
                continue
            pid, starts, control = (data[at + 1] & 31) << 8 | data[at + 2], data[at + 1] & 64, data[at + 3] >> 4 & 3
            begin = at + 4 + (1 + data[at + 4] if control & 2 else 0)
            if not control & 1 or begin >= at + PACKET:
                continue
            payload = data[begin : at + PACKET]
            if starts and pid == 0:
                section = payload[1 + payload[0] :]
                table = _table(section, table)
            elif starts and pid == table:
                self._learn(payload[1 + payload[0] :])
            elif pid in self._kinds:
                if starts:
                    close(pid)
                    open_[pid] = bytearray(payload)
                elif pid in open_:
                    open_[pid] += payload
        if whole:
            for pid in list(open_):
                close(pid)
        return done

    def _learn(self, section: bytes) -> None:
        if len(section) < 12:
            return
        end = min(len(section), ((section[1] & 15) << 8 | section[2]) - 1)
        i = 12 + ((section[10] & 15) << 8 | section[11])
        while i + 5 <= end and len(self._kinds) < 16:
            behind = i + 5 + ((section[i + 3] & 15) << 8 | section[i + 4])
            kind = _kind(section[i], section[i + 5 : behind])
            if kind in PICTURES or kind in SOUNDS:
                self._kinds[(section[i + 1] & 31) << 8 | section[i + 2]] = kind
            i = behind


def _table(section: bytes, known: int) -> int:
    """Return where an association table says that the first program's map is."""
    end = min(len(section), ((section[1] & 15) << 8 | section[2]) - 1) if len(section) > 2 else 0
    rows = (section[at : at + 4] for at in range(8, end - 3, 4))
    return next(((row[2] & 31) << 8 | row[3] for row in rows if row[:2] != b"\0\0"), known)


def _kind(kind: int, descriptors: bytes) -> int:
    if kind != PRIVATE:
        return kind
    at = 0
    while at + 2 <= len(descriptors):
        tag, size = descriptors[at], descriptors[at + 1]
        if tag in SOUND_TAGS or (tag == 5 and descriptors[at + 2 : at + 6] in SOUND_NAMES):
            return OTHER_SOUND
        at += 2 + size
    return kind


class _Unit(NamedTuple):
    """A packetized elementary stream's packet: its time in 1/90000 s."""

    at: int
    pid: int
    body: bytes


def _near(units: list[_Unit], most: int) -> list[_Unit]:
    """Return units in order of time, over the turn of the clock, without those whose time is of no such segment."""
    if not units:
        return units
    zero = units[0].at
    turned = sorted(one._replace(at=(one.at - zero + TURN // 2) % TURN - TURN // 2) for one in units)
    middle = turned[len(turned) // 2].at
    return [one for one in turned if abs(one.at - middle) <= most]


def _unit(pid: int, data: bytes) -> _Unit | None:
    if len(data) < 14 or data[:3] != b"\0\0\1" or not data[7] & 0x80:
        return None
    time = data[14:19] if data[7] & 0x40 and len(data) >= 19 else data[9:14]  # of decoding
    at = (time[0] >> 1 & 7) << 30 | time[1] << 22 | time[2] >> 1 << 15 | time[3] << 7 | time[4] >> 1
    return _Unit(at, pid, data[9 + data[8] :])
