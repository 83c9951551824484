"""The suite where nobody sits at a terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.process
def test_ctrl_c_reaches_commands_where_the_suite_itself_ignores_it(tmp_path: Path) -> None:
    """As in `nohup make test &`: a shell without job control lets what runs behind it ignore SIGINT."""
    # With a folder of its own it does not remove what runs before it left: tens of thousands of files, in minutes.
    options = ["-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "its")]
    command = [sys.executable, "-m", "pytest", *options, "tests/local/test_follow.py"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            told, _ = process.communicate(timeout=300)
    finally:
        signal.signal(signal.SIGINT, before)
    assert 0 == process.returncode, told
