"""The code that cold starts are measured with: what `make package` built, and what it is compared with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import package_python
from tools.package import BUILD, ROOT
from tools.package_lock import fetch, read_lock

WORK = ROOT / ".local" / "bench"
SOURCES = ("functions", "shared")
HANDLERS = Path(__file__).parent / "handlers"
POWERTOOLS = "aws-lambda-powertools[parser]==3.37.0"
SETTINGS = ("pydantic-settings==2.15.0", "python-dotenv==1.2.4")
"""How one reads typed settings first; we do with pydantic alone (docs/decisions.md)."""


class MissingError(Exception):
    """Something to measure with is not there; one line that says what to do."""


@dataclass(frozen=True)
class Folders:
    """Where everything is.

    Attributes:
        python: a CPython 3.10.
        build: what was packaged.
        sources: the sources, every locked distribution whole, and SETTINGS, nothing compiled; `compiled`: the same,
            compiled.
        powertools: aws-lambda-powertools and what it needs; None where it could not be installed.
        handlers: bench/handlers, compiled.
    """

    python: str
    build: Path
    sources: Path
    compiled: Path
    powertools: Path | None
    handlers: Path


def packages() -> tuple[str, Path]:
    """Return a CPython 3.10 and the folder of what was packaged.

    Raises:
        MissingError: one of them is not there, or what was packaged is older than its source.
    """
    python = package_python.find()
    if python is None:
        raise MissingError(package_python.ABSENT)
    built = BUILD / "callback" / "callback.py"
    if not built.is_file():
        raise MissingError("nothing is built: run `make package`")
    sources = [ROOT / "requirements.txt", *(path for name in SOURCES for path in (ROOT / name).rglob("*.py"))]
    if max(path.stat().st_mtime for path in sources) > built.stat().st_mtime:
        raise MissingError("what is built is older than its source: run `make package`")
    return python, BUILD


def prepare(work: Path = WORK) -> Folders:
    """Make every folder; what is installed from elsewhere is kept for the next time.

    Raises:
        MissingError: see `packages`; or something to compare with can't be installed.
    """
    python, build = packages()
    work.mkdir(parents=True, exist_ok=True)
    sources, compiled, handlers = work / "sources", work / "compiled", work / "handlers"
    for folder in (sources, compiled, handlers):
        shutil.rmtree(folder, ignore_errors=True)
    for wheel in fetch(read_lock((ROOT / "requirements.txt").read_text()), BUILD / "wheels"):
        for name, body in wheel.files.items():
            path = sources / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(body)
    bytecode = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        shutil.copytree(ROOT / name, sources / name, ignore=bytecode)
    shutil.copytree(HANDLERS, handlers, ignore=bytecode)
    shutil.copy(HANDLERS / "obvious.py", sources)
    if not _install(work / "settings", "--no-deps", *SETTINGS):
        raise MissingError(f"{SETTINGS[0]} could not be installed: is there a package index?")
    shutil.copytree(work / "settings", sources, dirs_exist_ok=True)
    shutil.copytree(sources, compiled)
    for folder in (compiled, handlers):
        _compile(python, folder)
    powertools = work / "powertools" if _install(work / "powertools", POWERTOOLS) else None
    if powertools:
        _compile(python, powertools)
    return Folders(python, build, sources, compiled, powertools, handlers)


def _install(folder: Path, *wanted: str) -> bool:
    if folder.is_dir():
        return True
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--target", str(folder), "--python-version", "3.10", "--only-binary=:all:", *wanted]
    if subprocess.run(command, check=False).returncode == 0:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _compile(python: str, folder: Path) -> None:
    # Some files are no Python 3.10, or templates: what can't be compiled is not imported either.
    subprocess.run([python, "-I", "-m", "compileall", "-q", str(folder)], capture_output=True, check=False)
