"""The interpreter that the packages are for: CPython 3.10, found by its name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

VERSION = (3, 10)
NAME = "python3.10"
_ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2]); print(sys.executable)"


@lru_cache(maxsize=1)
def find() -> str | None:
    """Return a CPython 3.10: this interpreter, one beside it, or `python3.10` on the path; None where there is none.

    A name that is found counts only when it runs and says what it is: version managers leave names that do not.
    """
    beside = Path(sys.executable).with_name(NAME)
    for candidate in (sys.executable, str(beside), *_on_path()):
        if (found := _is_it(candidate)) is not None:
            return found
    return None


def _on_path() -> list[str]:
    found = shutil.which(NAME)
    return [found] if found else []


def _is_it(candidate: str) -> str | None:
    try:
        said = subprocess.run(  # noqa: S603 (an interpreter by its name)
            [candidate, "-I", "-S", "-c", _ASK], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, executable = said.stdout.splitlines()[:2]
    return executable if version == f"cpython {VERSION[0]} {VERSION[1]}" else None
