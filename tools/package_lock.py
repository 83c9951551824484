"""The deployed set: the wheels that requirements.txt locks, for CPython 3.10 on manylinux2014 x86_64."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tools.package_python import VERSION

PLATFORM = "manylinux2014_x86_64"
PYTHON = f"{VERSION[0]}.{VERSION[1]}"
TARGET = {
    "implementation_name": "cpython",
    "implementation_version": f"{PYTHON}.0",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
    "extra": "",
}
"""Where the functions run. pip evaluates markers for the Python that it itself runs on, whatever --platform says."""


class PackageError(Exception):
    """The packages can't be built; one line that says what to do."""


@dataclass(frozen=True)
class Pin:
    """One version in the lock, and the SHA-256 digests that its files may have."""

    name: str
    version: str
    hashes: frozenset[str]

    def line(self) -> str:
        """Return it as a requirements file has it, without a marker."""
        return " ".join(
            [f"{self.name}=={self.version}", *(f"--hash=sha256:{digest}" for digest in sorted(self.hashes))]
        )


@dataclass(frozen=True)
class Wheel:
    """One distribution, unpacked in memory."""

    name: str
    version: str
    files: dict[str, bytes]
    requires: frozenset[str]
    """The distributions that it says it needs on the target."""


def applies(marker: Marker | None) -> bool:
    """Tell whether a requirement with this marker is one on the target."""
    return marker is None or marker.evaluate(TARGET)


def read_lock(text: str) -> list[Pin]:
    """Return what the lock pins for the target, sorted by name.

    Raises:
        PackageError: a line is not an exact version with hashes, or a name is there twice.
    """
    pins: dict[str, Pin] = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        stated = line.split("#")[0].strip()
        if not stated:
            continue
        requirement = Requirement(stated.split("--hash")[0].strip())
        if not applies(requirement.marker):
            continue
        name = canonicalize_name(requirement.name)
        versions = [specifier.version for specifier in requirement.specifier if specifier.operator == "=="]
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", stated))
        if len(versions) != 1 or len(requirement.specifier) != 1 or not hashes:
            raise PackageError(
                f"requirements.txt does not lock {name}: one exact version and its hashes; run make lock"
            )
        if name in pins:
            raise PackageError(f"requirements.txt has {name} twice for Python {PYTHON} on Linux; run make lock")
        pins[name] = Pin(name, versions[0], hashes)
    return [pins[name] for name in sorted(pins)]


def fetch(pins: list[Pin], cache: Path) -> list[Wheel]:
    """Return the pinned wheels; downloaded once, into a folder of the cache named for the pins.

    Raises:
        PackageError: a wheel for the target is missing, can't be downloaded, or is not the one that is locked.
    """
    lines = "\n".join(pin.line() for pin in pins) + "\n"
    folder = cache / hashlib.sha256(f"{PLATFORM} {PYTHON}\n{lines}".encode()).hexdigest()[:16]
    if not folder.is_dir():
        _download(lines, folder)
    paths = {canonicalize_name(parse_wheel_filename(path.name)[0]): path for path in sorted(folder.glob("*.whl"))}
    if set(paths) != {pin.name for pin in pins}:
        raise PackageError(f"{folder} does not hold the wheels of requirements.txt; remove it and build again")
    return [_read(pin, paths[canonicalize_name(pin.name)]) for pin in pins]


def _download(lines: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        requirements, wheels = Path(draft) / "requirements.txt", Path(draft) / "wheels"
        requirements.write_text(lines)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        command += ["--dest", str(wheels), "--platform", PLATFORM, "--python-version", PYTHON]
        command += ["--implementation", "cp", "--only-binary=:all:", "--no-deps", "--require-hashes"]
        done = subprocess.run([*command, "-r", str(requirements)], capture_output=True, text=True, check=False)  # noqa: S603 (pip)
        if done.returncode:
            raise PackageError(f"pip did not download the wheels of requirements.txt:\n{done.stderr.strip()}")
        if folder.is_dir():  # another build was faster
            return
        try:
            shutil.move(wheels, folder)
        except OSError:
            if not folder.is_dir():
                raise


def _read(pin: Pin, path: Path) -> Wheel:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() not in pin.hashes:
        raise PackageError(f"{path} is not the file that requirements.txt locks; remove its folder and build again")
    with ZipFile(path) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    if odd := [name for name in files if ".data/" in name]:
        raise PackageError(f"{path.name} installs files elsewhere ({odd[0]}): the packages have only one place")
    (metadata,) = (body.decode() for name, body in files.items() if name.endswith(".dist-info/METADATA"))
    headers = metadata.split("\n\n")[0]
    stated = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.+)$", headers, re.MULTILINE)]
    requires = frozenset(canonicalize_name(each.name) for each in stated if applies(each.marker))
    return Wheel(pin.name, pin.version, files, requires)
