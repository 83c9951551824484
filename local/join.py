"""Join the parts of a recording to one MP4: streams are copied, nothing is encoded, gaps stay as time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from local.playlist import ended, leads_on, missing, size

_FORMATS = {".mp4": "mp4", ".m3u8": "hls"}
_LOOKED_PACKETS = 4_096
"""Of a part's beginning; a stream without one packet in so many is left out."""
MOST_GAP_S = 6 * 3_600
"""Longer ones are shortened: an MP4 keeps the length of a picture in 32 bits."""
_TOLD = 20
"""Missing pieces of a playlist that get a line each; the result names all."""
_OVERLAP_S = 0.5
_EVERY_S = 2.0
Say = Callable[[str], None]


class JoinError(Exception):
    """The parts can't be one film; the message names them."""


@dataclass(frozen=True)
class Part:
    """A file and when it began, epoch ms; None where nobody knows: it is put behind the one before."""

    path: Path
    start_ms: int | None = None


@dataclass
class Joined:
    """What was made: (name, begin in ms) of each part, and what was left out, with the reason."""

    parts: list[tuple[str, int]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    seconds: Fraction = Fraction(0)


@dataclass(frozen=True)
class _Look:
    """A part's beginning. Times are seconds of its own clock."""

    part: Part
    shapes: dict[str, dict[str, object]]
    first: dict[str, Fraction]
    zero: Fraction
    length: Fraction


def join(parts: Sequence[Part], out: Path, say: Say = lambda _: None) -> Joined:
    """Write the film; it appears at `out` when it is whole.

    Raises:
        JoinError: a part is of another kind than the first, or no part can be played.
        OSError: a file can't be read or written.
    """
    made = Joined()
    looks = []
    for part in parts:
        look = _look(part)
        if isinstance(look, str):
            made.left_out.append((part.path.name, look))
            say(f"left out: {part.path.name}: {look}")
        else:
            looks.append(look)
            lost = missing(part.path)
            made.left_out += lost
            for name, why in lost[:_TOLD]:
                say(f"left out: {name}, a piece of {part.path.name}: {why}")
            if len(lost) > _TOLD:
                say(f"left out: {len(lost) - _TOLD} more pieces of {part.path.name}")
    if not looks:
        raise JoinError("no part can be played: " + "; ".join(f"{name}: {why}" for name, why in made.left_out))
    models = _models(looks)
    needed, free = sum(size(one.part.path) for one in looks), shutil.disk_usage(out.parent).free
    if free < needed * 1.02:
        raise JoinError(
            f"{out.name} needs {needed // 1_000_000 + 1} MB, and {free // 1_000_000} MB of the disk are free"
        )
    half = out.with_name(f"{out.name}.part")
    try:
        with av.open(str(half), "w", format="mp4") as film:
            _Writer(film, models, made, say, _length(looks)).write(looks)
        half.replace(out)
    except av.FFmpegError as error:
        raise JoinError(f"{out.name} can't be written: {error.strerror or error}") from None
    finally:
        half.unlink(missing_ok=True)
    return made


def _look(part: Part) -> _Look | str:
    """Read a part's beginning; return why it can't be played where that is so."""
    if part.path.suffix.lower() not in _FORMATS:
        return "it is neither MP4 nor HLS"
    if not part.path.stat().st_size:
        return "it has no bytes"
    if part.path.suffix.lower() == ".m3u8" and leads_on(part.path):
        return "its playlist names other playlists, or files that do not lie beside it"
    try:
        with _open(part) as film:
            return _looked(part, film)
    except av.FFmpegError as error:
        return f"it can't be played ({error.strerror or 'no reason is known'})"


def _looked(part: Part, film: InputContainer) -> _Look | str:
    shapes = dict[str, dict[str, object]]()
    first, pts = dict[str, Fraction](), dict[str, Fraction]()
    streams = _streams(film)
    for number, packet in enumerate(film.demux(list(streams.values())) if streams else ()):
        if packet.dts is not None and packet.stream.type not in first:
            kind, base = str(packet.stream.type), packet.time_base
            first[kind] = packet.dts * base
            pts[kind] = (packet.dts if packet.pts is None else packet.pts) * base
            shapes[kind] = _shape(packet.stream.codec_context)
        if len(first) == len(streams) or number > _LOOKED_PACKETS:
            break
    if not first:
        return "there is neither picture nor sound in it"
    length = Fraction(film.duration or 0, av.time_base)
    return _Look(part, shapes, first, pts.get("video", min(pts.values())), length)


def _open(part: Part) -> InputContainer:
    form = _FORMATS[part.path.suffix.lower()]  # never guessed: a file may claim to be a list of other files
    if form != "hls":
        return av.open(str(part.path), format=form)
    with ended(part.path) as playlist:
        return av.open(str(playlist), format=form, options={"protocol_whitelist": "file,crypto,data"})


def _streams(film: InputContainer) -> dict[str, Any]:
    """Return the first picture's and the first sound's stream."""
    return {kind: found[0] for kind, found in (("video", film.streams.video), ("audio", film.streams.audio)) if found}


def _shape(codec: object) -> dict[str, object]:
    """Return what all parts must have alike to be copied behind each other; the setup last, which is in no words."""
    if isinstance(codec, av.VideoCodecContext):
        return {"codec": codec.name, "size": f"{codec.width}x{codec.height}", "setup": codec.extradata}
    if not isinstance(codec, av.AudioCodecContext):
        return {}
    layout = f"{codec.sample_rate} Hz, {codec.layout.name}"
    return {"codec": codec.name, "sound": layout, "setup": codec.extradata}


def _models(looks: Sequence[_Look]) -> dict[str, _Look]:
    """Return the first part with a picture, and the first with sound.

    Raises:
        JoinError: another part differs; each is named.
    """
    models: dict[str, _Look] = {}
    wrong = []
    for look in looks:
        for kind, shape in look.shapes.items():
            model = models.setdefault(kind, look)
            differ = [name for name, value in shape.items() if value != model.shapes[kind][name]]
            if differ:
                here, there = shape[differ[0]], model.shapes[kind][differ[0]]
                words = "was set up otherwise by its encoder" if differ[0] == "setup" else f"is {here}, not {there}"
                wrong.append(f"the {kind} of {look.part.path.name} {words} (as in {model.part.path.name})")
                break
    if wrong:
        raise JoinError("these parts can't be joined without encoding: " + "; ".join(wrong))
    return models


def _length(looks: Sequence[_Look]) -> Fraction:
    """Return about how long the film becomes; for the progress alone."""
    known = [one.part.start_ms for one in looks if one.part.start_ms is not None]
    spread = Fraction(max(known) - min(known), 1000) + looks[-1].length if known else Fraction(0)
    return max(spread, sum((one.length for one in looks), Fraction(0)))


class _Writer:
    """Copies packets of one part after the other; keeps, of each kind, where the next one may begin, in seconds."""

    def __init__(
        self, film: OutputContainer, models: dict[str, _Look], made: Joined, say: Say, whole: Fraction
    ) -> None:
        self._film, self._made, self._say, self._whole = film, made, say, whole
        self._outs = {}
        for kind, look in models.items():
            with _open(look.part) as model:
                self._outs[kind] = film.add_stream_from_template(_streams(model)[kind])
        self._next = dict[str, Fraction]()
        self._end, self._told = Fraction(0), time.monotonic()

    def write(self, looks: Sequence[_Look]) -> None:
        begin_ms = next((one.part.start_ms for one in looks if one.part.start_ms is not None), None)
        for look in looks:
            at = self._place(look, begin_ms)
            self._made.parts.append((look.part.path.name, round(at * 1000)))
            try:
                self._copy(look, at)
            except av.FFmpegError as error:
                raise JoinError(f"{look.part.path.name} can't be copied: {error.strerror or error}") from None
        self._made.seconds = self._end

    def _place(self, look: _Look, begin_ms: int | None) -> Fraction:
        """Return where the part begins in the film: at its own time, but never before the last one's end."""
        free = self._end
        for kind, first in look.first.items():  # pictures may be decoded, and sound be primed, before they are shown
            if kind in self._next:
                free = max(free, self._next[kind] - (first - look.zero))
        if look.part.start_ms is None or begin_ms is None or not self._made.parts:
            return free
        wanted, name = Fraction(look.part.start_ms - begin_ms, 1000), look.part.path.name
        if free - wanted > _OVERLAP_S:
            self._say(
                f"{name} begins {float(free - wanted):.1f} s before the end of the part before: it comes after it"
            )
        if wanted - free > MOST_GAP_S:
            self._say(f"the gap before {name} is {float(wanted - free):.0f} s: it is shortened to {MOST_GAP_S} s")
            return free + MOST_GAP_S
        return max(free, wanted)

    def _copy(self, look: _Look, at: Fraction) -> None:
        with _open(look.part) as film:
            streams = {kind: stream for kind, stream in _streams(film).items() if kind in look.first}
            clocks = {stream.index: _Clock(stream.time_base, at - look.zero) for stream in streams.values()}
            cut_off = film.format.name != "hls"  # half a picture; of a segment the first one is often marked, and whole
            outs = {stream.index: self._outs[kind] for kind, stream in streams.items()}
            for packet in film.demux(list(streams.values())):
                if packet.dts is None or not packet.size or (cut_off and packet.is_corrupt):
                    continue
                index = packet.stream.index
                clocks[index].set(packet)
                packet.stream = outs[index]
                self._film.mux(packet)
                self._tell(clocks[index])
            for kind, stream in streams.items():
                clock = clocks[stream.index]
                self._end = max(self._end, clock.end)
                self._next[kind] = clock.next

    def _tell(self, clock: _Clock) -> None:
        if time.monotonic() - self._told >= _EVERY_S:
            self._told = time.monotonic()
            done = min(Fraction(1), clock.end / self._whole) if self._whole else Fraction(0)
            self._say(f"joining … {float(done):.0%}")


class _Clock:
    """Moves a stream's times; where they step back, as a playlist may, they go on from where they were."""

    def __init__(self, base: Fraction, shift: Fraction) -> None:
        self._base, self._shift = base, round(shift / base)
        self._last: int | None = None
        self._lasted, self._end = 1, 0

    def set(self, packet: av.Packet[Any]) -> None:
        dts = (packet.dts or 0) + self._shift
        if self._last is not None and dts <= self._last:
            self._shift += self._last + self._lasted - dts
            dts = self._last + self._lasted
        pts = dts if packet.pts is None else packet.pts + self._shift
        self._last, self._lasted = dts, max(1, packet.duration or 0)
        self._end = max(self._end, pts + self._lasted)
        packet.dts, packet.pts = dts, pts

    @property
    def end(self) -> Fraction:
        return self._end * self._base

    @property
    def next(self) -> Fraction:
        return Fraction(0) if self._last is None else (self._last + self._lasted) * self._base
