"""Raw figures of a track, and what each second of it is like: from sizes of samples, without a decoder.

An encoder spends next to nothing on what does not change. A sound of zeros has frames of a few bytes; anything else,
be it the faintest hiss, costs as much as speech. A still picture is refined for some pictures after a key frame, and
costs nothing after that.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

from shared.domain.film.aac import HEAD, is_zero
from shared.domain.film.h264 import FILLER, SLICES, nal_units
from shared.domain.film.limits import LIMITS
from shared.domain.film.reader import ReadStopped
from shared.domain.film.tables import Track, spread

H264 = frozenset(("avc1", "avc3"))
TOO_FEW = 3
PLACES = 24
QUANTILES = {"low": 5, "median": 50, "high": 95}


class Seconds(NamedTuple):
    """What a track is like.

    Attributes:
        flags: for each second, whether nothing is there (still, silent); None: not looked at.
        figures: what the flags came from.
        told: False where this can't be told.
    """

    flags: list[bool | None]
    figures: dict[str, Any]
    told: bool = True

    @property
    def nothing(self) -> bool:
        """Whether there is nothing in the whole track."""
        known = [flag for flag in self.flags if flag is not None]
        others = len(known) - sum(known)
        return self.told and bool(known) and others <= min(LIMITS.throughout_s, (1 - LIMITS.throughout) * len(known))

    def until(self, seconds: int) -> Seconds:
        """Return a track that goes on to the film's end: players keep the last picture, and nothing is heard."""
        rest = [True] * (seconds - len(self.flags)) if self.told else []
        return self._replace(flags=[*self.flags, *rest])


def sound_of(track: Track, *, partial: bool = False) -> Seconds:
    """Find out which seconds of a sound are digital silence."""
    sizes = track.sizes
    figures = _common(track) | {"channels": track.channels, "rate": track.rate}
    limit = LIMITS.silent_bytes.get(track.codec)
    if limit is None:
        return Seconds([], figures, told=False)
    limit = limit * max(2, track.channels) // 2
    flags: list[bool | None] = []
    for begin, end in _edges(track):
        part = sizes[begin:end]
        quiet = not part or (
            sum(part) <= (limit + LIMITS.silent_slack) * len(part) + LIMITS.silent_name
            and max(part) <= LIMITS.silent_most
        )
        flags.append(None if not part and partial else quiet)
    if not any(flags) and track.codec == "mp4a":
        padded = _is_padded(track)
        if padded is not None:
            figures["padded_silence"] = padded
        if padded:
            flags = [None if flag is None else True for flag in flags]
    figures["silent_seconds"] = sum(flag is True for flag in flags)
    told = any(flags) or max(sizes) - min(sizes) > LIMITS.constant or figures.get("padded_silence") is not None
    return Seconds(flags, figures, told)


def _read(track: Track, which: int, most: int) -> bytes | None:
    """Return the beginning of a sample; None where a limit is reached. A store that fails ends the check."""
    try:
        return track.sample(which, most)
    except ReadStopped as stopped:
        if stopped.again:
            raise
        return None


def _is_padded(track: Track) -> bool | None:
    """Tell whether frames of one size hold zeros; None where it was not, or can't be, looked at."""
    median = sorted(spread(track.sizes, 1000))[min(999, len(track.sizes) - 1) // 2]
    if min(track.sizes[PLACES:] or track.sizes) * 2 < median:
        return None
    count, known = len(track.sizes), False
    for which in spread(range(min(8, count - 1), count), PLACES):
        if (data := _read(track, which, HEAD)) is None:
            return None
        zero = is_zero(data)
        if zero is False:
            return False
        known = known or bool(zero)
    return known or None


def picture_of(track: Track, *, partial: bool = False) -> Seconds:
    """Find out in which seconds of a picture nothing moves."""
    sizes, count = track.sizes, len(track.sizes)
    blocks = max(1, -(-track.width // 16) * -(-track.height // 16))
    figures = _common(track) | {"width": track.width, "height": track.height, "blocks": blocks}
    sync = track.sync
    if count == 1 and not partial:  # it stays
        return Seconds([True] * max(1, -int(-track.seconds // 1)), figures)
    if sync is None or not len(sync) or count < TOO_FEW or not track.width or not track.height:
        return Seconds([], figures, told=False)
    late = _late(track, sync)
    keys = array("I", (sizes[key] for key in sync))
    figures["keys"] = {"count": len(keys), "first": keys[0], **_quantiles(keys)}
    settle = min(LIMITS.settle_s, track.seconds / 3)
    least = LIMITS.moves * blocks
    edges = _edges(track)
    tops = [max(late[begin:end], default=0) for begin, end in edges]
    flags: list[bool | None] = [
        None if partial and begin == end else top <= least for (begin, end), top in zip(edges, tops, strict=False)
    ]
    times, zero = track.times, track.times[0]
    for before, key in pairwise(sync):
        at_s = (times[key] - zero) / track.scale
        if at_s > settle and abs(sizes[key] - sizes[before]) > _steps(sizes, before, key, blocks):
            flags[min(int(at_s), len(flags) - 1)] = False
    figures["late_per_block"] = round(max(tops[int(settle) :], default=0) / blocks, 4)
    figures["moving_seconds"] = sum(flag is False for flag in flags)
    if not any(late):
        return Seconds([], figures, told=False)
    real = _filled(track, late, least, figures)
    if real is not None:
        flags = [real] * len(flags)
    if False not in flags[int(settle) :]:  # encoders that keep to a rate get there in time
        flags = [None if flag is None else True for flag in flags]
    return Seconds(flags, figures)


def _steps(sizes: Sequence[int], before: int, key: int, blocks: int) -> float:
    """Return by how much two key frames' sizes may differ though nothing changed between them."""
    hid = max(sizes[before + 1 : key], default=0) > LIMITS.hides * blocks
    return max(LIMITS.moves * blocks, (LIMITS.key_differs if hid else LIMITS.key_steps) * sizes[before])


def _late(track: Track, sync: Sequence[int]) -> array[int]:
    """Return the sizes, with 0 for what lies within a moment after a key frame, or before any."""
    late, times, count = array("I", track.sizes), track.times, len(track.sizes)
    late[: sync[0]] = array("I", bytes(4 * sync[0]))
    many = len(sync) > 2  # then the first group, which encoders begin badly, need not be looked at
    for key, following in pairwise(chain(sync, (count,))):
        refined = bisect_left(times, times[key] + int(LIMITS.refined_s * track.scale))
        refined = max(refined, key + min(LIMITS.refined_pictures, (following - key) // 2))
        until = following if many and key == sync[0] else min(following, max(key + 1, refined))
        late[key:until] = array("I", bytes(4 * (until - key)))
    return late


def _filled(track: Track, late: array[int], least: float, figures: dict[str, Any]) -> bool | None:
    """Look into samples that are all of one large size: is it filler? True: still; None: they tell by size."""
    if track.codec not in H264:
        return None
    some = [which for which in spread(range(len(late)), 2000) if late[which]]
    median = sorted(late[which] for which in some)[len(some) // 2] if some else 0
    alike = sum(abs(late[which] - median) <= 0.01 * median for which in some)
    if median <= least or alike * 2 < len(some):
        return None
    real, filler, total = [], 0, 0
    for which in spread(some, 16):
        if (data := _read(track, which, 16 << 10)) is None:
            return None
        units = nal_units(data, track.start_codes)
        real.append(sum(size for kind, _, size in units if kind in SLICES))
        filler += sum(size for kind, _, size in units if kind == FILLER)
        total += min(track.sizes[which], 16 << 10)
    figures["filler"] = round(filler / total, 3) if total else 0
    if figures["filler"] <= LIMITS.filler:
        return None
    return sum(one <= least for one in real) >= LIMITS.mostly * len(real)


def emptiness(track: Track) -> int | None:
    """Return what is left of the key frame in the middle after compression: of one colour next to nothing."""
    keys = range(len(track.sizes)) if track.sync is None else track.sync
    if not len(keys) or track.codec not in H264 or (data := _read(track, keys[len(keys) // 2], 1 << 20)) is None:
        return None
    units = nal_units(data, track.start_codes)
    slices = b"".join(data[at + 1 : at + size] for kind, at, size in units if kind in SLICES)
    return len(zlib.compress(slices, 9)) - 8 if slices else None


def _edges(track: Track) -> list[tuple[int, int]]:
    """Return which samples each second has, of decoding time."""
    zero, times = track.times[0], track.times
    whole = max(1, -int(-track.seconds // 1))
    return list(pairwise([bisect_left(times, zero + second * track.scale) for second in range(whole)] + [len(times)]))


def _common(track: Track) -> dict[str, Any]:
    sizes, total = track.sizes, sum(track.sizes)
    said = {"codec": _word(track.codec), "seconds": round(track.seconds, 2), "samples": len(sizes), "bytes": total}
    return said | _quantiles(sizes)


def _quantiles(sizes: Sequence[int]) -> dict[str, int]:
    some = sorted(sizes[:: max(1, len(sizes) // 50_000)])
    return {name: some[len(some) * part // 100] for name, part in QUANTILES.items()} | {"most": max(sizes)}


def _word(codec: str) -> str:
    return "".join(one if one.isalnum() else "?" for one in codec.encode("ascii", "replace").decode())
