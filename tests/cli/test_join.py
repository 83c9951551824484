"""`webrecord download --join`: one film of the parts, beside them, by a process of this checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import FAST, Film, write
from tests.cli.calls import Cli
from tests.cli.scripted import Answer, Call, scripted
from webrecord import pagecheck
from webrecord.errors import BadUsage
from webrecord.joining import parts_of

SMALL = Film(see.clock, hear.beep, seconds=2, fps=10, size=(224, 96), options=FAST)
BEGAN = 1_795_363_480_010


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two parts, one of another size, one without bytes."""
    folder = tmp_path_factory.mktemp("films")
    second = replace(SMALL, name="b.mp4", seconds=3)
    wide = replace(SMALL, name="wide.mp4", size=(320, 96))
    made = {film.name: write(film, folder).read_bytes() for film in (replace(SMALL, name="a.mp4"), second, wide)}
    return {**made, "empty.mp4": b""}


def download(films: dict[str, bytes], named: Mapping[str, int | None], to: Path, *more: str) -> Any:
    """Run `download x --join` of a recording with these files, each with its begin."""

    def answer(call: Call) -> Answer:
        if call.path != "/recordings/x":
            return Answer(200, films[call.path.strip("/")])
        files = [
            {"name": name, "size": len(films[name]), "url": f"http://{call.headers['host']}/{name}", "start_ms": begin}
            for name, begin in named.items()
        ]
        return Answer(200, {"recording_id": "x", "state": "completed", "files": files})

    with scripted(answer) as server:
        return Cli({"WEBRECORD_ENDPOINT": server.url})("download", "x", "-o", to, "--join", *more)


def pictures(path: Path) -> list[float]:
    """Return when each decoded picture is shown, in seconds."""
    with av.open(str(path)) as film:
        return [float(frame.time or 0) for frame in film.decode(video=0)]


@pytest.fixture
def to(home: Path) -> Path:
    return home / "films 录制"


@pytest.mark.process
def test_parts_become_one_film(films: dict[str, bytes], to: Path) -> None:
    """In the order of time, whatever the API's, with the gap; the parts stay; again, nothing is made anew."""
    named = {"b.mp4": BEGAN + 7_000, "a.mp4": BEGAN}
    ran = download(films, named, to, "--json")
    assert 0 == ran.status, ran.err
    joined = ran.document["joined"]
    assert (str(to / "x.mp4"), (to / "x.mp4").stat().st_size) == (joined["path"], joined["size"])
    assert [{"name": "a.mp4", "at_ms": 0}, {"name": "b.mp4", "at_ms": 7_000}] == joined["parts"]
    assert 10_000 == pytest.approx(joined["duration_ms"], abs=100)
    shown = pictures(to / "x.mp4")
    assert 50 == len(shown)
    assert 7.0 == pytest.approx(shown[20], abs=0.1)
    assert {"a.mp4", "b.mp4", "x.mp4"} == {path.name for path in to.iterdir()}
    before = (to / "x.mp4").stat().st_mtime_ns
    again = download(films, named, to)
    assert (0, True) == (again.status, "exists already" in again.err)
    assert before == (to / "x.mp4").stat().st_mtime_ns
    assert "x.mp4" in again.out


@pytest.mark.process
def test_a_part_that_differs_is_named_in_a_line(films: dict[str, bytes], to: Path) -> None:
    """Status 1; the parts are there and are told."""
    ran = download(films, {"a.mp4": BEGAN, "wide.mp4": BEGAN + 2_000}, to, "--json")
    assert 1 == ran.status
    errors = [line for line in ran.err.splitlines() if "error" in line]
    assert 1 == len(errors), ran.err
    assert "the video of wide.mp4 is 320x96, not 224x96 (as in a.mp4)" in errors[0]
    assert ["a.mp4", "wide.mp4"] == [file["name"] for file in ran.document["files"]]
    assert "joined" not in ran.document
    assert {"a.mp4", "wide.mp4"} == {path.name for path in to.iterdir()}


@pytest.mark.process
def test_a_part_without_bytes_is_left_out_by_name(films: dict[str, bytes], to: Path) -> None:
    """What is whole becomes the film."""
    ran = download(films, {"empty.mp4": BEGAN, "a.mp4": BEGAN + 2_000}, to, "--json")
    assert 0 == ran.status, ran.err
    assert "left out: empty.mp4: it has no bytes" in ran.err
    assert [{"name": "empty.mp4", "why": "it has no bytes"}] == ran.document["joined"]["left_out"]


@pytest.mark.process
def test_another_film_is_not_overwritten(films: dict[str, bytes], to: Path) -> None:
    """One that is older than the parts may be another; --force replaces it."""
    to.mkdir()
    (to / "x.mp4").write_bytes(b"mine")
    ran = download(films, {"a.mp4": BEGAN}, to)
    assert (1, b"mine") == (ran.status, (to / "x.mp4").read_bytes())
    assert "x.mp4 exists and is older than its parts: move it away, or use --force" in ran.err
    assert 0 == download(films, {"a.mp4": BEGAN}, to, "--force").status
    assert 20 == len(pictures(to / "x.mp4"))


def test_a_part_of_that_name_stays(films: dict[str, bytes], to: Path) -> None:
    """The joined film never takes the place of a part."""
    ran = download({"x.mp4": films["a.mp4"]}, {"x.mp4": BEGAN}, to)
    assert (1, films["a.mp4"]) == (ran.status, (to / "x.mp4").read_bytes())
    assert "is a part of the recording" in ran.err


def test_without_its_packages_it_says_what_to_install() -> None:
    """PyAV is of the group `local`; without the repository there is nothing to start."""
    with pytest.raises(BadUsage, match=r"joining of films needs the dependency group `local` \(av\).*pip install"):
        pagecheck.command(found=lambda name: None if name == "av" else name, what="join")
    with pytest.raises(BadUsage, match=r"clone scf-webrecord.*`.venv/bin/webrecord download --join`"):
        pagecheck.command(Path("/nowhere"), what="join")


def test_parts_are_mp4s_in_order_or_else_playlists() -> None:
    """Segments belong to their playlist; what has no time, or an odd one, comes last; what is not here is no part."""
    files: list[dict[str, Any]] = [
        {"name": "odd.m3u8", "start_ms": "soon"},
        {"name": "b.m3u8", "start_ms": 2},
        {"name": "b_0.ts", "start_ms": 2},
        {"name": "a.m3u8", "start_ms": 1},
    ]
    here = [{"name": each["name"], "path": f"/films/{each['name']}"} for each in files]
    found = parts_of(files, here)
    assert [("a.m3u8", 1), ("b.m3u8", 2), ("odd.m3u8", None)] == [(path.name, begin) for path, begin in found]
    both = [*files, {"name": "a.MP4", "start_ms": -5}, {"name": "gone.mp4", "start_ms": 1}]
    assert [("a.MP4", None)] == [
        (path.name, begin) for path, begin in parts_of(both, [*here, {"name": "a.MP4", "path": "/films/a.MP4"}])
    ]
    assert [] == parts_of([], [])
