"""A command of the local cloud while it loads: no garbage is looked for, and afterwards it is as usual."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.processes import ROOT

pytestmark = pytest.mark.process

WATCHED = """
import gc, os
disable, enable, collected = gc.disable, gc.enable, []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]) if phase == "start" else None)

def off():
    collected.clear()
    disable()

def on():
    os.write(2, f"on {len(collected)} {gc.get_freeze_count() > 10_000}\\n".encode())
    enable()

gc.disable, gc.enable = off, on
"""


@pytest.mark.parametrize("words", [["local", "faults", "--help"], ["local.recorder"]], ids=lambda words: words[0])
def test_no_garbage_is_looked_for_while_a_command_loads_and_it_is_afterwards(tmp_path: Path, words: list[str]) -> None:
    """Between off and on nothing is collected, and the collector passes over what was loaded."""
    (tmp_path / "sitecustomize.py").write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(tmp_path)}, input="",
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert 1 == done.stderr.count("on 0 True\n"), done.stderr


def test_whoever_only_imports_it_keeps_the_collector() -> None:
    """Of the local cloud, as of anything else."""
    check = "import gc, local.recorder.__main__; print(gc.isenabled(), gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "True 0\n" == done.stdout, done.stderr


def test_a_line_that_the_terminal_can_t_show_ends_nothing() -> None:
    """Ctrl-C of `up` ended in a trace: its last words have a letter that Latin-1 lacks; a folder's name may, too."""
    script = "from local.early import run\nfrom local.serve import _say\nrun(lambda: _say('stopping …', '录制'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert b"stopping \\u2026\n\\u5f55\\u5236\n" == done.stdout
