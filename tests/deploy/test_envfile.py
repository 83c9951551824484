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


@pytest.mark.parametrize("begins", ["", "export ", "  "])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_is_written_is_what_is_read(tmp_path: Path, begins: str, ends: str) -> None:
    """Also where the name stands twice: the last line counts, and no older value is left in the file."""
    (env := tmp_path / ".env").write_bytes(
        f"{begins}KEY=old{ends}# KEY=x{ends}A=1{ends}{begins}KEY=older{ends}".encode()
    )
    envfile.write(env, {"KEY": "new"})
    assert {"A": "1", "KEY": "new"} == envfile.read(env)
    assert "# KEY=x\nA=1\nKEY=new\n" == env.read_text()


def test_a_comment_stays_one_whatever_letters_it_has(tmp_path: Path) -> None:
    """Lines end where dotenv ends them: at no form feed, and at no line separator of Unicode."""
    (env := tmp_path / ".env").write_text("A=1\n# once\u2028A=2\x0cA=3\n", encoding="utf-8")
    envfile.write(env, {"SECRET": "x"})
    assert {"A": "1", "SECRET": "x"} == envfile.read(env)


@pytest.mark.process
def test_a_link_stays_one_and_is_asked_about(tmp_path: Path) -> None:
    """What it leads to is written, unless git has that."""
    (real := tmp_path / "kept" / "real.env").parent.mkdir()
    real.write_text("A=1\n")
    (env := tmp_path / ".env").symlink_to(real)
    envfile.write(env, {"SECRET": "x"})
    assert env.is_symlink()
    assert {"A": "1", "SECRET": "x"} == envfile.read(real)
    for command in (["init", "-q"], ["add", "-f", "real.env"]):
        subprocess.run(["git", "-C", str(real.parent), *command], check=True)
    with pytest.raises(BadUsage, match="git tracks"):
        envfile.write(env, {"SECRET": "y"})
    assert {"A": "1", "SECRET": "x"} == envfile.read(real)
