"""The content of one function's package: its file, the parts of shared/ that it imports, and their wheels."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.package_lock import PackageError, Wheel
from tools.package_trim import NEVER_IMPORTED, OWNERS, SUBSTITUTES, UNUSED_REQUIREMENTS

FUNCTIONS = ("recordings", "callback", "reconcile")
OURS = "scf-webrecord"
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement holds others: no expression imports."""


@dataclass(frozen=True)
class Import:
    """A module, or a name in one, that a source names; `lazy` when only a call of a function imports it."""

    module: str
    lazy: bool


@dataclass(frozen=True)
class File:
    """A file of a package, and the distribution it is of."""

    body: bytes
    distribution: str


@cache
def imports(source: bytes, module: str, *, is_package: bool = False) -> tuple[Import, ...]:
    """Return what a module's source imports, but for type checkers alone; `from a import b` gives a and a.b."""
    folder = module if is_package else module.rpartition(".")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how others write their strings
        tree = ast.parse(source)
    return tuple(_walk(tree.body, folder, lazy=False))


def _walk(nodes: Iterable[ast.AST], folder: str, *, lazy: bool) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = folder.rsplit(".", node.level - 1)[0] if node.level > 1 else folder if node.level else ""
            target = ".".join(part for part in (base, node.module) if part)
            yield Import(target, lazy)
            for alias in node.names:
                yield Import(f"{target}.{alias.name}", lazy)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _walk(node.orelse, folder, lazy=lazy)
        else:
            inner = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for block in _BLOCKS:
                yield from _walk(getattr(node, block, ()), folder, lazy=inner)


def contents(function: str, root: Path, wheels: list[Wheel]) -> dict[str, File]:
    """Return the files of a function's package by their paths in it, sources only.

    Raises:
        PackageError: something is imported that is neither ours, nor Python's, nor locked; or at once what
            NEVER_IMPORTED says it never is.
    """
    own = _own(function, root)
    files = {path: File(body, OURS) for path, body in {**own, **_assets(own, root)}.items()}
    for wheel in _needed(own, wheels):
        for path, body in sorted(wheel.files.items()):
            if OWNERS.get(path, wheel.name) != wheel.name:
                continue
            if path in files:
                raise PackageError(f"{path} is in {files[path].distribution} and in {wheel.name}: say whose in OWNERS")
            files[path] = File(body, wheel.name)
    return dict(sorted(files.items()))


def _own(function: str, root: Path) -> dict[str, bytes]:
    entry = (root / "functions" / f"{function}.py").read_bytes()
    files, never = {f"{function}.py": entry}, NEVER_IMPORTED[function]
    waiting, seen = [(each, function) for each in imports(entry, function)], set[Import]()
    while waiting:
        wanted, importer = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        if any(wanted.module == each or wanted.module.startswith(f"{each}.") for each in never):
            if not wanted.lazy:
                raise PackageError(f"{importer} imports {wanted.module} at once: take it out of NEVER_IMPORTED")
            continue
        names = wanted.module.split(".")
        for depth in range(1, len(names) + 1) if names[0] == "shared" else ():
            stem = root.joinpath(*names[:depth])
            source = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
            path = source.relative_to(root).as_posix()
            if path in files or not source.is_file():
                continue
            files[path] = source.read_bytes()
            module = ".".join(names[:depth])
            found = imports(files[path], module, is_package=stem.is_dir())
            waiting += [(Import(each.module, each.lazy or wanted.lazy), module) for each in found]
    return files


def _assets(own: dict[str, bytes], root: Path) -> dict[str, bytes]:
    """Return what a package of ours in `own` has beside its modules: the page that it serves."""
    found = {}
    for path in (root / "shared").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith("."):
            package = next(folder / "__init__.py" for folder in path.parents if (folder / "__init__.py").is_file())
            if package.relative_to(root).as_posix() in own:
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _needed(own: dict[str, bytes], wheels: list[Wheel]) -> list[Wheel]:
    by_name = {wheel.name: wheel for wheel in wheels}
    holders = _holders(wheels)
    wanted: set[str] = set()
    for path, source in own.items():
        module = path.removesuffix(".py").replace("/", ".")
        for each in imports(source, module):
            top = each.module.partition(".")[0]
            if top in sys.stdlib_module_names or top == "shared" or not top:
                continue
            if top not in holders:
                raise PackageError(f"{path} imports {top}, which no wheel of requirements.txt holds")
            held = holders[top]
            if len(held) > 1:  # a namespace of several distributions: the ones whose modules are named
                held = {name for name in held if _holds(by_name[name], each.module)}
            wanted |= held
    waiting, needed = sorted(wanted), set[str]()
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        if name not in by_name:
            raise PackageError(f"{name} is needed, but requirements.txt does not lock it")
        needed.add(name)
        requires = (each for each in by_name[name].requires if (name, each) not in UNUSED_REQUIREMENTS)
        waiting += [SUBSTITUTES.get(each, each) for each in requires]
    return [by_name[name] for name in sorted(needed)]


def _holders(wheels: list[Wheel]) -> dict[str, set[str]]:
    holders: dict[str, set[str]] = {}
    for wheel in wheels:
        for path in wheel.files:
            top = path.split("/")[0]
            if not top.endswith(".dist-info"):
                holders.setdefault(top.split(".")[0], set()).add(wheel.name)
    return holders


def _holds(wheel: Wheel, module: str) -> bool:
    path = module.replace(".", "/")
    return f"{path}.py" in wheel.files or (path.count("/") > 0 and f"{path}/__init__.py" in wheel.files)
