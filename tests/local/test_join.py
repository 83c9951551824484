"""Parts become one film: what is copied can be decoded, at its own time, with gaps and without encoding."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from local.join import MOST_GAP_S, JoinError, Part, join
from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import FAST, VERY_FAST, Film, write

FPS = 10
SMALL = Film(see.clock, hear.beep, seconds=3, fps=FPS, size=(224, 96), options=FAST)
BEGAN = 1_795_363_480_010


@dataclass
class Decoded:
    """What a player gets: seconds at which pictures are shown and sound is heard."""

    pictures: list[float]
    sounds: list[float]
    length: float


def decode(path: Path) -> Decoded:
    """Decode a whole film; FFmpeg must find nothing wrong."""
    found: dict[str, list[float]] = {"video": [], "audio": []}
    with av.open(str(path)) as film:
        for frame in film.decode(*film.streams.video, *film.streams.audio):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            assert not frame.is_corrupt
            assert frame.time is not None
            found["video" if isinstance(frame, av.VideoFrame) else "audio"].append(frame.time)
        return Decoded(found["video"], found["audio"], float(Fraction(film.duration or 0, av.time_base)))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two parts of 3 s and 2 s by one encoder."""
    folder = tmp_path_factory.mktemp("parts")
    return [write(SMALL, folder / "a"), write(replace(SMALL, seconds=2), folder / "b")]


@pytest.mark.parametrize("gap_s", [0, 1.5, 60])
def test_parts_stand_at_their_own_time(parts: list[Path], tmp_path: Path, gap_s: float) -> None:
    """Every picture of both is there and the gap is time, in picture and sound alike."""
    out = tmp_path / "film.mp4"
    second = 3 + gap_s
    made = join([Part(parts[0], BEGAN), Part(parts[1], BEGAN + int(second * 1000))], out)
    got = decode(out)
    assert 5 * FPS == len(got.pictures)
    assert second + 2 == pytest.approx(got.length, abs=0.15)
    assert second == pytest.approx(got.pictures[3 * FPS], abs=0.1)
    assert sorted(got.pictures) == got.pictures
    assert sorted(got.sounds) == got.sounds
    heard = [at for at in got.sounds if at > second - 0.05]
    assert second == pytest.approx(heard[0], abs=0.1)
    silence = max(after - before for before, after in zip(got.sounds, got.sounds[1:], strict=False))
    assert gap_s == pytest.approx(silence, abs=0.15)
    assert [0, second * 1000] == pytest.approx([at for _, at in made.parts], abs=100)
    assert got.length == pytest.approx(float(made.seconds), abs=0.1)
    assert ["film.mp4"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("begins", [(None, None), (BEGAN, None), (BEGAN, BEGAN), (BEGAN, BEGAN - 5_000)])
def test_a_part_never_begins_before_the_end_of_the_one_before(
    parts: list[Path], tmp_path: Path, begins: tuple[int | None, int | None]
) -> None:
    """Where times are missing or overlap, it is put behind; nothing is lost."""
    out = tmp_path / "film.mp4"
    join([Part(path, begin) for path, begin in zip(parts, begins, strict=True)], out)
    got = decode(out)
    assert 5 * FPS == len(got.pictures)
    assert 5 == pytest.approx(got.length, abs=0.2)


def test_a_gap_of_years_is_shortened_and_said(parts: list[Path], tmp_path: Path) -> None:
    """A clock that was wrong does not make a film of years."""
    said: list[str] = []
    made = join([Part(parts[0], 1), Part(parts[1], BEGAN)], tmp_path / "film.mp4", said.append)
    assert MOST_GAP_S + 5 == pytest.approx(float(made.seconds), abs=0.2)
    assert any("shortened" in line for line in said)


def test_pictures_that_are_decoded_early_and_playlists_are_joined(tmp_path: Path) -> None:
    """B pictures, an encoder's usual delay; TS segments, whose clock begins anywhere: each picture once, in order."""
    film = replace(SMALL, options={**VERY_FAST, "bf": "2"})
    hls = replace(film, mux={"hls_time": "1", "hls_playlist_type": "vod"}, name="index.m3u8")
    for number, each in enumerate((film, hls)):
        made = [write(each, tmp_path / f"{number}{side}") for side in "ab"]
        out = tmp_path / f"{number}.mp4"
        join([Part(made[0], BEGAN), Part(made[1], BEGAN + 3_000)], out)
        got = decode(out)
        assert 6 * FPS == len(got.pictures)
        assert 6 == pytest.approx(got.length, abs=0.3)
        assert 0.1 == pytest.approx(max(b - a for a, b in zip(got.pictures, got.pictures[1:], strict=False)), abs=0.1)


def test_a_playlist_that_was_cut_off_is_joined_whole(tmp_path: Path) -> None:
    """Nobody wrote its end: all pieces that it names are taken, from the first, and no other is waited for."""
    film = replace(SMALL, seconds=8, mux={"hls_time": "1", "hls_playlist_type": "vod"}, name="index.m3u8")
    whole = write(film, tmp_path)
    lines = whole.read_text().splitlines()
    (tmp_path / "cut.m3u8").write_text(
        "\n".join(line for line in lines if "ENDLIST" not in line and "TYPE" not in line)
    )
    before = sorted(tmp_path.iterdir())
    join([Part(tmp_path / "cut.m3u8")], tmp_path / "film.mp4")
    assert 8 * FPS == len(decode(tmp_path / "film.mp4").pictures)
    assert sorted([*before, tmp_path / "film.mp4"]) == sorted(tmp_path.iterdir())


def test_a_playlist_whose_clock_steps_back_goes_on(tmp_path: Path) -> None:
    """Segments that each begin at 0, as after a restart within a playlist."""
    for number in range(2):
        write(replace(SMALL, mux={"hls_time": "9"}, name=f"{number}.m3u8"), tmp_path)
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:3", "#EXTINF:3,", "00.ts", "#EXT-X-DISCONTINUITY", "#EXTINF:3,", "10.ts"]
    (tmp_path / "all.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    join([Part(tmp_path / "all.m3u8")], tmp_path / "film.mp4")
    got = decode(tmp_path / "film.mp4")
    assert 6 * FPS == len(got.pictures)
    assert 6 == pytest.approx(got.length, abs=0.3)


def test_a_part_without_sound_is_joined_with_the_others(parts: list[Path], tmp_path: Path) -> None:
    """Whichever comes first; sound stays at the time of its own picture."""
    mute = write(replace(SMALL, sound=None), tmp_path / "mute")
    for order in ((mute, parts[0]), (parts[0], mute)):
        out = tmp_path / "film.mp4"
        join([Part(order[0], BEGAN), Part(order[1], BEGAN + 3_000)], out)
        got = decode(out)
        assert 6 * FPS == len(got.pictures)
        begin = 0 if order[0] == parts[0] else 3
        assert begin == pytest.approx(got.sounds[0], abs=0.1)
        assert begin + 3 == pytest.approx(got.sounds[-1], abs=0.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": (320, 192)}, "the video of other.mp4 is 320x192, not 224x96 (as in film.mp4)"),
        ({"codec": "mpeg4", "options": {}}, "the video of other.mp4 is mpeg4, not h264"),
        ({"options": {**VERY_FAST, "profile": "high"}}, "the video of other.mp4 was set up otherwise by its encoder"),
        ({"sound_codec": "libopus"}, "the audio of other.mp4 is opus, not aac"),
        ({"mono": True}, "the audio of other.mp4 is 48000 Hz, mono, not 48000 Hz, stereo"),
    ],
)
def test_parts_that_differ_are_named(parts: list[Path], tmp_path: Path, change: dict[str, object], words: str) -> None:
    """With what differs, and nothing is left behind."""
    other = write(replace(SMALL, name="other.mp4", **change), tmp_path / "c")  # type: ignore[arg-type]
    out = tmp_path / "out" / "film.mp4"
    out.parent.mkdir()
    with pytest.raises(JoinError) as refused:
        join([Part(parts[0]), Part(other)], out)
    assert words in str(refused.value)
    assert [] == list(out.parent.iterdir())


def test_what_can_not_be_played_is_left_out_by_name_and_keeps_its_time(parts: list[Path], tmp_path: Path) -> None:
    """An empty file, an error page, one that was cut off: the others become the film."""
    broken = {
        "empty.mp4": b"",
        "page.mp4": b"<html>Forbidden</html>" * 9,
        "cut.mp4": parts[0].read_bytes()[:2_000],
        "list.m3u8": b"#EXTM3U\n#EXTINF:3,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "outside.mp4": b"ffconcat version 1.0\nfile /etc/hostname\n",
        "a.txt": b"x",
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
    between = [Part(tmp_path / name, BEGAN + 3_000) for name in broken]
    out = tmp_path / "film.mp4"
    made = join([Part(parts[0], BEGAN), *between, Part(parts[1], BEGAN + 9_000)], out)
    assert set(broken) == {name for name, _ in made.left_out}
    got = decode(out)
    assert 5 * FPS == len(got.pictures)
    assert 9 == pytest.approx(got.pictures[3 * FPS], abs=0.1)
    with pytest.raises(JoinError, match=r"no part can be played: empty.mp4: it has no bytes"):
        join([Part(tmp_path / "empty.mp4")], tmp_path / "none.mp4")


@pytest.mark.parametrize(
    "lines",
    [
        ["#EXT-X-STREAM-INF:BANDWIDTH=1", "list.m3u8"],
        ["#x\0#EXT-X-STREAM-INF:BANDWIDTH=1", "list.m3u8"],
        ['#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="list.m3u8"', "#EXTINF:3,", "a.ts"],
        ['#EXT-X-KEY:METHOD=AES-128,URI="pipe"', "#EXTINF:3,", "a.ts"],
        ['#EXT-X-MAP:URI="{folder}/pipe"', "#EXTINF:3,", "a.ts"],
        ["#EXTINF:3,", "pipe"],
        ["#EXTINF:3,", "a" * 5_000],
        ["#EXTINF:3,", "file:{folder}/pipe"],
        ["#EXTINF:3,", "sub/../../{name}/pipe"],
    ],
)
def test_a_playlist_that_leads_elsewhere_is_left_out(parts: list[Path], tmp_path: Path, lines: list[str]) -> None:
    """To itself, to another playlist, to what is read without end: FFmpeg opens none of it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.ts").write_bytes(b"G" * 1_880)
    text = "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:3", *lines, "#EXT-X-ENDLIST", ""])
    (tmp_path / "list.m3u8").write_text(text.replace("{folder}", str(tmp_path)).replace("{name}", tmp_path.name))
    made = join([Part(tmp_path / "list.m3u8"), Part(parts[0])], tmp_path / "film.mp4")
    assert [("list.m3u8", "its playlist names other playlists, or files that do not lie beside it")] == made.left_out


@pytest.mark.parametrize(("number", "why"), [(0, "it is not there"), (2, "it has no bytes"), (1, "it is a link that")])
def test_a_missing_piece_is_told_by_its_name(tmp_path: Path, number: int, why: str) -> None:
    """The pieces around it are joined, at their own time; it was passed over without a word."""
    film = replace(SMALL, seconds=4, mux={"hls_time": "1", "hls_playlist_type": "vod"}, name="index.m3u8")
    playlist = write(replace(film, options={**FAST, "g": "10"}), tmp_path)
    names = [line for line in playlist.read_text().splitlines() if line and line[0] != "#"]
    assert 4 == len(names)
    (tmp_path / names[number]).unlink()
    if "bytes" in why:
        (tmp_path / names[number]).touch()
    if "link" in why:
        (tmp_path / names[number]).symlink_to(tmp_path / "nowhere.ts")
    said: list[str] = []
    made = join([Part(playlist)], tmp_path / "film.mp4", said.append)
    ((name, reason),) = made.left_out
    assert (names[number], True) == (name, reason.startswith(why))
    assert [True] == [line.startswith(f"left out: {name}, a piece of index.m3u8: {why}") for line in said]
    assert 3 * FPS == len(decode(tmp_path / "film.mp4").pictures)


def test_a_comment_is_no_end_of_a_playlist(tmp_path: Path) -> None:
    """One that was cut off behind such a comment is joined whole, too, and not waited for."""
    film = replace(SMALL, seconds=4, mux={"hls_time": "1", "hls_playlist_type": "vod"}, name="index.m3u8")
    lines = write(film, tmp_path).read_text().replace("#EXT-X-ENDLIST", "## not yet: #EXT-X-ENDLIST")
    (tmp_path / "cut.m3u8").write_text(lines.replace("#EXT-X-PLAYLIST-TYPE:VOD\n", ""))
    join([Part(tmp_path / "cut.m3u8")], tmp_path / "film.mp4")
    assert 4 * FPS == len(decode(tmp_path / "film.mp4").pictures)


def test_a_film_that_was_killed_is_copied_up_to_there(tmp_path: Path) -> None:
    """A fragmented part that breaks off in the middle gives what it holds."""
    film = replace(SMALL, seconds=6, mux={"movflags": "frag_keyframe+empty_moov"})
    killed = write(film, tmp_path / "a")
    killed.write_bytes(killed.read_bytes()[: killed.stat().st_size * 2 // 3])
    whole = write(film, tmp_path / "b")
    join([Part(killed, BEGAN), Part(whole, BEGAN + 10_000)], tmp_path / "film.mp4")
    got = decode(tmp_path / "film.mp4")
    assert 60 + 20 <= len(got.pictures) < 120
    assert 16 == pytest.approx(got.length, abs=0.2)
