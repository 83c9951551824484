"""tools/venv.sh, with which both set-up commands begin: where it can't go on, one line says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
SCRIPT = Path(__file__).resolve().parent.parent / "tools" / "venv.sh"


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    """A checkout of somebody else's is not taken for a Python without its venv module."""
    (tmp_path / "file").write_text("")
    done = subprocess.run(["sh", SCRIPT, sys.executable, "file/.venv"], cwd=tmp_path, capture_output=True, text=True)
    said = f"error: {tmp_path}/file/.venv can't be written: copy the checkout into a folder of yours\n"
    assert (1, said) == (done.returncode, done.stderr)
