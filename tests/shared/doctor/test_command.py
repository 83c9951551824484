"""`python -m shared.doctor`: lines or JSON, and the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.doctor import __main__ as doctor
from tests.shared.site import Site, site

__all__ = ["site"]  # a fixture

ROOT = Path(__file__).parent.parent.parent.parent


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with nothing in its environment but this."""
    return subprocess.run(
        [sys.executable, "-m", "shared.doctor", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def nothing_but(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Have nothing in the environment but this."""
    for name in os.environ.keys() - {"PATH"}:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_one_line_for_each_check_and_status_0(site: Site) -> None:
    """Of a deployment that is right; nothing is shown beside it where nobody watches."""
    region = {"TENCENTCLOUD_REGION": "ap-guangzhou"}
    done = command("--function", "callback", **site.running.cloud.environment(), **region)
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    lines = done.stdout.splitlines()
    assert all(re.fullmatch(r"(ok  |warn|fail)  [a-z-]+ +\S.*", line) for line in lines), done.stdout
    assert "ok    forbid-overwrite    a second create was refused" in lines


@pytest.mark.process
@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("python -m shared.doctor | head -1; exit ${PIPESTATUS[0]}", 1, ""),
        ("python -m shared.doctor --json | head -1; exit ${PIPESTATUS[0]}", 1, ""),
        ("python -m shared.doctor >&-", 1, ""),
        ("python -m shared.doctor >&- 2>&- <&-", 1, ""),
        ("python -m shared.doctor >/dev/full", 2, "error: the output can't be written: No space left on device\n"),
        ("python -m shared.doctor --help | head -1; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)  # fmt: skip
def test_whatever_takes_the_lines(line: str, status: int, says: str) -> None:
    """A reader that leaves, a closed output, a full disk: at most one line, and the status is still the findings'."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    ran = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env={"PATH": path}, stderr=subprocess.PIPE, text=True, timeout=300
    )
    assert (status, says) == (ran.returncode, ran.stderr)


def test_the_guide_shows_what_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The output in docs/deploy.md, line by line; Python's patch release may differ."""
    guide = (ROOT / "docs" / "deploy.md").read_text()
    (shown,) = re.findall(r"^```text\n(ok    settings-.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert 0 == doctor.main(["--api-url", site.api_url, "--callback-url", site.callback_url])
    said = capsys.readouterr().out
    unlike = re.compile(r"^(?:ok  |warn)  (?:python|wake) .*$", re.MULTILINE)
    assert unlike.sub("", shown) == unlike.sub("", said)


def test_status_1_when_something_failed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` has the same for programs."""
    site.unset("WEBRECORD_CALLBACK_KEYS")
    assert 1 == doctor.main(["--function", "callback", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    failed = [finding for finding in said["findings"] if finding["level"] == "fail"]
    assert ["settings-callback"] == [finding["check"] for finding in failed]


def test_a_warning_alone_is_status_0(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be known from outside is no failure."""
    site.unset("TENCENTCLOUD_REGION")
    assert 0 == doctor.main(["--function", "callback"])
    assert "warn  region" in capsys.readouterr().out


def test_an_env_file_is_read_as_it_is_deployed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One region for functions and bucket; what only the deployment reads is no typo; empty lines keep the default."""
    cloud = site.running.cloud.environment()
    settings = {name: value for name, value in cloud.items() if name.startswith("WEBRECORD_")}
    region = settings.pop("WEBRECORD_BUCKET_REGION")
    file = tmp_path / ".env"
    more = {"TENCENT_REGION": region, "WEBRECORD_ROLE": "r", "WEBRECORD_LOST_AFTER": "", "WEBRECORD_MAX_ATEMPTS": "1"}
    file.write_text("".join(f"{name}={value}\n" for name, value in {**settings, **more}.items()))
    role = {name: value for name, value in cloud.items() if name.startswith("TENCENTCLOUD_")}
    nothing_but(monkeypatch, **role)
    assert 0 == doctor.main(["--env", str(file), "--function", "reconcile"])
    said = capsys.readouterr().out
    assert f"ok    region              {region}\n" in said
    assert "read by nothing: WEBRECORD_MAX_ATEMPTS (meant: WEBRECORD_MAX_ATTEMPTS?)\n" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--function", "another"], "--function"),
        (["--env", "/nowhere/.env"], "there is no file /nowhere/.env"),
        (["--api-url", "example.com"], "write it as https://host/path"),
        (["--callback-url", "ftp://example.com"], "write it as https://host/path"),
        (["more"], "unrecognized arguments"),
        (["--env", "/"], "/ can't be read"),
        (["--env", sys.executable], "is n"),
        (["--api-url", "https://[::1"], "write it as https://host/path"),
        (["--api-url", "https://host:port/"], "write it as https://host/path"),
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And one line that says why."""
    with pytest.raises(SystemExit) as ended:
        doctor.main(arguments)
    assert 2 == ended.value.code
    line = capsys.readouterr().err
    assert (True, 1) == (said in line, len(line.splitlines()))


def test_a_shells_proxies_are_a_finding(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that no call can use is named; what is on this machine is called without any."""
    dead = {"HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "socks5://127.0.0.1:1"}
    nothing_but(monkeypatch, **site.running.cloud.environment(), **dead)
    assert 1 == doctor.main(["--function", "recordings"])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert "fail  variables           ALL_PROXY names a SOCKS proxy" in said.out
    assert "ok    trtc                answers for" in said.out


def test_the_help_suffices(capsys: pytest.CaptureFixture[str]) -> None:
    """Every option, the levels, the exit statuses, what is written and where credentials come from."""
    with pytest.raises(SystemExit) as ended:
        doctor.main(["--help"])
    said = capsys.readouterr().out
    assert 0 == ended.value.code
    for word in ("--env", "--function", "--api-url", "--callback-url", "--json", "status:", "levels:", "SECRETID"):
        assert word in said


@pytest.mark.process
def test_no_tick_imports_the_doctor() -> None:
    """The function's cold start is not longer for it."""
    code = (
        "import functions.reconcile, sys; print([name for name in sys.modules if 'doctor' in name or 'exam' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
