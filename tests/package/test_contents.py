"""What belongs into a package: decided from the sources, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.package_contents import OURS, Import, contents, imports
from tools.package_lock import PackageError, Wheel


def test_imports_of_every_form_are_found() -> None:
    """At once and in functions, relative ones too; not those for type checkers."""
    source = b"""
import a, b.c as d
from e import f
from . import g
from ..h import i
if TYPE_CHECKING:
    import never
else:
    import j
try:
    import k
except ImportError:
    pass
class L:
    import l
def later():
    import m
"""
    found = {(each.module, each.lazy) for each in imports(source, "top.inner.module")}
    at_once = {"a", "b.c", "e", "e.f", "top.inner", "top.inner.g", "top.h", "top.h.i", "j", "k", "l"}
    assert {*((name, False) for name in at_once), ("m", True)} == found
    assert Import("top.inner.g", lazy=False) in imports(b"from . import g", "top.inner", is_package=True)


def checkout(root: Path, **sources: str) -> Path:
    """Write a checkout; `functions__callback` is functions/callback.py."""
    for name in ("functions", "shared", "shared__adapters"):
        path = root / name.replace("__", "/") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for name, source in sources.items():
        (root / name.replace("__", "/")).with_suffix(".py").write_text(source)
    return root


def wheel(name: str, *requires: str, **files: str) -> Wheel:
    bodies = {path.replace("__", "/") + ".py": body.encode() for path, body in files.items()}
    return Wheel(name, "1", bodies, frozenset(requires))


def test_only_what_is_imported_is_in(tmp_path: Path) -> None:
    """Our modules by their imports, wheels by theirs and by what they need; a name in functions too."""
    root = checkout(
        tmp_path,
        functions__callback="from shared import one\nfrom shared.two import name",
        shared__one="def f():\n    from shared.adapters import three",
        shared__two="import json",
        shared__adapters__three="import first",
        shared__other="import unused",
    )
    wheels = [
        wheel("First-Dist", "second", first="", sub__x=""),
        wheel("second", second=""),
        wheel("unused", unused=""),
    ]
    files = contents("callback", root, wheels)
    ours = {path for path, file in files.items() if file.distribution == OURS}
    assert {
        "callback.py",
        "shared/__init__.py",
        "shared/one.py",
        "shared/two.py",
        "shared/adapters/__init__.py",
        "shared/adapters/three.py",
    } == ours
    assert {"first.py", "sub/x.py", "second.py"} == set(files) - ours


def test_what_is_never_imported_is_left_out_with_what_only_it_needs(tmp_path: Path) -> None:
    """The callback function has the modules that start recordings only in functions it does not call."""
    root = checkout(
        tmp_path,
        functions__callback="def f():\n    from shared.adapters.trtc import TrtcRecorder",
        shared__adapters__trtc="import sdk",
    )
    files = contents("callback", root, [wheel("sdk", sdk="")])
    assert {"callback.py"} == set(files)


def test_what_lies_beside_a_package_of_ours_comes_with_it(tmp_path: Path) -> None:
    """In folders of its own too; not what belongs to a package that is not in."""
    root = checkout(tmp_path, functions__callback="import shared.one", functions__recordings="import shared.pages")
    (root / "shared/one.py").write_text("")
    (root / "shared/pages/parts").mkdir(parents=True)
    for name in ("__init__.py", "page.html", "parts/a.js", ".swp", "__pycache__.pyc"):
        (root / "shared/pages" / name).write_text("")
    assets = {"shared/pages/__init__.py", "shared/pages/page.html", "shared/pages/parts/a.js"}
    assert {"recordings.py", "shared/__init__.py", *assets} == set(contents("recordings", root, []))
    assert {"callback.py", "shared/__init__.py", "shared/one.py"} == set(contents("callback", root, []))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import shared.adapters.trtc", "take it out of NEVER_IMPORTED"),
        ("import nothing_of_ours", "no wheel of requirements.txt holds"),
        ("import half", "requirements.txt does not lock it"),
    ],
)
def test_a_package_that_could_not_start_is_not_built(tmp_path: Path, source: str, said: str) -> None:
    """What is left out but imported at once, and what is not locked."""
    root = checkout(tmp_path, functions__callback=source, shared__adapters__trtc="")
    with pytest.raises(PackageError, match=said):
        contents("callback", root, [wheel("half", "missing", half="")])


def test_a_file_of_two_wheels_needs_an_owner(tmp_path: Path) -> None:
    """Which one counts is not left to chance."""
    root = checkout(tmp_path, functions__callback="import both")
    wheels = [wheel("both", "other", both="1"), wheel("other", both="2")]
    with pytest.raises(PackageError, match="say whose in OWNERS"):
        contents("callback", root, wheels)
