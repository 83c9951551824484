"""A Ctrl-C while a command loads, and before it begins: one line, status 130, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRESS = """
import os, signal, sys

class Press:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ.get("PRESS_AT"):
            del os.environ["PRESS_AT"]
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Press())
"""
"""Presses Ctrl-C when a module is looked for."""


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["-m", "webrecord", "list"], "typer"),
        (["-m", "webrecord", "batch"], "webrecord.commands.batch"),
        ([str(Path(sys.executable).parent / "webrecord"), "list"], "typer"),
        ([str(Path(sys.executable).parent / "webrecord"), "list"], "rich.table"),
        (["-m", "local", "record"], "typer"),
        (["-m", "local", "inspect", "no.mp4"], "local.film"),
        (["-m", "local", "record"], "local.record"),
        (["-m", "local", "up"], "local.serve"),
        (["-m", "tools.package"], "tools.package_lock"),
        (["-m", "tools.deploy_check"], "yaml"),
        (["-m", "tools.openapi"], "shared.http"),
    ],
    ids=lambda value: value if isinstance(value, str) else Path(value[-1]).name,
)
def test_a_ctrl_c_while_it_loads_is_a_line(words: list[str], module: str, tmp_path: Path) -> None:
    """Whatever is being imported."""
    (tmp_path / "sitecustomize.py").write_text(PRESS)
    env = {**os.environ, "PRESS_AT": module, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    ran = subprocess.run([sys.executable, *words], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (130, "") == (ran.returncode, ran.stdout), ran.stderr
    assert 1 == len(ran.stderr.splitlines()), ran.stderr
    assert ran.stderr in ("interrupted: nothing was done\n", "interrupted: stopped here\n")


FULL = "error: the output can't be written: No space left on device\n"


@pytest.mark.process
@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("python -m local --help >/dev/full", 2, FULL),
        ("python -m local inspect $FILM >/dev/full", 2, FULL),
        ("python -m local inspect $FILM >&-", 0, ""),
        ("python -m local inspect $FILM | true; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)  # fmt: skip
def test_an_output_that_nobody_takes_is_a_line(line: str, status: int, says: str, tmp_path: Path) -> None:
    """A full disk, a closed output, a reader that left."""
    (tmp_path / "film.mp4").write_bytes(b"no film")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "FILM": str(tmp_path / "film.mp4"), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "-c", line], env=env, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=300,
    )  # fmt: skip
    said = "".join(part for part in ran.stderr.splitlines(keepends=True) if not part.startswith("checking "))
    assert (status, says) == (ran.returncode, said)
