"""Builds the packages that are deployed: `make package`.

One zip per function, build/NAME.zip, and the same unpacked, build/NAME/, which serverless.yml uploads. The same
commit gives the same bytes, wherever it is built with the same zlib: files are in the order of their names, with one
time and one mode, and what is compiled depends on the sources alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rich.console import Console
from rich.table import Table

from local import early
from tools import package_python
from tools.package_contents import FUNCTIONS, OURS, File, contents
from tools.package_lock import PackageError, fetch, read_lock

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
MAX_ZIP = 7_000_000
MAX_UNPACKED = 25_000_000
TIME = (1980, 1, 1, 0, 0, 0)
MODE = 0o644
LEVEL = 6
"""Of compression: 9 takes more than twice as long for half a percent."""
LOCK = "requirements.txt"
VERSION = "shared/built.py"
"""Where what runs says what it is."""


@dataclass(frozen=True)
class Package:
    """One function's package as it was built.

    Attributes:
        function: its name.
        zip_path, folder: where it is, packed and unpacked.
        parts: bytes by distribution: unpacked, and packed.
        zip_bytes, unpacked_bytes: of the whole.
    """

    function: str
    zip_path: Path
    folder: Path
    parts: Mapping[str, tuple[int, int]]
    zip_bytes: int
    unpacked_bytes: int

    @property
    def version(self) -> str:
        """Return what its log lines call it."""
        found = re.search(r'^VERSION = "(.*)"$', (self.folder / VERSION).read_text("utf-8"), re.MULTILINE)
        return found[1] if found else ""

    def complaints(self) -> list[str]:
        """Return what is over a limit; one line each."""
        sizes = (("packed", self.zip_bytes, MAX_ZIP), ("unpacked", self.unpacked_bytes, MAX_UNPACKED))
        return [
            f"{self.function} is {size / 1e6:.2f} MB {how}; the limit is {limit / 1e6:g} MB"
            for how, size, limit in sizes
            if size > limit
        ]


def build(out: Path = BUILD, *, python: str | None, root: Path = ROOT, cache: Path | None = None) -> list[Package]:
    """Build every function's package; what was built before is replaced only when all went well.

    Args:
        out: where the zips and folders go.
        python: a CPython 3.10 that compiles; None ships sources alone, which start slowly.
        root: the checkout.
        cache: where wheels are kept; by default in `out`.

    Raises:
        PackageError: it can't be built; one line that says what to do.
    """
    wheels = fetch(read_lock((root / LOCK).read_text()), cache or out / "wheels")
    wanted = _told({function: contents(function, root, wheels) for function in FUNCTIONS})
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as made:
        draft = Path(made)
        compiled = _compile(draft / "compiled", wanted, python) if python else {}
        packages = []
        for function, sources in wanted.items():
            files = dict(sources)
            for path, source in sources.items():
                if path in compiled:
                    name = _compiled_name(path)
                    files[name] = File(compiled[path], source.distribution)
            packages.append(_write(function, dict(sorted(files.items())), draft, out))
        for package in packages:
            _replace(draft / package.zip_path.name, package.zip_path)
            _replace(draft / package.folder.name, package.folder)
        shutil.copyfile(root / LOCK, out / LOCK)  # by which `webrecord deploy` sees that the wheels are others by now
    return packages


def _told(wanted: Mapping[str, Mapping[str, File]]) -> dict[str, dict[str, File]]:
    """Return the same with a digest of all of it as the version that log lines carry."""
    digest = hashlib.sha256()
    for function, files in sorted(wanted.items()):
        for path, file in sorted(files.items()):
            digest.update(f"{function}\0{path}\0{len(file.body)}\0".encode() + file.body)
    version = f'VERSION = "{digest.hexdigest()[:12]}"'.encode()
    told = {function: dict(files) for function, files in wanted.items()}
    for files in told.values():
        if VERSION in files:
            body = re.sub(rb'^VERSION = ".*"$', version, files[VERSION].body, flags=re.MULTILINE)
            files[VERSION] = File(body, files[VERSION].distribution)
    return told


def _compile(folder: Path, wanted: Mapping[str, Mapping[str, File]], python: str) -> dict[str, bytes]:
    sources = {path: file.body for files in wanted.values() for path, file in files.items() if path.endswith(".py")}
    _put(folder, sources)
    command = [python, "-I", "-S", str(Path(__file__).with_name("package_compile.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own script)
    if done.returncode:
        raise PackageError(f"{python} did not compile the sources:\n{done.stderr.strip()}")
    return {path: (folder / _compiled_name(path)).read_bytes() for path in sources}


def _compiled_name(path: str) -> str:
    folder, _, name = path.rpartition("/")
    major, minor = package_python.VERSION
    compiled = f"__pycache__/{name.removesuffix('.py')}.cpython-{major}{minor}.pyc"
    return f"{folder}/{compiled}" if folder else compiled


def _write(function: str, files: Mapping[str, File], draft: Path, out: Path) -> Package:
    parts: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    packed = draft / f"{function}.zip"
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for path, file in files.items():
            info = ZipInfo(path, TIME)
            info.compress_type, info.create_system = ZIP_DEFLATED, 3
            info.external_attr = (0o100000 | MODE) << 16
            archive.writestr(info, file.body, compresslevel=LEVEL)
            unpacked_size, packed_size = parts[file.distribution]
            parts[file.distribution] = (unpacked_size + info.file_size, packed_size + info.compress_size)
    _put(draft / function, {path: file.body for path, file in files.items()})
    total = sum(len(file.body) for file in files.values())
    return Package(function, out / packed.name, out / function, dict(parts), packed.stat().st_size, total)


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    for parent in sorted({(folder / path).parent for path in files}):
        parent.mkdir(parents=True, exist_ok=True)
    for path, body in files.items():
        written = folder / path
        written.write_bytes(body)
        written.chmod(MODE)


def _replace(new: Path, old: Path) -> None:
    if old.is_dir():
        shutil.rmtree(old)
    new.replace(old)


def _show(packages: Sequence[Package], console: Console) -> None:
    table = Table(title="kB packed / unpacked", title_justify="left")
    table.add_column("distribution")
    for package in packages:
        table.add_column(package.function, justify="right")
    names = sorted({name for package in packages for name in package.parts}, key=lambda name: (name != OURS, name))
    for name in names:
        cells = [package.parts.get(name) for package in packages]
        table.add_row(name, *(f"{cell[1] / 1e3:.0f} / {cell[0] / 1e3:.0f}" if cell else "" for cell in cells))
    table.add_section()
    table.add_row("whole", *(f"{each.zip_bytes / 1e3:.0f} / {each.unpacked_bytes / 1e3:.0f}" for each in packages))
    table.add_row("limit", *(f"{MAX_ZIP / 1e3:.0f} / {MAX_UNPACKED / 1e3:.0f}" for _ in packages))
    table.add_row("version", *(each.version for each in packages))
    console.print(table)


def main(arguments: Sequence[str], find: Callable[[], str | None] = package_python.find_or_install) -> int:
    """Build, print the sizes, and return the exit status: 1 above a limit, 2 when it can't be built."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description="Build the packages to deploy.")
    parser.add_argument("--out", type=Path, default=BUILD, help="where they go (build/)")
    parser.add_argument(
        "--allow-slow",
        action="store_true",
        help=f"build without {package_python.NAME}: nothing is compiled, so that every cold start compiles it all",
    )
    given = parser.parse_args(arguments)
    console, errors = Console(), Console(stderr=True, soft_wrap=True)
    python = find()
    if python is None and not given.allow_slow:
        errors.print(
            f"error: {package_python.ABSENT}\n       (or `make package ALLOW_SLOW=1`: nothing is compiled, and every "
            "cold start is several times as long)",
            markup=False,
            highlight=False,
        )
        return 2
    try:
        packages = build(given.out, python=python)
    except PackageError as error:
        errors.print(f"error: {error}", markup=False)
        return 2
    _show(packages, console)
    if python is None:
        errors.print(f"WARNING: no {package_python.NAME}: these packages hold no compiled modules and start SLOWLY.")
    complaints = [line for package in packages for line in package.complaints()]
    for line in complaints:
        errors.print(f"error: {line}")
    return 1 if complaints else 0


if __name__ == "__main__":
    os.umask(0o022)
    raise SystemExit(early.run(lambda: main(sys.argv[1:])))
