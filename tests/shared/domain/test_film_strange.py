"""Films that players play though something in them is odd: no alarm; and those that only look well: no praise."""

from __future__ import annotations

import pytest

from shared.domain.film.check import inspect
from shared.domain.film.reader import Budget, FilmError, Reader
from shared.domain.film.tables import MOST_TRACKS
from shared.domain.film.verdict import FilmCheck, Flaw, Verdict
from tests.shared.domain.test_film_hostile import box, film, full, ints, look, table, track

PICTURE = box(b"avc1", bytes(24), ints(640 << 16 | 360), bytes(50))
VOICE = box(b"mp4a", bytes(16), ints(2 << 16 | 16, 0, 48_000 << 16))
GROUP = 50


def moving(seconds: int) -> list[int]:
    return [9000 if i % GROUP == 0 else 700 + i * 97 % 1500 for i in range(25 * seconds)]


def heard(seconds: int, size: int = 300) -> list[int]:
    return [size + (i % 50 if size > 10 else 0) for i in range(seconds * 48_000 // 1024)]


def made(*traks: bytes, media: int = 4_000_000) -> FilmCheck:
    """Look into a film of these tracks."""
    head = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", full(b"mvhd", bytes(96)), *traks)
    body = head + box(b"mdat", b"\x0f" * media)
    return inspect("film.mp4", lambda at, many: body[at : at + many], len(body), Budget())


def seen(sizes: list[int], at: int = 100) -> bytes:
    return track(b"vide", sizes, 12_800, 512, PICTURE, list(range(1, len(sizes) + 1, GROUP)), at)


def sound(sizes: list[int], at: int = 100) -> bytes:
    return track(b"soun", sizes, 48_000, 1024, VOICE, [], at)


def fragment(sizes: list[int], frames: list[int], second: int, number: int = 1, *, timed: bool = True) -> bytes:
    """Two seconds of picture and sound behind their index."""

    def traf(which: int, usual: int, begin: int, table_of: list[int], flags: int) -> bytes:
        tfdt = full(b"tfdt", ints(begin)) if timed else b""
        rows = [word for i, size in enumerate(table_of) for word in ((size, (i > 0) << 16) if flags else (size,))]
        kind = (0x600 if flags else 0x200).to_bytes(4, "big")
        return box(
            b"traf",
            box(b"tfhd", ints(0x20008, which, usual)),
            tfdt,
            box(b"trun", kind, ints(len(table_of)), table(rows)),
        )

    pair = [traf(1, 512, second * 12_800, sizes, 1)] if sizes else []
    pair += [traf(2, 1024, second * 48_000, frames, 0)] if frames else []
    moof = box(b"moof", full(b"mfhd", ints(number)), *pair)
    return moof + box(b"mdat", b"\x0f" * (sum(sizes) + sum(frames)))


def fragmented(count: int, tail: bytes = b"", *, quiet: bool = False, timed: bool = True) -> bytes:
    mvex = box(b"mvex", full(b"trex", ints(1, 1, 0, 0, 0)), full(b"trex", ints(2, 1, 0, 0, 0)))
    head = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", seen([]), sound([]), mvex)
    frames = heard(2, 6 if quiet else 300)
    return head + b"".join(fragment(moving(2), frames, 2 * i, timed=timed) for i in range(count)) + tail


@pytest.mark.parametrize("tag", [b"TAG" + b"x" * 125, ints(1) + b"free", ints(3) + b"abcd", bytes(1000), b"\1"])
def test_what_an_editor_wrote_behind_the_index_is_no_damage(tag: bytes) -> None:
    """Players stop at their index."""
    assert [] == look(film() + tag)[0].findings
    whole = film()
    at = whole.find(b"moov") - 4
    moov = whole[at : whole.find(b"mdat") - 4]
    last = whole[:at] + box(b"mdat", b"\x0f" * 2_000_000) + moov + tag
    assert (Verdict.GOOD, []) == (look(last)[0].verdict, look(last)[0].findings)


def test_a_second_index_is_not_the_films() -> None:
    """Players take the first one."""
    whole = film()
    at = whole.find(b"mdat") - 4
    check, _ = look(whole[:at] + box(b"moov", seen([9000])) + whole[at:])
    assert (Verdict.GOOD, 20.01) == (check.verdict, check.seconds)


def test_a_track_of_another_kind_may_be_of_any_shape() -> None:
    """Of subtitles, timecode or hints; or more tracks than are looked at, which is no fault of the film."""
    check = made(seen(moving(20)), sound(heard(20)), box(b"trak", full(b"tkhd", bytes(80))), box(b"trak", box(b"mdia")))
    assert Verdict.GOOD == check.verdict
    many = made(*[sound(heard(20))] * (MOST_TRACKS + 1))
    assert (Verdict.UNCHECKED, f"it has more than {MOST_TRACKS} tracks") == (many.verdict, many.why)


def test_a_time_that_goes_back_is_one_step() -> None:
    """As players take it: a duration of 2^32 - 600 is no film of days."""
    uneven = full(b"stts", ints(3, 250, 512, 1, 2**32 - 600, 249, 512))
    even = full(b"stts", ints(1, 500, 512))
    whole = seen(moving(20))
    odd = whole.replace(even, uneven)
    # The boxes around have grown.
    for kind in (b"stbl", b"minf", b"mdia", b"trak"):
        at = odd.find(kind) - 4
        odd = odd[:at] + ints(int.from_bytes(odd[at : at + 4], "big") + 16) + odd[at + 4 :]
    check = made(odd, sound(heard(20)))
    assert (Verdict.GOOD, 19.99) == (check.verdict, check.seconds)


def test_a_raw_sound_has_a_sample_for_each_number() -> None:
    """Minutes of PCM have millions; that they are zeros is not told."""
    count = 200 * 48_000
    raw = sound([]).replace(full(b"stsz", ints(0, 0)), full(b"stsz", ints(4, count)))
    raw = raw.replace(full(b"stts", ints(1, 0, 1024)), full(b"stts", ints(1, count, 1))).replace(b"mp4a", b"sowt")
    check = made(seen(moving(200)), raw, media=4 * count + 8_000_000)
    assert (Verdict.GOOD, 200.0, ["sound"]) == (check.verdict, check.seconds, check.untold)


@pytest.mark.parametrize("tail", [b"", bytes(range(1, 200)), ints(3) + b"abcd" * 20])
def test_what_stands_behind_the_last_fragment_is_no_damage(tail: bytes) -> None:
    """A killed recorder leaves what it had set aside."""
    check, _ = look(fragmented(10, tail))
    assert (Verdict.GOOD, 20) == (check.verdict, round(check.seconds or 0))


def test_a_film_whose_beginning_stands_in_the_index_goes_on_in_fragments() -> None:
    """As some recorders write it: two seconds there, two minutes of silence behind."""
    mvex = box(b"mvex", full(b"trex", ints(1, 1, 0, 0, 0)), full(b"trex", ints(2, 1, 0, 0, 0)))
    head = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", seen(moving(2)), sound(heard(2)), mvex)
    quiet = [fragment(moving(2), heard(2, 6), second) for second in range(2, 120, 2)]
    check, _ = look(head + box(b"mdat", b"\x0f" * 200_000) + b"".join(quiet))
    assert ([Flaw.SILENT_STRETCH], 120) == ([one.code for one in check.findings], round(check.seconds or 0))


@pytest.mark.parametrize("offset", [77, 10**9])
def test_an_index_of_fragments_that_lies_is_not_believed(offset: int) -> None:
    """The boxes themselves say where fragments are."""
    rows = b"".join(ints(i, offset + i) + b"\1\1\1" for i in range(200))
    tfra = full(b"tfra", ints(1, 0, 200), rows)
    mfra = box(b"mfra", tfra, full(b"mfro", ints(8 + len(tfra) + 16)))
    check, _ = look(fragmented(200, mfra))
    assert (Verdict.GOOD, 400) == (check.verdict, round(check.seconds or 0))


def test_the_length_of_many_fragments_without_times_is_not_told() -> None:
    """The first ones are looked at and the last; how long lies in between is unknown, and no film is called shorter."""
    assert (Verdict.GOOD, None) == ((check := look(fragmented(200, timed=False))[0]).verdict, check.seconds)
    assert 400 == round(look(fragmented(200))[0].seconds or 0)


def test_a_fragmented_film_whose_sound_was_not_looked_at_is_not_without_sound() -> None:
    """Where each fragment holds one track, those that are looked at may hold the picture alone."""
    mvex = box(b"mvex", full(b"trex", ints(1, 1, 0, 0, 0)), full(b"trex", ints(2, 1, 0, 0, 0)))
    body = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", seen([]), sound([]), mvex)
    body += b"".join(fragment(moving(2), heard(2) if i == 180 else [], 2 * i) for i in range(200))
    check, _ = look(body)
    assert (Verdict.GOOD, ["sound"]) == (check.verdict, check.untold)


def test_boxes_without_end_in_fragments_are_not_walked() -> None:
    """Twenty million of eight bytes took a function's whole time."""
    traf = box(b"traf", box(b"abcd") * 4000, full(b"tfhd", ints(1)))
    body = fragmented(0) + (box(b"moof", traf * 125) + box(b"mdat"))
    check, _ = look(body)
    assert (Verdict.UNCHECKED, False) == (check.verdict, check.again)


def test_a_sample_that_lies_behind_the_end_is_asked_of_no_store() -> None:
    """A store has no range there, and none of no bytes."""
    asked = list[int]()

    def read(_at: int, many: int) -> bytes:
        asked.append(many)
        return bytes(many)

    reader = Reader(read, 100, Budget())
    assert b"" == reader.at(50, 0, window=0)
    with pytest.raises(FilmError, match="breaks off"):
        reader.at(3_000, 10, window=0)
    assert [] == asked


def test_a_track_that_ends_before_the_film_is_silent_or_still_from_there() -> None:
    """Players go on with the other one."""
    mute = made(seen(moving(100)), sound(heard(20)))
    assert [(Flaw.SILENT_STRETCH, 20_000)] == [(one.code, one.from_ms) for one in mute.findings]
    stuck = made(seen(moving(20)), sound(heard(700)), media=14_000_000)
    assert [(Flaw.STILL, 20_000)] == [(one.code, one.from_ms) for one in stuck.findings]


def test_one_picture_is_a_still_film() -> None:
    """A recorder that writes what changes writes no second one."""
    one = track(b"vide", [9000], 12_800, 60 * 12_800, PICTURE, [1], 100)
    assert Verdict.BAD == made(one, sound(heard(60, 6))).verdict


def test_a_lecture_with_a_slide_each_five_minutes_is_no_still_film() -> None:
    """Eleven changes in an hour are few, and are changes."""
    pictures = [9000 if i % GROUP == 0 else 12 for i in range(3600 * 25)]
    for second in range(300, 3600, 300):
        pictures[second * 25 + 30] = 30_000
    assert [] == made(seen(pictures), sound(heard(3600, 100)), media=45_000_000).findings
