"""Playlists as strangers write them: their segments are found under every spelling, and their clocks may turn."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest

from local.film import check_file
from shared.domain.film.check import inspect
from shared.domain.film.reader import Budget
from shared.domain.film.verdict import FilmCheck, Flaw, Verdict
from tests.shared.domain.test_film_strange import fragment, fragmented, heard, moving

HEAD = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n'
PICTURE, SOUND, OTHER, MAP = 0x100, 0x101, 0x102, 0x1000
WIDE = bytes.fromhex("67640016acd940a02ff9701100000300010000030032")  # 640 x 360
TURN = 1 << 33


def judged(playlist: str, files: Mapping[str, bytes]) -> FilmCheck:
    def opened(name: str) -> tuple[object, int] | None:
        body = files.get(name)
        return None if body is None else (lambda at, many: body[at : at + many], len(body))

    body = playlist.encode()
    return inspect("index.m3u8", lambda at, many: body[at : at + many], len(body), Budget(), open_=opened)  # type: ignore[arg-type]


def files(name: str = "a{}.m4s") -> dict[str, bytes]:
    """Ten segments of two seconds, and what stands in front of them."""
    made = {name.format(i): fragment(moving(2), heard(2), 2 * i) for i in range(10)}
    return {"init.mp4": fragmented(0), **made}


def playlist(name: str, head: str = HEAD) -> str:
    return head + "".join(f"#EXTINF:2,\n{name.format(i)}\n" for i in range(10)) + "#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    "name",
    ["a{}.m4s", "./a{}.m4s", "sub/../a{}.m4s", "%61{}.m4s", "a{}.m4s?sign=/x", "a{}.m4s#t=1", "/films/k1/a{}.m4s",
     "https://bucket.example.com/films/a{}.m4s?sign=a/b"],
)  # fmt: skip
def test_a_segment_is_found_however_it_is_named(name: str) -> None:
    """An address or a path that begins at the root is looked for beside the playlist."""
    check = judged(playlist(name), files())
    assert (Verdict.GOOD, 20.0) == (check.verdict, check.seconds)


def test_a_name_may_hold_a_percent_sign() -> None:
    """What is written is looked for before what it would be decoded."""
    assert Verdict.GOOD == judged(playlist("a%20{}.m4s"), files("a%20{}.m4s")).verdict


@pytest.mark.parametrize("name", ["https://cdn.example.com/x{}.m4s", "/far/x{}.m4s", "../far/x{}.m4s"])
def test_segments_elsewhere_are_not_missing(name: str) -> None:
    """Nobody can say from here whether they are there."""
    check = judged(playlist(name), files())
    assert (Verdict.UNCHECKED, "its segments do not lie beside it") == (check.verdict, check.why)


@pytest.mark.parametrize("head", ["\ufeff" + HEAD, HEAD.replace("\n", "\r\n")])
def test_a_mark_in_front_and_other_ends_of_lines_are_none_of_its_segments(head: str) -> None:
    """As editors write them."""
    assert [] == judged(playlist("a{}.m4s", head), files()).findings


def test_an_index_that_is_a_part_of_a_file_is_not_looked_for_as_a_file() -> None:
    """BYTERANGE stands in the map, too."""
    head = HEAD.replace('"init.mp4"', '"all.mp4",BYTERANGE="700@0"')
    assert Verdict.UNCHECKED == judged(playlist("a{}.m4s", head), files()).verdict


def test_segments_that_are_missing_in_a_row_are_one_finding() -> None:
    """Not a line for each."""
    gone = [one for one in judged(playlist("a{}.m4s"), dict(list(files().items())[:4])).findings if one.from_ms]
    assert [(Flaw.UNPLAYABLE, 6000, 20_000)] == [(one.code, one.from_ms, one.to_ms) for one in gone]


@pytest.mark.parametrize("name", ["a" * 5000, "a%00b"])
def test_a_name_that_no_file_can_have_is_a_missing_segment(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """And no failure of the look."""
    folder = tmp_path_factory.mktemp("names")
    for file, body in files().items():
        (folder / file).write_bytes(body)
    path = folder / "index.m3u8"
    path.write_text(playlist("a{}.m4s").replace("a3.m4s", name))
    assert ["Segments are missing or empty from 0:00:06 to 0:00:08."] == [
        one.words for one in check_file(path).findings
    ]


def packets(pid: int, payload: bytes) -> bytes:
    """Cut what begins in a packet into packets."""
    found, starts = b"", 0x40
    while payload:
        part, payload = payload[:184], payload[184:]
        room = 184 - len(part)
        stuffing = bytes([room - 1, *([0] * (room > 1)), *([255] * (room - 2))]) if room else b""
        found += struct.pack(">BHB", 0x47, starts << 8 | pid, 0x30 if room else 0x10) + stuffing + part
        starts = 0
    return found


def section(kind: int, *words: bytes) -> bytes:
    body = bytes([0, 1, 0xC1, 0, 0]) + b"".join(words)
    return b"\0" + struct.pack(">BH", kind, 0xB000 | len(body) + 4) + body + bytes(4)


def unit(pid: int, at: int, body: bytes) -> bytes:
    at %= TURN
    time = (at >> 29 & 14 | 0x21, at >> 22 & 255, at >> 14 & 254 | 1, at >> 7 & 255, at << 1 & 254 | 1)
    return packets(
        pid, b"\0\0\1" + bytes([0xE0 if pid == PICTURE else 0xC0]) + bytes([0, 0, 0x80, 0x80, 5, *time]) + body
    )


def frames(count: int, size: int) -> bytes:
    long = size + 7
    head = bytes([0xFF, 0xF1, 0x4C, 0x80 | long >> 11, long >> 3 & 255, (long & 7) << 5 | 31, 0xFC])
    return (head + b"\x0f" * size) * count


def stream(begin: int, *, network: bool = False, private: bool = False, dark: bool = False) -> bytes:
    """Two seconds: a picture that moves, unless it is dark, and a sound."""
    programs = [struct.pack(">HH", 0, 0xE010)] * network + [struct.pack(">HH", 1, 0xE000 | MAP)]
    kinds = [(0x1B, PICTURE), (0x0F, SOUND), *([(0x15, OTHER), (0x06, OTHER + 1)] * private)]
    rows = b"".join(struct.pack(">BHH", kind, 0xE000 | pid, 0xF000) for kind, pid in kinds)
    out = packets(0, section(0, *programs)) + packets(MAP, section(2, struct.pack(">HH", 0xE100, 0xF000), rows))
    for i in range(50):
        key, at = i == 0, begin + i * 3600
        slices = b"\x65" + b"\x11" * 900 if key else b"\x41" + b"\x22" * (12 if dark else 700 + i * 97 % 900)
        out += unit(PICTURE, at, (b"\0\0\1" + WIDE if key else b"") + b"\0\0\1" + slices)
        out += unit(SOUND, at, frames(2, 6 if dark else 250 + i % 40))
        out += unit(OTHER, at, b"x" * 150) if private else b""
        out += unit(OTHER + 1, at, b"x" * 900) if private else b""
    return out


def segments(shift: int = 0, **how: bool) -> FilmCheck:
    made = {f"a{i}.m4s": stream(shift + i * 180_000, **how) for i in range(10)}
    return judged(playlist("a{}.m4s", "#EXTM3U\n"), made)


@pytest.mark.parametrize("shift", [0, TURN - 5 * 90_000, TURN - 90_000])
def test_a_clock_that_begins_again_is_no_day_of_silence(shift: int) -> None:
    """After 26 hours it does, in the middle of a segment."""
    check = segments(shift)
    assert (Verdict.GOOD, 20.0, []) == (check.verdict, check.seconds, check.untold)


def test_one_time_that_is_none_moves_nothing_else() -> None:
    """A damaged packet."""
    odd = stream(0) + unit(PICTURE, 1 << 32, b"\0\0\1\x41" + b"\x22" * 700)
    made = {f"a{i}.m4s": odd if i == 4 else stream(i * 180_000) for i in range(10)}
    assert Verdict.GOOD == judged(playlist("a{}.m4s", "#EXTM3U\n"), made).verdict


def test_the_network_is_no_program() -> None:
    """Broadcasters name it first."""
    assert Verdict.GOOD == segments(network=True).verdict


def test_what_is_neither_picture_nor_sound_is_neither() -> None:
    """Marks in time and subtitles have streams, too."""
    check = segments(private=True, dark=True)
    assert ({Flaw.SILENT, Flaw.BLANK}, Verdict.BAD) == ({one.code for one in check.findings}, check.verdict)
