"""A slip on the command line, in .env or in serverless.yml is a line before anything is called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from tests.cli.scripted import Answer, scripted
from tests.deploy.test_deployment import FRESH, ROOT
from webrecord.deploy.deployment import ORDER
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
    assert (f"{option} {address!r}" if address else f"nothing stands behind {option}") in said


@pytest.mark.parametrize(
    "more", ['WEBRECORD_API_TOKENS="backend:x\n', "WEBRECORD_BUCKET=my films-1250000000\n", "WEBRECORD_BUCKET=films\n"]
)
def test_a_line_of_env_that_means_nothing_is_refused(tmp_path: Path, more: str) -> None:
    """Left out, what it was to change would not change, and nobody was told."""
    status, said = planned(tmp_path, more=more)
    assert (2, 1) == (status, said.count("\n")), said


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + bytes(18), b"PK\3\4 half", "other", "changed"])
@pytest.mark.parametrize("what", ["plan", "", "rollback"])
def test_a_package_that_is_none_is_refused(tmp_path: Path, content: bytes | str, what: str) -> None:
    """Empty, without a file, cut off, another's, with a wrong byte: before anything is called."""
    (tmp_path / "build").mkdir()
    for key in ORDER:
        with ZipFile(tmp_path / "build" / f"{key}.zip", "w") as package:
            package.writestr(f"{key}.py", "print('x')")
    bad = tmp_path / "build" / "callback.zip"
    if content == "changed":
        content = bad.read_bytes().replace(b"print", b"prynt")
    bad.write_bytes(content if isinstance(content, bytes) else (tmp_path / "build" / "reconcile.zip").read_bytes())
    shutil.copy(ROOT / "serverless.yml", tmp_path)
    (tmp_path / ".env").write_text(FRESH + KEYS)
    words = [*([what] if what else []), *([str(tmp_path / "build")] if what == "rollback" else [])]
    with scripted(lambda _: Answer(200, b"{}")) as server:
        ran = CliRunner().invoke(app, ["deploy", *words, "--env", str(tmp_path / ".env"), "--endpoint", server.url])
        assert [] == server.calls
    assert (2, 1) == (ran.exit_code, ran.output.count("\n")), ran.output
    assert "callback.zip" in ran.output
    assert "make package" in ran.output


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>hello</html>", {"Content-Type": "text/html"}),
        Answer(404, b"<html>no</html>", {"Content-Type": "text/html"}),
        Answer(404, b"Not Found", {"Content-Type": "text/plain"}),
        Answer(200, b'{"a": 1}'),
        Answer(200, b"[]"),
        Answer(500, b'{"error": "x"}'),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body!r}",
)
def test_another_web_server_is_told_at_once(tmp_path: Path, answer: Answer) -> None:
    """One call, one line: more tries help nobody."""
    with scripted(lambda _: answer) as server:
        result = CliRunner().invoke(app, ["deploy", "status", "--env", _env(tmp_path), "--endpoint", server.url])
        assert 1 == len(server.calls)
    assert (8, 1) == (result.exit_code, result.output.count("\n")), result.output
    assert f"{server.url} answers, and not as Tencent Cloud's API does" in result.output


def _env(folder: Path) -> str:
    shutil.copy(ROOT / "serverless.yml", folder)
    (folder / ".env").write_text(FRESH + KEYS)
    return str(folder / ".env")


@pytest.mark.process
@pytest.mark.parametrize("what", [[], ["destroy"], ["rotate-key"]], ids=str)
def test_a_second_command_is_told_whose_the_first_is(tmp_path: Path, what: list[str]) -> None:
    """Nothing is called; the line goes with the first one's end, however that is."""
    env = _env(tmp_path)
    (tmp_path / "build").mkdir()
    for key in ORDER:
        with ZipFile(tmp_path / "build" / f"{key}.zip", "w") as package:
            package.writestr(f"{key}.py", "")
    code = "import sys; from pathlib import Path; from webrecord.deploy.lock import held\n"
    code += f"with held(Path({env!r}), 'webrecord deploy'): print('held', flush=True); sys.stdin.read()"
    with scripted(lambda _: Answer(404, b"no")) as server:
        words = ["deploy", *what, "--env", env, "--endpoint", server.url]
        with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, cwd=ROOT) as first:
            assert first.stdout is not None
            first.stdout.readline()
            second = CliRunner().invoke(app, words)
            assert [] == server.calls
            first.kill()
        after = CliRunner().invoke(app, words)
    assert (2, 1) == (second.exit_code, second.output.count("\n")), second.output
    assert f"webrecord deploy, process {first.pid} on " in second.output
    assert 8 == after.exit_code, after.output
    assert not (tmp_path / ".env.lock").exists()


def test_policies_need_a_checkout(tmp_path: Path) -> None:
    """Where serverless.yml is not, a line says where to go."""
    (tmp_path / ".env").write_text(FRESH)
    result = CliRunner().invoke(app, ["deploy", "policies", "--env", str(tmp_path / ".env")])
    assert (2, True) == (result.exit_code, "does not exist: deploy from a checkout" in result.output), result.output


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
    assert (f"--deployment {name!r}" if name else "nothing stands behind --deployment") in result.output
