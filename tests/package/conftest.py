"""Packages, built once for all tests that look at them or run them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.cloud import RunningCloud
from tools import package_python
from tools.package import BUILD, Package, build

INSTANCE = Path(__file__).with_name("instance.py")


@pytest.fixture(scope="session")
def python310() -> str:
    """The Python that the packages are for."""
    found = package_python.find()
    if found is None:
        pytest.skip(f"NOT TESTED: {package_python.ABSENT}")
    return found


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory, python310: str) -> dict[str, Package]:
    """Every function's package; its wheels are downloaded once for this checkout, into build/."""
    built = build(tmp_path_factory.mktemp("packages"), python=python310, cache=BUILD / "wheels")
    return {package.function: package for package in built}


@dataclass
class Answer:
    """What an instance said.

    Attributes:
        results: what the invocations returned.
        modules: of the package, those that were imported, with their files' paths in it.
        failed: modules that can't be imported, and why.
        log: what it printed.
    """

    results: list[Any]
    modules: dict[str, str]
    failed: dict[str, str]
    log: str


Run = Callable[..., Answer]


@pytest.fixture(scope="session")
def unpacked(packages: dict[str, Package], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each function's zip, unpacked into a read-only folder."""
    folders = {name: tmp_path_factory.mktemp("unpacked") / name for name in packages}
    for name, folder in folders.items():
        with ZipFile(packages[name].zip_path) as archive:
            archive.extractall(folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
    return folders


@pytest.fixture(scope="session")
def run(unpacked: dict[str, Path], python310: str) -> Run:
    """Invoke a function where its zip was unpacked, in a new process."""

    def run(function: str, *invocations: dict[str, Any], running: RunningCloud | None = None) -> Answer:
        folder = unpacked[function]
        before = state(folder)
        done = subprocess.run(
            [python310, "-I", "-S", "-B", str(INSTANCE), str(folder), function if invocations else "--import"],
            input=json.dumps(invocations),
            capture_output=True,
            text=True,
            env=environment(function, running),
            cwd=folder,
            timeout=300,
        )
        assert 0 == done.returncode, done.stderr
        said = json.loads(done.stdout)
        assert [] == said["installed"]
        assert before == state(folder), "the code folder is read-only on SCF"
        modules = {name: Path(file).relative_to(folder).as_posix() for name, file in said["modules"].items()}
        return Answer(said.get("results", []), modules, said.get("failed", {}), done.stderr)

    return run


def environment(function: str, running: RunningCloud | None) -> dict[str, str]:
    """The environment as SCF sets it; against the local cloud, when it is there."""
    ours = {"PYTHONDONTWRITEBYTECODE": "x", "PATH": os.defpath, "LANG": "C.UTF-8"}
    if running is None:
        return ours
    found = running.cloud.functions[function]
    return {**found.environment(), **found.config.credentials()}


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """What every write below a folder changes: which files there are, their sizes, and the times no one can set."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        is_now = path.stat()
        found[path.relative_to(folder).as_posix()] = (is_now.st_size, is_now.st_ctime_ns)
    return found


@cache
def everything(folder: Path) -> dict[str, bytes]:
    """Every file of a package's folder, which nothing changes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
