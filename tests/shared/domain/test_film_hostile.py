"""A stranger's bytes: whatever they are, a look ends soon, costs little, and says something."""

from __future__ import annotations

import struct
import tracemalloc
from array import array
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.film.check import inspect
from shared.domain.film.reader import Budget, Reader
from shared.domain.film.tables import MOST_KEYS, tracks
from shared.domain.film.verdict import FilmCheck, Flaw, Verdict
from tests.examples import at_most


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, *parts: bytes) -> bytes:
    return box(kind, bytes(4), *parts)


def ints(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def table(values: list[int]) -> bytes:
    found = array("I", values)
    found.byteswap()
    return found.tobytes()


def track(kind: bytes, sizes: list[int], scale: int, length: int, entry: bytes, sync: list[int], at: int) -> bytes:
    stbl = box(
        b"stbl",
        full(b"stsd", ints(1), entry),
        full(b"stts", ints(1, len(sizes), length)),
        *([full(b"stss", ints(len(sync)), table(sync))] if sync else []),
        full(b"stsc", ints(1, 1, len(sizes), 1)),
        full(b"stsz", ints(0, len(sizes)), table(sizes)),
        full(b"stco", ints(1, at)),
    )
    mdia = box(
        b"mdia",
        full(b"mdhd", ints(0, 0, scale, 0, 0)),
        full(b"hdlr", bytes(4), kind, bytes(13)),
        box(b"minf", stbl),
    )
    return box(b"trak", full(b"tkhd", ints(0, 0, 1 if kind == b"vide" else 2), bytes(68)), mdia)


@cache
def film() -> bytes:
    """A film of 20 s, its index in front; moving, and heard."""
    pictures = [9000 if i % 50 == 0 else 700 + i * 97 % 1500 for i in range(500)]
    sounds = [300 + i % 50 for i in range(938)]
    entry = box(b"avc1", bytes(24), struct.pack(">HH", 640, 360), bytes(50))
    voice = box(b"mp4a", bytes(16), struct.pack(">HHHHI", 2, 16, 0, 0, 48000 << 16))
    moov = box(
        b"moov",
        full(b"mvhd", bytes(96)),
        track(b"vide", pictures, 12800, 512, entry, list(range(1, 501, 50)), 5000),
        track(b"soun", sounds, 48000, 1024, voice, [], 6000),
    )
    return box(b"ftyp", b"isom" + bytes(4)) + moov + box(b"mdat", b"\x0f" * (sum(pictures) + sum(sounds)))


def look(body: bytes, name: str = "film.mp4", size: int | None = None) -> tuple[FilmCheck, Budget]:
    budget = Budget()
    said = len(body) if size is None else size
    files: dict[str, bytes] = {"a.ts": body[:5000], "init.mp4": body[:900], "b.m4s": body}
    reads: Callable[[bytes], Callable[[int, int], bytes]] = lambda data: lambda at, many: data[at : at + many]  # noqa: E731
    check = inspect(
        name,
        reads(body),
        said,
        budget,
        open_=lambda wanted: (reads(files[wanted]), len(files[wanted])) if wanted in files else None,
    )
    return check, budget


def test_the_film_is_good_before_it_is_damaged() -> None:
    """What the mutations begin with is read to its end, in few reads."""
    check, budget = look(film())
    assert (Verdict.GOOD, 20.01, []) == (check.verdict, check.seconds, check.findings)
    assert budget.used_reads <= 5


mutations = st.lists(st.tuples(st.integers(0, 9000), st.sampled_from([0, 1, 2, 127, 128, 255])), max_size=8)


@settings(max_examples=at_most(150), deadline=None)
@given(mutations)
def test_a_damaged_index_never_raises_and_costs_no_more_than_its_share(changes: list[tuple[int, int]]) -> None:
    """Any bytes of the index may be any others."""
    body = bytearray(film())
    for at, value in changes:
        body[at] = value
    check, budget = look(bytes(body))
    assert check.verdict in Verdict
    assert "could not be read" not in " ".join(one.words for one in check.findings)
    assert budget.used_reads <= budget.reads


@settings(max_examples=at_most(150), deadline=None)
@given(st.binary(max_size=3000), st.sampled_from(["film.mp4", "film.m3u8", "x.ts", ""]))
def test_any_bytes_at_all(body: bytes, name: str) -> None:
    """Neither a name nor what stands in the file can make a look fail."""
    assert look(body, name)[0].verdict in Verdict


@settings(max_examples=at_most(60), deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["#EXTINF:4,", "#EXTINF:nan,", "#EXTINF:-1e999,", "a.ts", "b.m4s", "../a.ts", '#EXT-X-MAP:URI="init.mp4"',
             "#EXT-X-ENDLIST", "#EXT-X-KEY:METHOD=AES-128", "gone.ts", "%zz", "\0"]
        )
    )
)  # fmt: skip
def test_any_playlist(lines: list[str]) -> None:
    """Whatever it names."""
    assert look("\n".join(["#EXTM3U", *lines]).encode(), "film.m3u8")[0].verdict in Verdict


@settings(max_examples=at_most(60), deadline=None)
@given(st.integers(0, 12000))
def test_a_film_that_breaks_off_is_never_good(length: int) -> None:
    """Wherever it was cut."""
    check, _ = look(film()[:length])
    assert Verdict.BAD == check.verdict


def test_a_file_that_is_shorter_than_the_listing_said_is_not_judged() -> None:
    """Somebody replaced it: what was read belongs to no film."""
    check, _ = look(film()[:2000], size=len(film()))
    assert (Verdict.UNCHECKED, []) == (check.verdict, check.findings)
    assert check.why


def test_a_store_that_fails_leaves_the_film_unchecked() -> None:
    """An error of ours is no finding."""

    def fail(_at: int, _many: int) -> bytes:
        raise OSError("the disk")

    check = inspect("film.mp4", fail, 1000, Budget())
    assert (Verdict.UNCHECKED, "reading failed: OSError: the disk") == (check.verdict, check.why)


def test_no_more_is_read_than_the_budget_allows() -> None:
    """A film whose boxes go on for ever ends at its share."""
    body = box(b"ftyp", bytes(8)) + b"".join(box(b"free", bytes(70_000)) for _ in range(40))
    budget = Budget(reads=10)
    check = inspect("film.mp4", lambda at, many: body[at : at + many], len(body), budget)
    assert (Verdict.UNCHECKED, 10) == (check.verdict, budget.used_reads)


def test_tables_that_claim_more_than_their_box_has_are_refused_before_memory_is_taken() -> None:
    """A count of four billion costs nothing."""
    at = film().find(b"stsz") + 12
    body = film()[: at - 4] + ints(1, 0xFFFFFFFF) + film()[at + 4 :]
    check, _ = look(body)
    assert [Flaw.UNPLAYABLE] == [one.code for one in check.findings]


def test_key_frames_without_end_are_not_looked_at_one_by_one() -> None:
    """Seven million of them took a minute of a function's share of a core."""
    many = MOST_KEYS + 1
    for count, looked_at in ((MOST_KEYS, True), (many, False)):
        picture = track(b"vide", [1] * many, 90_000, 10, b"", list(range(1, count + 1)), 0)
        (one,) = tracks(memoryview(picture), Reader(lambda _at, length: bytes(length), 1 << 30, Budget()))
        assert looked_at == (one.sync is not None)
        assert many == len(one.sizes)


@pytest.mark.long
@pytest.mark.parametrize("table", ["chunks", "rows"])
def test_chunks_without_end_take_no_more_memory_than_an_index_may(table: str) -> None:
    """Five million samples, each in a chunk of its own, took 143 MB; the film is judged by their sizes."""
    many, chunks = 5_000_000, {"chunks": 15_000_000, "rows": 5_000_000}[table]
    rows = 3_300_000 if table == "rows" else 1
    stsc = array("I", [1, 1, 1]) * rows
    stsc[::3] = array("I", range(1, rows + 1))
    stsc.byteswap()
    stbl = box(
        b"stbl",
        full(b"stsd", ints(1), box(b"avc1", bytes(24), struct.pack(">HH", 640, 360), bytes(50))),
        full(b"stts", ints(1, many, 1)),
        full(b"stsc", ints(rows), stsc.tobytes()),
        full(b"stsz", ints(100, many)),
        full(b"stco", ints(chunks), bytes(4 * chunks)),
    )
    head = full(b"mdhd", ints(0, 0, 100, 0, 0)), full(b"hdlr", bytes(4), b"vide", bytes(13))
    moov = box(b"moov", box(b"trak", box(b"mdia", *head, box(b"minf", stbl))))
    body = box(b"ftyp", b"isom" + bytes(4)) + moov + ints(0) + b"mdat"
    del stbl, moov, stsc
    tracemalloc.start()
    check = inspect("a.mp4", lambda at, most: body[at : at + most].ljust(most, b"\0"), 1 << 34, Budget())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 96 << 20
    assert [Flaw.NO_SOUND_TRACK] == [one.code for one in check.findings]


def test_ignored_findings_are_not_reported_and_do_not_count() -> None:
    """A deployment that records clocks without sound wants to hear of nothing."""
    check = inspect("film.mp4", lambda _at, _many: b"", 0, Budget(), off=[Flaw.EMPTY])
    assert (Verdict.GOOD, []) == (check.verdict, check.findings)
