"""Find a CPython 3.10, the interpreter that the packages are built for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

VERSION = (3, 10)
NAME = "python3.10"
INSTALL_S = 300.0
ABSENT = (
    f"there is no {NAME} (CPython 3.10) on the PATH, of pyenv or of uv; type: "
    "python3 -m venv .local/uv && .local/uv/bin/python -m pip install uv && .local/uv/bin/uv python install 3.10"
)
"""The error if there is none, with the commands that install one."""
_ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2]); print(sys.executable)"
_KEPT = (  # below the home
    ".pyenv/versions/3.10*/bin",
    ".local/share/uv/python/cpython-3.10*/bin",
    ".local/bin",
    ".asdf/installs/python/3.10*/bin",
    ".local/share/mise/installs/python/3.10*/bin",
)
_PLACES = (
    "usr/bin",
    "usr/local/bin",
    "opt/python*3.10*/bin",
    "opt/homebrew/opt/python@3.10/bin",
    "usr/local/opt/python@3.10/bin",
    "home/linuxbrew/.linuxbrew/opt/python@3.10/bin",
    "Library/Frameworks/Python.framework/Versions/3.10/bin",
)


@lru_cache(maxsize=1)
def find() -> str | None:
    """Return a CPython 3.10; None where there is none. See `candidates` for where it is looked for."""
    return first(candidates(os.environ, Path(os.path.expanduser("~"))))  # noqa: PTH111 (Path.home() may raise)


def find_or_install() -> str | None:
    """Return a CPython 3.10; where there is none, the person's own uv installs it."""
    if (found := find()) is None and (uv := _uv()) is not None:
        sys.stderr.write(f"no {NAME} is here: `uv python install 3.10` …\n")
        _said(uv, "python", "install", "3.10")
        find.cache_clear()
        found = find()
    return found


def candidates(environment: Mapping[str, str], home: Path, root: Path = Path("/")) -> Iterator[str]:
    """Yield what may be one: this interpreter, one beside it, the PATH's, pyenv's, uv's, those of usual places.

    Args:
        environment: PATH; where pyenv and uv keep theirs, when that is not in the home.
        home: the person's home.
        root: where the usual places lie.
    """
    yield sys.executable
    yield str(Path(sys.executable).with_name(NAME))
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        yield str(Path(folder) / NAME)
    told = (
        ("PYENV_ROOT", "versions/3.10*/bin"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.10*/bin"),
        ("XDG_DATA_HOME", "uv/python/cpython-3.10*/bin"),
    )
    kept = [(Path(environment[name]), below) for name, below in told if environment.get(name)]
    kept += [(home, each) for each in _KEPT] + [(root, each) for each in _PLACES]
    for base, below in kept:
        for found in sorted(base.glob(below), reverse=True):
            yield str(found / NAME)


def first(paths: Iterator[str]) -> str | None:
    """Return the first that runs and says that it is one: version managers leave names that do not."""
    return next((found for path in paths if (found := _is_it(path)) is not None), None)


def _is_it(candidate: str) -> str | None:
    if not os.access(candidate, os.X_OK):
        return None
    version, executable, *_ = (*_said(candidate, "-I", "-S", "-c", _ASK, within_s=30).splitlines(), "", "")
    return executable if version == f"cpython {VERSION[0]} {VERSION[1]}" else None


def _said(*command: str, within_s: float = INSTALL_S) -> str:
    """Return what a command printed; nothing when it failed."""
    try:
        said = subprocess.run(  # noqa: S603 (an interpreter by its name, or uv)
            command, capture_output=True, text=True, errors="replace", timeout=within_s, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return said.stdout


def _uv() -> str | None:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111
    beside = (Path(sys.executable).parent, Path(".local/uv/bin"), home / ".local/bin", home / ".cargo/bin")
    return shutil.which("uv") or next((found for each in beside if (found := shutil.which("uv", path=str(each)))), None)
