"""A slip on the command line, in .env or in serverless.yml is a line before anything is called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.deploy.test_deployment import FRESH, ROOT
from webrecord.main import app

KEYS = "TENCENTCLOUD_SECRET_ID=AKIDx\nTENCENTCLOUD_SECRET_KEY=y\n"
NOBODY = "http://127.0.0.1:1"


def planned(folder: Path, *words: str, more: str = "") -> tuple[int, str]:
    """Return what a plan ends with, in a checkout whose .env has more lines."""
    if not (folder / "serverless.yml").exists():
        shutil.copy(ROOT / "serverless.yml", folder)
    (folder / ".env").write_text(FRESH + KEYS + more, encoding="utf-8")
    result = CliRunner().invoke(
        app, ["deploy", "policies" if not words else "plan", "--env", str(folder / ".env"), *words]
    )
    return result.exit_code, result.output


@pytest.mark.parametrize("option", ["--endpoint", "--cos-endpoint"])
@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:9471", "ftp://127.0.0.1", "http://127.0.0.1:abc", "http://", "http://[x"]
)
def test_an_endpoint_that_is_none_is_not_called(tmp_path: Path, option: str, address: str) -> None:
    """An empty one, of a variable that is not set, least of all: it would be the real account."""
    status, said = planned(tmp_path, "--endpoint", NOBODY, option, address)
    assert (2, 1) == (status, said.count("\n")), said
    assert f"{option} {address!r}" in said


@pytest.mark.parametrize(
    "more", ['WEBRECORD_API_TOKENS="backend:x\n', "WEBRECORD_BUCKET=my films-1250000000\n", "WEBRECORD_BUCKET=films\n"]
)
def test_a_line_of_env_that_means_nothing_is_refused(tmp_path: Path, more: str) -> None:
    """Left out, what it was to change would not change, and nobody was told."""
    status, said = planned(tmp_path, more=more)
    assert (2, 1) == (status, said.count("\n")), said


@pytest.mark.parametrize("text", ["inputs: [", "inputs: 5", "", "inputs: {}"])
def test_a_serverless_yml_that_is_broken_is_named(tmp_path: Path, text: str) -> None:
    """With what brings it back."""
    (tmp_path / "serverless.yml").write_text(text)
    status, said = planned(tmp_path)
    assert 2 == status
    assert "git checkout serverless.yml" in said


@pytest.mark.parametrize("name", ["", "Bad Name", "录", "1st", "x" * 41])
def test_a_deployment_whose_names_no_service_takes_is_refused(tmp_path: Path, name: str) -> None:
    """Before half of it is there."""
    (tmp_path / ".env").write_text(FRESH)
    shutil.copy(ROOT / "serverless.yml", tmp_path)
    words = ["deploy", "policies", "--env", str(tmp_path / ".env"), "--deployment", name]
    result = CliRunner().invoke(app, words)
    assert 2 == result.exit_code
    assert f"--deployment {name!r}" in result.output
