"""`python -m local record` in a folder and a shell as people have them: a film with sound, or a word at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ODD_SHELL = {
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "ALSA_CONFIG_PATH": "/nonexistent",
    "PULSE_SERVER": "tcp:127.0.0.1:9",
    "HOME": "/nonexistent",
    "LC_ALL": "POSIX",
}

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("file_format", ["mp4", "hls"])
def test_a_film_with_sound(tmp_path: Path, file_format: str) -> None:
    """Neither the letters of the folders, nor dead proxies, nor the shell's settings for sound silence a film."""
    state, temporary = tmp_path / 'My Projects/录制 100%: a"b', tmp_path / "temporary 文件"
    temporary.mkdir()
    asked = ["--seconds", "3", "--size", "320x180", "--format", file_format, "--state-dir", str(state)]
    done = subprocess.run(
        [sys.executable, "-m", "local", "record", "--gentle", *asked],
        cwd=ROOT,
        env={**os.environ, **ODD_SHELL, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert 0 == done.returncode, done.stderr + done.stdout
    assert "state     completed" in done.stdout
    assert "sound     yes" in done.stdout
