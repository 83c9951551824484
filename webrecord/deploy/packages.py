"""What the packages in a folder are: release, build, when they were written, and how they differ from the sources."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from webrecord import files
from webrecord.words import t

RELEASE, BUILD, LOCK = "shared/__init__.py", "shared/built.py", "requirements.txt"
LARGEST_SOURCE = 2_000_000
SHOWN = 3
"""Names of files that a warning has."""
BROKEN = (BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error)
"""What reading a file that is no whole zip raises."""


@dataclass(frozen=True)
class Package:
    """One function's package. `release` and `build` are "" where it does not say them.

    Attributes:
        build: the digest of everything deployed that `make package` writes into all three.
        sources: path in the package → content, of what is ours.
    """

    release: str
    build: str
    sources: dict[str, bytes]


def read(key: str, code: bytes) -> Package:
    """Return what a function's package says of itself; nothing of what is no zip: `check_packages` refuses that."""
    sources = dict[str, bytes]()
    try:
        with ZipFile(BytesIO(code)) as package:
            for each in package.infolist():
                name = each.filename
                ours = name == f"{key}.py" or (name.startswith("shared/") and not name.endswith((".pyc", "/")))
                if ours and each.file_size <= LARGEST_SOURCE:
                    sources[name] = package.read(name)
    except BROKEN:
        return Package("", "", {})
    return Package(_said(sources, RELEASE, b"__version__"), _said(sources, BUILD, b"VERSION"), sources)


def _said(sources: dict[str, bytes], path: str, name: bytes) -> str:
    found = re.search(rb'^%s = "([\w.+-]{1,40})"\s*$' % name, sources.get(path, b""), re.MULTILINE)
    return found[1].decode("ascii", "replace") if found else ""


@dataclass(frozen=True)
class Packages:
    """The three packages of a folder.

    Attributes:
        each: package by function.
        written: when the oldest file was written, local time.
    """

    folder: Path
    each: dict[str, Package]
    written: datetime

    @property
    def release(self) -> str:
        return _one([package.release for package in self.each.values()])

    @property
    def build(self) -> str:
        return _one([package.build for package in self.each.values()])

    @property
    def line(self) -> str:
        """Return what they are, for people."""
        unknown = t("unknown")
        return t(
            "packages of {folder}: release {release}, build {build}, written {written}",
            folder=self.folder,
            release=self.release or unknown,
            build=self.build or unknown,
            written=f"{self.written:%Y-%m-%d %H:%M}",
        )

    def differing(self, root: Path) -> list[str]:
        """Return the sources of a checkout that are not those in the packages; [] where no sources are there."""
        if not (root / "shared").is_dir():
            return []
        found = set[str]()
        for package in self.each.values():
            for name, body in package.sources.items():
                path = root / name if name.startswith("shared/") else root / "functions" / name
                if name != BUILD and _content(path) != body:
                    found.add(path.relative_to(root).as_posix())
        lock = _content(self.folder / LOCK)  # as `make package` had it
        if lock is not None and lock != _content(root / LOCK):
            found.add(LOCK)
        return sorted(found)

    def warnings(self, root: Path | None) -> list[str]:
        """Return what is odd, one line each. `root`: the checkout that they should be from; None: from any."""
        lines = []
        if len({(package.release, package.build) for package in self.each.values()}) > 1:
            told = ", ".join(f"{key}: {package.release} {package.build}" for key, package in self.each.items())
            lines.append(
                t("{folder} has packages of several builds ({told}): run `make package`", folder=self.folder, told=told)
            )
        if root and (differing := self.differing(root)):
            names = ", ".join([*differing[:SHOWN], *(["…"] if len(differing) > SHOWN else [])])
            lines.append(
                t(
                    "the sources changed since the packages were built ({count} files: {names}): run `make package`"
                    " to deploy them",
                    count=len(differing),
                    names=names,
                )
            )
        return lines


def _one(said: list[str]) -> str:
    """Return what all say; "" where they do not agree."""
    return said[0] if len(set(said)) == 1 else ""


def _content(path: Path) -> bytes | None:
    try:
        return files.read(path, LARGEST_SOURCE)
    except OSError:
        return None
