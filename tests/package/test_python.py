"""CPython 3.10 is found where people have it, and what only looks like one is passed over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import package_python
from tools.package_python import NAME, candidates, first

pytestmark = pytest.mark.process

TRUE_ONE = "cpython 3 10\n/the/real/python3.10"
Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Make an executable file of this name that prints this, or fails."""

    def put(folder: str, said: str = TRUE_ONE, status: int = 0, mode: int = 0o755) -> Path:
        path = tmp_path / folder / NAME
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\nprintf '{said}'\nexit {status}\n")
        path.chmod(mode)
        return path

    return put


@pytest.mark.parametrize(
    ("folder", "environment"),
    [
        ("bin", {"PATH": "{}/none::{}/bin"}),
        ("home/.pyenv/versions/3.10.13/bin", {}),
        ("elsewhere/versions/3.10.2/bin", {"PYENV_ROOT": "{}/elsewhere"}),
        ("home/.local/share/uv/python/cpython-3.10.16-linux-x86_64-gnu/bin", {}),
        ("pythons/cpython-3.10.16-linux-x86_64-gnu/bin", {"UV_PYTHON_INSTALL_DIR": "{}/pythons"}),
        ("data/uv/python/cpython-3.10-linux-x86_64-gnu/bin", {"XDG_DATA_HOME": "{}/data"}),
        ("home/.local/share/mise/installs/python/3.10.4/bin", {}),
        ("usr/bin", {}),
        ("opt/homebrew/opt/python@3.10/bin", {}),
    ],
)
def test_it_is_found_where_people_have_it(put: Put, tmp_path: Path, folder: str, environment: dict[str, str]) -> None:
    """On the PATH, of pyenv, of uv, of other managers, of the system."""
    path = put(folder)
    told = {"PATH": "", **{name: value.format(tmp_path, tmp_path) for name, value in environment.items()}}
    assert str(path) in candidates(told, tmp_path / "home", tmp_path)
    assert "/the/real/python3.10" == first(iter([str(path)]))


def test_an_empty_environment_is_no_error(tmp_path: Path) -> None:
    """This interpreter comes first."""
    assert sys.executable == next(candidates({}, tmp_path / "none", tmp_path))
    assert len(list(candidates({}, tmp_path / "none", tmp_path))) > 2


@pytest.mark.parametrize(
    ("said", "status", "mode"),
    [
        ("pyenv: python3.10: command not found", 127, 0o755),
        (TRUE_ONE, 1, 0o755),
        ("cpython 3 11\n/x", 0, 0o755),
        ("pypy 3 10\n/x", 0, 0o755),
        ("", 0, 0o755),
        (r"\377\376", 0, 0o755),
        (TRUE_ONE, 0, 0o644),
    ],
)
def test_what_only_looks_like_one_is_passed_over(put: Put, said: str, status: int, mode: int) -> None:
    """A version manager's name for what is not installed, another version, a file that can't be run."""
    wrong, right = put("one", said, status, mode), put("two")
    assert first(iter([str(wrong), str(wrong.parent), "/nowhere/python3.10"])) is None
    assert "/the/real/python3.10" == first(iter([str(wrong), str(right)]))


def test_without_python_one_line_says_what_to_type() -> None:
    """Commands that can be pasted."""
    assert "uv python install 3.10" in package_python.ABSENT
    assert "\n" not in package_python.ABSENT
