"""What the local cloud needs: what it imports is declared, and nothing that only Unix has is needed to start."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from typer.testing import CliRunner

from local.__main__ import app
from local.recorder.browser import NAMES, find_chromium
from tests.local.processes import ROOT

pytestmark = pytest.mark.process

DISTRIBUTIONS = {
    "crcmod": "crcmod-plus",
    "qcloud_cos": "cos-python-sdk-v5",
    "typing_extensions": "typing-extensions",
    "yaml": "pyyaml",
}
"""Where a module's name is not its distribution's."""


def imported(folder: Path) -> set[str]:
    """Return the top names of every import below a folder, also of those within functions."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return {name.partition(".")[0] for name in found}


def test_what_the_local_cloud_imports_its_group_declares() -> None:
    """Whoever installs the group `local`, and nothing else, has all of it."""
    groups: dict[str, Any] = tomlkit.parse((ROOT / "pyproject.toml").read_text()).unwrap()["dependency-groups"]
    declared = {re.split(r"[<>=\[ ]", each)[0] for each in groups["local"]}
    ours = {"local", "shared", "tools"} | sys.stdlib_module_names
    needed = {DISTRIBUTIONS.get(name, name) for name in imported(ROOT / "local") - ours}
    assert set() == needed - declared


STARTS = """
import os, sys
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "killpg", "mkfifo", "posix_spawn", "waitid", "pread", "setsid"):
    if hasattr(os, name):
        delattr(os, name)
from local.__main__ import app
app(["up", "--no-browser", "--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0", "--for", "test",
     "--state-dir", sys.argv[1]])
"""


def test_without_a_browser_it_needs_nothing_of_unix(tmp_path: Path) -> None:
    """`up --no-browser` starts, serves and ends where there is no fcntl, no fork and no user id."""
    done = subprocess.run(
        [sys.executable, "-c", STARTS, str(tmp_path)], cwd=ROOT, input="", capture_output=True, text=True, timeout=300
    )
    assert 0 == done.returncode, done.stderr
    assert "recordings are pretended" in done.stdout
    assert "stopping" in done.stdout
    assert not (tmp_path / "cloud.json").exists()


@pytest.mark.parametrize("browser", ["/nowhere/chromium", "nowhere-chromium", "/etc", "/etc/passwd"])
def test_a_browser_that_is_none_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: str) -> None:
    """CHROMIUM names none: set-up and `record` end with one line that names it, before anything is started."""
    monkeypatch.setenv("CHROMIUM", browser)
    script = str(ROOT / "tools" / "browser.sh")
    set_up = subprocess.run(["sh", script], cwd=ROOT, capture_output=True, text=True, timeout=300)
    record = CliRunner().invoke(app, ["record", "--state-dir", str(tmp_path / "state")], env={"COLUMNS": "300"})
    for status, said in ((set_up.returncode, set_up.stderr), (record.exit_code, record.stderr)):
        assert (True, 1) == (status != 0, len(said.splitlines())), said
        assert f"no browser at {browser}" in said
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", NAMES.read_text().split())
def test_set_up_and_recorder_know_the_same_browsers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whichever of them is installed alone: `make demo` is content, and the recorder starts it."""
    browser = tmp_path / name
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    for tool in ("dirname", "id", "sh"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert str(browser) == find_chromium(None)
    done = subprocess.run(["sh", str(ROOT / "tools" / "browser.sh")], capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
