"""Paths that name no plain file: each is one line with the path and status 2 or 1, and nothing is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calls import Cli
from tests.cli.scripted import Answer, Call, scripted
from tools.deploy_values import read_env
from webrecord import files
from webrecord.deploy import envfile
from webrecord.errors import BadUsage


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "dangling": lambda path: path.symlink_to(path.parent / "nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": _huge,
}


@pytest.fixture(params=KINDS)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One of the kinds."""
    path = tmp_path / "odd file.json"
    KINDS[request.param](path)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["batch", "{path}", "--dry-run"],
        ["start", "--json-body", "{path}"],
        ["list", "--token-file", "{path}"],
        ["deploy", "plan", "--env", "{path}"],
    ],
    ids=lambda words: words[0],
)
def test_what_is_read_is_a_file(odd: Path, words: list[str]) -> None:
    """A pipe without a writer, a folder, a link to nowhere, a device without end, a terabyte."""
    if odd.is_file() and not odd.is_symlink():
        odd.chmod(0o600)
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})(*(word.replace("{path}", str(odd)) for word in words))
    assert 2 == ran.status, ran.err
    assert 1 == len(ran.err.splitlines()), ran.err
    if not (words[0] == "deploy" and odd.is_symlink()):  # there a file that is not there is an empty one
        assert odd.name in ran.err


def test_results_of_a_batch_are_a_file(tmp_path: Path) -> None:
    """Found out before anything is started."""
    (tmp_path / "a.jsonl").write_text('{"url": "https://example.com"}\n')
    os.mkfifo(tmp_path / "a.jsonl.results.jsonl")
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})("batch", tmp_path / "a.jsonl")
    assert (2, 1, True) == (ran.status, len(ran.err.splitlines()), "it is a named pipe" in ran.err)


@pytest.mark.parametrize("name", ["a.mp4", "a.mp4.part"])
def test_a_download_goes_to_files(tmp_path: Path, name: str) -> None:
    """A pipe at a file's place is named and no film; the other film is fetched."""

    def answer(call: Call) -> Answer:
        if call.path != "/recordings/x":
            return Answer(200, b"film")
        named = [{"name": name, "url": f"http://{call.headers['host']}/{name}"} for name in ("a.mp4", "b.mp4")]
        return Answer(200, {"recording_id": "x", "state": "completed", "files": named})

    os.mkfifo(tmp_path / name)
    with scripted(answer) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("download", "x", "-o", tmp_path)
    assert 1 == ran.status
    assert f"{tmp_path / name}: it is a named pipe" in ran.err
    assert b"film" == (tmp_path / "b.mp4").read_bytes()


def test_a_pipe_of_the_shell_is_read(tmp_path: Path) -> None:
    """`<(…)` has an end; a file's bytes come as they are."""
    reader, writer = os.pipe()
    os.write(writer, b"A=1\n")
    os.close(writer)
    assert {"A": "1"} == envfile.read(Path(f"/dev/fd/{reader}"))
    os.close(reader)
    (tmp_path / "a").write_bytes(b"\r\n\x1a\xff")
    assert (b"\r\n\x1a\xff", b"") == (files.read(tmp_path / "a"), files.read(Path(os.devnull)))


def test_a_written_env_is_a_file(odd: Path) -> None:
    """What is there and is none is refused; nothing is left beside it."""
    if odd.is_symlink() and not odd.exists():
        envfile.write(odd, {"A": "1"})
        assert "A=1\n" == odd.read_text()
        return
    with pytest.raises((BadUsage, OSError)):
        envfile.write(odd, {"A": "1"})
    assert [odd] == list(odd.parent.iterdir())


def test_deploy_check_reads_a_file(odd: Path) -> None:
    """A line, not a hang; what has an end and no text is told as such."""
    with pytest.raises(ValueError, match="can't be read: it "):
        read_env(odd)
