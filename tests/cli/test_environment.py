"""Whatever the shell is like: one line or the result, never an exception's name, never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calls import COMMAND, Cli, in_an_ascii_locale, said
from tests.cli.scripted import Answer, Call, scripted

pytestmark = pytest.mark.usefixtures("home")
MANY = [{"recording_id": f"r{n}", "state": "completed", "page_url": "https://例子/" + "x" * 400} for n in range(300)]
"""More than a pipe and its reader take before the reader leaves."""


@pytest.fixture
def url() -> Iterator[str]:
    """An API with a long list, which repeats what a start asked for."""

    def answer(call: Call) -> Answer:
        if call.method == "POST":
            return Answer(
                201, {"recording_id": "x", "state": "starting", "page_url": json.loads(call.body)["RecordUrl"]}
            )
        return Answer(200, {"recordings": MANY, "recording_id": "x", "state": "completed"})

    with scripted(answer) as server:
        yield server.url


def shell(url: str, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `webrecord` is the command, with nothing in its environment but these."""
    variables = {"PATH": os.environ["PATH"], "WEBRECORD_ENDPOINT": url, **env}
    script = f'webrecord() {{ {shlex.join(COMMAND)} "$@"; }}; {line}'
    ran = subprocess.run(["bash", "-c", script], env=variables, capture_output=True, text=True, timeout=300)
    ran.stderr = said(ran.stderr)
    return ran


@pytest.mark.process
@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("webrecord list -n 300 | head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("webrecord list -n 300 --json | head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("webrecord start --help | head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("webrecord list >&-", 0, ""),
        ("webrecord list --json >&- <&-", 0, ""),
        ("webrecord show x 2>&- >&-", 0, ""),
        ("webrecord delete x <&-", 2, "error: there is no terminal to ask"),
        ("webrecord list >/dev/full", 2, "error: the output can't be written: No space left on device"),
        ("webrecord list --json >/dev/full", 2, "error: the output can't be written: No space left on device"),
        ("webrecord list --help >/dev/full", 2, "error: the output can't be written: No space left on device"),
        ("webrecord list --nope 2>/dev/full", 2, ""),
        (r"webrecord list --label $'\xff'", 2, r"error: '\udcff' is not a label; write NAME or NAME=VALUE"),
    ],
)  # fmt: skip
def test_any_shell(url: str, line: str, status: int, says: str) -> None:
    """Readers that leave, closed and full outputs, bytes that are no text."""
    ran = shell(url, line)
    assert status == ran.returncode, ran.stderr
    assert len(ran.stderr.splitlines()) == bool(says), ran.stderr
    assert ran.stderr.startswith(says)
    assert "Traceback" not in ran.stderr
    assert "Errno" not in ran.stderr


@pytest.mark.parametrize(
    ("variables", "arguments", "status", "says"),
    [
        ("COLUMNS=1", ["show", "x"], 0, ""),
        ("COLUMNS=x LINES=-1 TERM=nonsense NO_COLOR=1", ["list", "-n", "2"], 0, ""),
        ("HOME=/nowhere", ["show", "x"], 0, ""),
        ("HOME=/dev/null", ["config", "show"], 0, ""),
        (
            "HOME=/dev/null",
            ["config", "set", "endpoint", "https://x"],
            2,
            "error: /dev/null/.config/webrecord/config.toml",
        ),
        ("XDG_CONFIG_HOME=/dev/null", ["doctor"], 8, "error: health: "),
        ("", ["start", "https://a/\udcff"], 2, "error: the request has invalid characters: half a surrogate pair"),
        ("", ["start", "--json-body", "/proc/self/mem"], 2, "error: /proc/self/mem can't be read"),
        ("", ["batch", "/proc/self/mem"], 2, "error: /proc/self/mem can't be read"),
        ("", ["show", ""], 5, "error: '' is not a recording's id"),
        ("", ["show", ".."], 5, "error: '..' is not a recording's id"),
    ],
)
def test_any_variables(
    url: str, variables: str, arguments: list[str], status: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Widths that are none, homes that are none, words that name nothing: with nothing else in the environment."""
    for name in os.environ.keys() - {"PATH"}:
        monkeypatch.delenv(name)
    env = dict(one.split("=", 1) for one in variables.split())
    ran = Cli({"WEBRECORD_ENDPOINT": url, **env})(*arguments)
    assert status == ran.status, ran.err
    assert len(ran.err.splitlines()) == bool(says), ran.err
    assert ran.err.startswith(says)
    assert "Traceback" not in ran.err
    assert "Errno" not in ran.err


@pytest.mark.process
@in_an_ascii_locale
def test_letters_of_other_scripts_in_a_shell_without_a_locale(url: str) -> None:
    """LANG=C and nothing that mends it: the request holds what was typed, and the answer can be printed."""
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ran = shell(url, "webrecord start https://例子/课 -l room=教室 --json", **ascii_only)
    assert (0, "") == (ran.returncode, ran.stderr)
    assert "https://例子/课" == json.loads(ran.stdout)["page_url"]
    assert 0 == shell(url, "webrecord list -n 2", **ascii_only).returncode


def test_a_configuration_that_may_not_be_read(url: str, home: Path) -> None:
    """The file is named; no number of the system's."""
    folder = home / "config" / "webrecord" / "config.toml"
    folder.mkdir(parents=True)
    ran = Cli({"WEBRECORD_ENDPOINT": url})("list")
    assert (2, f"error: {folder} can't be read: Is a directory\n") == (ran.status, ran.err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json", "list"], "options go behind the command: webrecord list --json"),
        (
            ["--endpoint", "http://h", "show", "x"],
            "options go behind the command: webrecord show x --endpoint http://h",
        ),
        (["--profile", "p", "config", "show"], "options go behind the command: webrecord config show --profile p"),
        (["list", "--token", "sesame"], "--token-file FILE, WEBRECORD_TOKEN or `webrecord config set token`"),
        (["--token=sesame", "list"], "--token-file FILE, WEBRECORD_TOKEN or `webrecord config set token`"),
        (["--nope", "list"], "No such option: --nope"),
        (["list", "--state", "fail"], "--state must be one of scheduled, queued,"),
        (["list", "--state", "fail"], "not 'fail'; did you mean failed?"),
        (["start", "u", "--width", "x"], "--width must be a whole number, not 'x'."),
        (["start", "u", "--seconds", "x"], "--seconds must be a number, not 'x'."),
        (["start", "u", "--seconds", "0"], "--seconds must be at least 1, not '0'."),
        (["batch", "f", "-j", "99"], "--parallel must be at most 32, not '99'."),
        (["start", "u", "--format", "avi"], "--format must be one of mp4, hls, not 'avi'."),
        (["start", "u", "--hls"], "there is no --hls: write --format hls."),
        (["schedule", "u", "--vod"], "there is no --vod: write --storage vod."),
        (["config", "set", "tokn", "x"], "did you mean token?"),
        (["config"], "the command is missing: set, show, path."),
    ],
)
def test_a_wrong_option_is_told_with_the_right_one(arguments: list[str], says: str) -> None:
    """2, one line, in words of ours, without the token that was typed."""
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})(*arguments)
    assert (2, "") == (ran.status, ran.out)
    (line,) = ran.err.splitlines()
    assert says in line
    for word in ("Value error", "Input should", "sesame", "Usage:"):
        assert word not in line
