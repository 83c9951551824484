"""The corpus: films by name, with what the check must find in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.film.verdict import Flaw
from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import BASELINE, FAST, FILLED, LIVE, MEDIUM, VBV, Film

FRONT = {"movflags": "faststart"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
INDEXED = {"movflags": "dash+frag_keyframe+empty_moov+default_base_moof+global_sidx"}
HLS = {"hls_time": "4", "hls_playlist_type": "vod"}

BLANK, STILL, SILENT = Flaw.BLANK, Flaw.STILL, Flaw.SILENT
MUTE, NO_SOUND, EMPTY, BROKEN = Flaw.SILENT_STRETCH, Flaw.NO_SOUND_TRACK, Flaw.EMPTY, Flaw.UNPLAYABLE


@dataclass(frozen=True)
class Case:
    """A film, what is wrong with it in truth, and what is done to its bytes: `half`, `no_index`, `cut_index`…"""

    film: Film
    wrong: frozenset[Flaw] = frozenset()
    damage: str = ""
    quick: bool = False
    """Part of the tests that always run."""


def _case(film: Film, *wrong: Flaw, damage: str = "", quick: bool = False) -> Case:
    return Case(film, frozenset(wrong), damage, quick)


_SMALL = (320, 240)
_MEET = Film(see.meeting, hear.speech, size=_SMALL, seconds=10, fps=15, mono=True)
_FRONT = replace(_MEET, options=FAST, mux=FRONT)
_FRAGMENTED = replace(_MEET, mux=FRAGMENTS)
_HLS = replace(_MEET, mux=HLS, name="index.m3u8")
_BIG, _HD = (1280, 720), (1920, 1080)

CASES: dict[str, Case] = {
    # one colour
    "black, ultrafast": _case(Film(see.colour(0), hear.zero, options=FAST), BLANK, SILENT, quick=True),
    "black, medium, 720p": _case(Film(see.colour(0), hear.zero, size=_BIG, options=MEDIUM), BLANK, SILENT),
    "black, 1080p": _case(Film(see.colour(0), hear.zero, size=_HD), BLANK, SILENT),
    "white, upright": _case(Film(see.colour(250), hear.zero, size=(390, 844), options=MEDIUM), BLANK, SILENT),
    "white with speech": _case(Film(see.colour(255), hear.speech), BLANK),
    "black, constant rate": _case(Film(see.colour(0), hear.zero, options=FILLED, rate=800_000), BLANK, SILENT),
    "black, fragmented": _case(Film(see.colour(0), hear.zero, mux=FRAGMENTS), BLANK, SILENT),
    # nothing moves
    "still page, ultrafast": _case(Film(see.still(), hear.zero, options=FAST), STILL, SILENT),
    "still page, medium": _case(Film(see.still(), hear.zero, options=MEDIUM), STILL, SILENT),
    "still page, baseline": _case(Film(see.still(), hear.zero, options=BASELINE), STILL, SILENT),
    "still page, 1080p": _case(Film(see.still(), hear.zero, size=_HD), STILL, SILENT),
    "still page, constant rate": _case(
        Film(see.still(), hear.zero, options=FILLED, rate=800_000, size=_BIG), STILL, SILENT
    ),
    "still page, mean rate": _case(
        Film(see.still(), hear.zero, options={"preset": "veryfast"}, rate=1_000_000, seconds=30), STILL, SILENT
    ),
    "still page, vbv": _case(Film(see.still(), hear.zero, options=VBV, fps=15, rate=800_000), STILL, SILENT),
    "still page, mpeg4": _case(Film(see.still(), hear.zero, codec="mpeg4", options={}, rate=1_000_000), STILL, SILENT),
    "still page, hevc": _case(
        Film(
            see.still(), hear.zero, codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=error"}
        ),
        STILL,
        SILENT,
    ),
    "still page, one key frame": _case(Film(see.still(), hear.zero, options=LIVE, gop_s=100), STILL, SILENT),
    "still page, 10 a second, ultrafast": _case(Film(see.still(), hear.zero, options=FAST, fps=10), STILL, SILENT),
    "sign-in": _case(Film(see.login, hear.zero, options=MEDIUM), STILL, SILENT, quick=True),
    "sign-in, 720p": _case(Film(see.login, hear.zero, size=_BIG), STILL, SILENT),
    "one line of text": _case(Film(see.one_line, hear.zero, options=FAST), STILL, SILENT),
    "gradient": _case(Film(see.gradient, hear.zero, options=MEDIUM), STILL, SILENT),
    "caret": _case(Film(see.caret, hear.zero, options=MEDIUM, size=_BIG), STILL, SILENT),
    "spinner": _case(Film(see.spinner(14), hear.zero, size=_BIG), STILL, SILENT),
    "still page, no sound track": _case(Film(see.still(), None), STILL, NO_SOUND),
    "still page, rare speech": _case(Film(see.still(), hear.rare(hear.speech, 60, 4), seconds=130, fps=10)),
    "still page, speech": _case(Film(see.still(), hear.speech)),
    "still page, speech, 11 minutes": _case(
        Film(see.still(), hear.hiss(-50), seconds=660, fps=4, size=(160, 120), mono=True), STILL
    ),
    # silence
    "meeting, silent": _case(replace(_MEET, sound=hear.zero), SILENT, quick=True),
    "meeting, silent, mono 32k": _case(Film(see.meeting, hear.zero, mono=True, sound_rate=32_000), SILENT),
    "meeting, silent, Opus": _case(Film(see.meeting, hear.zero, sound_codec="libopus", sound_rate=64_000), SILENT),
    "meeting, silent, MP3": _case(Film(see.meeting, hear.zero, sound_codec="libmp3lame"), SILENT),
    "clock, silent": _case(Film(see.clock, hear.zero, size=_BIG), SILENT),
    "slides, silent": _case(Film(see.slides(5), hear.zero, seconds=22), SILENT),
    "meeting, constant rate, silent": _case(Film(see.meeting, hear.zero, options=FILLED, rate=800_000), SILENT),
    "meeting, mute after 20 s": _case(
        Film(see.meeting, hear.gated(hear.hiss(-40), 0, 20), seconds=90, fps=5, size=(160, 120), mono=True),
        MUTE,
        quick=True,
    ),
    "meeting, nothing after 40 s": _case(
        Film(see.between(see.meeting, 40, 999), hear.gated(hear.speech, 0, 40), seconds=120, fps=10, size=(320, 240)),
        MUTE,
        STILL,
    ),
    "meeting, no sound track": _case(replace(_MEET, sound=None), NO_SOUND, quick=True),
    # all is well
    "meeting": _case(Film(see.meeting, hear.speech)),
    "meeting, index in front": _case(_FRONT, quick=True),
    "meeting, vbv": _case(Film(see.meeting, hear.speech, options=VBV, fps=15, rate=800_000)),
    "meeting, constant rate": _case(Film(see.meeting, hear.speech, options=FILLED, rate=800_000)),
    "meeting, mpeg4": _case(Film(see.meeting, hear.speech, codec="mpeg4", options={}, rate=1_000_000)),
    "meeting, hiss": _case(Film(see.meeting, hear.hiss(-90))),
    "meeting, hum": _case(Film(see.meeting, hear.hum(-50), mono=True, sound_rate=32_000)),
    "meeting, hiss, Opus": _case(Film(see.meeting, hear.hiss(-60), sound_codec="libopus", sound_rate=64_000)),
    "meeting, music, 1080p": _case(Film(see.meeting, hear.music, size=_HD, seconds=9)),
    "meeting, baseline": _case(Film(see.meeting, hear.music, options=BASELINE)),
    "clock with beeps": _case(Film(see.clock, hear.beep, options=FAST, size=_BIG)),
    "slides with speech": _case(Film(see.slides(9), hear.speech, options=LIVE, fps=15, seconds=40)),
    "noise": _case(Film(see.noise, hear.music, seconds=9)),
    "sound alone": _case(Film(None, hear.speech)),
    "still for 50 s": _case(Film(see.between(see.meeting, 20, 70), hear.speech, seconds=90, fps=10, size=(320, 240))),
    # layouts
    "fragmented": _case(_FRAGMENTED, quick=True),
    "fragmented with sidx": _case(Film(see.meeting, hear.speech, mux=INDEXED)),
    "fragmented, killed": _case(_FRAGMENTED, damage="fragment", quick=True),
    "fragmented, nothing yet": _case(_FRAGMENTED, EMPTY, damage="head"),
    "64-bit boxes": _case(_MEET, damage="wide", quick=True),
    "HLS, TS": _case(_HLS, quick=True),
    "HLS, TS, black": _case(Film(see.colour(0), hear.zero, mux=HLS, name="index.m3u8"), BLANK, SILENT, quick=True),
    "HLS, TS, sign-in": _case(Film(see.login, hear.zero, mux=HLS, name="index.m3u8", seconds=60), STILL, SILENT),
    "HLS, TS, silent": _case(Film(see.meeting, hear.zero, mux=HLS, name="index.m3u8"), SILENT),
    "HLS, TS, still with speech": _case(Film(see.still(), hear.speech, mux=HLS, name="index.m3u8")),
    "HLS, fMP4": _case(replace(_HLS, mux={**HLS, "hls_segment_type": "fmp4"}), quick=True),
    "HLS, fMP4, black": _case(
        Film(see.colour(0), hear.zero, mux={**HLS, "hls_segment_type": "fmp4"}, name="index.m3u8"), BLANK, SILENT
    ),
    "HLS, segment missing": _case(_HLS, BROKEN, damage="segment", quick=True),
    # broken
    "no bytes": _case(_MEET, EMPTY, damage="empty", quick=True),
    "one third of a second": _case(Film(see.meeting, hear.speech, seconds=0.3), EMPTY),
    "index missing": _case(_MEET, BROKEN, damage="no_index", quick=True),
    "index cut off": _case(_MEET, BROKEN, damage="cut_index"),
    "cut off in the middle": _case(_FRONT, BROKEN, damage="half", quick=True),
    "an error page": _case(_MEET, BROKEN, damage="page", quick=True),
    "zeros": _case(_MEET, BROKEN, damage="zeros"),
}


def damaged(body: bytes, damage: str) -> bytes:
    """Return a film's bytes as they are after a fault."""
    index = body.rfind(b"moov") - 4
    match damage:
        case "empty":
            return b""
        case "half":
            return body[: len(body) // 2]
        case "no_index":
            return body[:index]
        case "cut_index":
            return body[: index + 900]
        case "head":
            return body[: body.find(b"moof") - 4]
        case "fragment":
            return body[: int(len(body) * 0.7)]
        case "page":
            return b"<?xml version='1.0'?><Error><Flaw>NoSuchKey</Flaw></Error>"
        case "zeros":
            return bytes(100_000)
        case "wide":
            # The muxer leaves eight free bytes in front of the media for this.
            at = body.find(b"mdat") - 4
            size = int.from_bytes(body[at : at + 4], "big")
            return body[: at - 8] + (1).to_bytes(4, "big") + b"mdat" + (size + 8).to_bytes(8, "big") + body[at + 8 :]
    return body
