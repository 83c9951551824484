"""`webrecord inspect`: real films through real encoders are told apart; of an id the service's own finding is shown."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.__main__ import app
from shared.domain.film.verdict import Flaw, Verdict
from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import FAST, Film, write
from tests.cli.calls import Cli, Ran, in_an_ascii_locale
from tests.cli.scripted import Answer, scripted
from webrecord.films import ADVICE, STYLES

SMALL = Film(see.clock, hear.beep, seconds=9, fps=10, size=(320, 240), options=FAST, mux={"movflags": "faststart"})
FILMS = {
    "clock": (SMALL, 0, "good", []),
    "black": (replace(SMALL, picture=see.colour(0), sound=hear.zero), 1, "bad", ["silent", "blank"]),
    "silent": (replace(SMALL, sound=hear.zero), 0, "suspect", ["silent"]),
    "static": (replace(SMALL, picture=see.still(), sound=hear.zero, fps=25), 1, "bad", ["silent", "still"]),
    "half silent": (
        replace(SMALL, picture=see.meeting, sound=hear.gated(hear.hiss(-40), 0, 62), seconds=124, fps=2, mono=True),
        0,
        "suspect",
        ["silent_stretch"],
    ),
}
SIZES = {"0 bytes": (0.0, "empty"), "cut off in the middle": (0.5, "unplayable")}


@pytest.fixture
def alone(home: Path) -> Cli:
    """The command line without any API."""
    del home
    return Cli({})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in which nothing is wrong."""
    return write(SMALL, tmp_path_factory.mktemp("films"))


def looked(path: Path | str) -> tuple[int, str, str]:
    """Look into a film in this process, as the one does that the command line starts: status, output, lines."""
    done = CliRunner().invoke(app, ["inspect", str(path)])
    return done.exit_code, done.stdout, done.stderr


def found_in(path: Path) -> dict[str, Any]:
    """Return what is found in a film."""
    status, out, _ = looked(path)
    assert 0 == status
    found: dict[str, Any] = json.loads(out)
    return found


def shown(found: dict[str, Any]) -> tuple[Ran, Ran]:
    """Show it as JSON and to people: of a recording's id, which is shown as a file is."""
    with scripted(lambda _: Answer(200, {"recording_id": "x", "state": "completed", **found})) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        return cli("inspect", "x", "--json"), cli("inspect", "x")


def codes_of(found: dict[str, Any]) -> list[str]:
    return [each["code"] for each in found.get("film_findings", [])]


@pytest.mark.process
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", FILMS)
def test_real_films_are_told_apart(name: str, tmp_path: Path) -> None:
    """Verdict, codes and status of each; for people each code stands in a line with its advice below."""
    film, status, verdict, codes = FILMS[name]
    path = write(film, tmp_path / name)
    assert "checking film.mp4" in looked(path)[2]
    done, said = shown(found_in(path))
    assert (status, verdict, codes) == (done.status, done.document["film"], codes_of(done.document))
    assert status == said.status
    assert f"film: {verdict}" in said.out
    assert len(codes) == said.out.count("→")


@pytest.mark.process
def test_a_file_is_looked_into_by_a_process_of_its_own(alone: Cli, tmp_path: Path) -> None:
    """Whatever its name: what that one finds and says is handed on, and the status follows the verdict."""
    film, status, verdict, codes = FILMS["black"]
    path = write(film, tmp_path).rename(tmp_path / "a b 录制.mp4")
    done = alone("inspect", path, "--json")
    assert (status, path.name) == (done.status, done.document["file"])
    assert (found_in(path), verdict, codes) == (done.document, done.document["film"], codes_of(done.document))
    said = alone("inspect", path)
    assert (status, True) == (said.status, f"film: {verdict}" in said.out)
    assert len(codes) == said.out.count("→")
    assert f"checking {path.name}" in said.err


@pytest.mark.process
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", SIZES)
def test_a_broken_copy_is_bad(name: str, whole: Path, tmp_path: Path) -> None:
    """However much of it there is: found, told, and never an error of the command's own."""
    part, code = SIZES[name]
    path = tmp_path / "a b 录制.mp4"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * part)])
    found = found_in(path)
    assert path.name == found["file"]
    done, _ = shown(found)
    assert (1, "bad", [code]) == (done.status, done.document["film"], codes_of(done.document))


@pytest.mark.process
def test_a_playlist_is_looked_into_with_its_segments(tmp_path: Path) -> None:
    """A segment that is not beside it is found."""
    path = write(replace(SMALL, mux={"hls_time": "2", "hls_playlist_type": "vod"}, name="index.m3u8"), tmp_path)
    assert "good" == found_in(path)["film"]
    sorted(tmp_path.glob("*.ts"))[1].unlink()
    found = found_in(path)
    assert ("bad", "unplayable") == (found["film"], found["film_findings"][0]["code"])


@pytest.mark.process
def test_what_is_no_film_is_one_line(whole: Path, alone: Cli, tmp_path: Path) -> None:
    """Missing, a folder, a pipe that would be waited for, another kind of file: status 2 and what is wrong."""
    os.mkfifo(tmp_path / "pipe.mp4")
    shutil.copy(whole, tmp_path / "film.ts")
    too_long = f"{tmp_path}/{'x' * 300}.mp4"
    ran = alone("inspect", too_long)
    found = {too_long: (ran.status, ran.err, "too long")}
    for name, words in {
        "no.mp4": "No such file",
        "no/such/film": "No such file",
        ".": "it is a folder",
        "pipe.mp4": "no regular file",
    }.items():
        status, _, err = looked(f"{tmp_path}/{name}")
        found[name] = (status, err, words)
    ran = alone("inspect", tmp_path / "film.ts")
    found["film.ts"] = (ran.status, ran.err, "only MP4 and HLS can be checked")
    for name, (status, err, words) in found.items():
        assert 2 == status, name
        errors = [line for line in err.splitlines() if not line.startswith("checking")]
        assert 1 == len(errors), err
        assert words in errors[0]


@pytest.mark.process
@in_an_ascii_locale
def test_a_name_beyond_ascii_is_found_in_any_locale(alone: Cli, tmp_path: Path) -> None:
    """Where the locale says ASCII, a file's name is UTF-8 all the same."""
    (tmp_path / "录制.mp4").touch()
    ascii_only = Cli({**alone.env, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    with ascii_only.process("inspect", tmp_path / "录制.mp4", "--json") as process:
        out, err = process.communicate(timeout=300)
    assert 1 == process.returncode, err
    assert ("录制.mp4", "bad") == (json.loads(out)["file"], json.loads(out)["film"])


def test_every_finding_has_advice() -> None:
    """Of the service's codes none is without, and there is none of another name."""
    assert {one.value for one in Flaw} == set(ADVICE)
    assert {one.value for one in Verdict} == set(STYLES)


@pytest.mark.usefixtures("home")
def test_of_an_id_the_services_finding_is_shown() -> None:
    """In words with what to do, as JSON as the API gives it; a code of a later release has its words alone."""
    findings = [
        {"code": "silent", "words": "The film is silent.", "file": "a.mp4"},
        {"code": "upside_down", "words": "It stands on its head.", "file": "a.mp4"},
    ]
    answer = {"recording_id": "x", "state": "completed", "film": "bad", "film_findings": findings, "files": []}
    with scripted(lambda _: Answer(200, answer)) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        done, said = cli("inspect", "x", "--json"), cli("inspect", "x")
    assert (1, {name: answer[name] for name in ("recording_id", "state", "film", "film_findings")}) == (
        done.status,
        done.document,
    )
    assert 1 == said.status
    for words in ("film: bad", "a.mp4: The film is silent.", "webrecord check", "It stands on its head."):
        assert words in said.out


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "it was not checked"),
        ({"film": "unchecked", "film_reason": "the files lie in VOD"}, "unchecked: the files lie in VOD"),
        ({"film": "good"}, "film: good"),
    ],
)
def test_an_unchecked_recording_is_no_failure(more: dict[str, str], words: str) -> None:
    """The reason stands there, and the status is 0."""
    with scripted(lambda _: Answer(200, {"recording_id": "x", "state": "completed", **more})) as server:
        said = Cli({"WEBRECORD_ENDPOINT": server.url})("inspect", "x")
    assert 0 == said.status
    assert words in said.out


@pytest.mark.usefixtures("home")
def test_show_and_list_tell_the_verdict() -> None:
    """`show` with findings and advice, `list` as a column that can be asked for."""
    found = [{"code": "blank", "words": "The picture is one colour.", "file": "a.mp4"}]
    one = {"recording_id": "x", "state": "completed", "film": "suspect", "film_findings": found}
    with scripted(lambda call: Answer(200, one if call.path.endswith("/x") else {"recordings": [one]})) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        shown, listed = cli("show", "x").out, cli("list", "--film", "suspect", "--film", "bad").out
    assert "suspect,bad" == server.calls[-1].query["film"]
    assert "suspect" in listed
    for words in ("film: suspect", "blank", "a.mp4: The picture is one colour.", "the page did not draw"):
        assert words in shown
