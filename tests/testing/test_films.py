"""Films through real encoders and muxers: what the check finds in them. `make films` checks the whole corpus."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from local.film import check_file
from shared.domain.film.verdict import Verdict
from testing.films.__main__ import codes, made
from testing.films.corpus import CASES

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where films are made once."""
    return tmp_path_factory.mktemp("films")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.quick])
def test_a_film_is_told_apart(name: str, folder: Path) -> None:
    """What is wrong with it is found, and nothing else."""
    case = CASES[name]
    assert case.wrong == codes(check_file(made(name, case, folder)))


@pytest.mark.parametrize("name", ["meeting, index in front", "fragmented", "HLS, TS", "HLS, fMP4"])
def test_damaged_films_never_fail_the_check(name: str, folder: Path, tmp_path: Path) -> None:
    """Whatever bytes of a real film are others, a look ends with a verdict, and never with a shape of ours."""
    path, dice = made(name, CASES[name], folder), random.Random(name)
    for file in [file for file in path.parent.iterdir() if file != path]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    target = next((file for file in tmp_path.iterdir() if file.suffix in (".ts", ".m4s")), tmp_path / path.name)
    (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = target.read_bytes()
    for _ in range(60):
        body = bytearray(whole)
        for _ in range(dice.choice((1, 2, 6))):
            body[dice.randrange(min(len(body), 6000))] = dice.choice((0, 1, 127, 128, 255))
        target.write_bytes(body)
        check = check_file(tmp_path / path.name)
        assert check.verdict in Verdict
        assert "could not be read" not in " ".join(finding.words for finding in check.findings)
