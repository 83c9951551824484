"""What .env may not become: a file that git has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from webrecord.deploy import envfile
from webrecord.errors import BadUsage


@pytest.mark.process
@pytest.mark.parametrize("folder", [".", "below/it"])
def test_a_file_that_git_has_is_not_written(tmp_path: Path, folder: str) -> None:
    """In the repository's folder and below; a file that git does not have beside it is."""
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (env := tmp_path / folder / ".env").write_text("A=1\n")
    for command in (["init", "-q"], ["add", "-f", str(env)]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    with pytest.raises(BadUsage, match="git tracks"):
        envfile.write(env, {"SECRET": "x"})
    assert "A=1\n" == env.read_text()
    envfile.write(tmp_path / folder / ".env.other", {"SECRET": "x"})


def test_outside_a_repository_it_is_written(tmp_path: Path) -> None:
    """Nobody is asked."""
    envfile.write(tmp_path / ".env", {"SECRET": "x"})
    assert {"SECRET": "x"} == envfile.read(tmp_path / ".env")
