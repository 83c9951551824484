"""Compiled modules: the code that CPython makes of a source, in bytes that depend on the source alone."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tools.package_compile import UNCHECKED, compiled_bytes
from tools.package_python import VERSION

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != VERSION, reason="NOT TESTED: the format is CPython 3.10's; test_package compares packages"
)
SHARED = sorted((Path(__file__).parent.parent.parent / "shared").rglob("*.py"))
ODD = r"""
import x
text, long, other = "a b", "y" * 300, "ä\ud800"
numbers = (1, -1, 2**70, 1.5, -0.0, 1e309, 2j, True, None, ..., b"raw", ())
many = (%s)
def f(a, /, b=x, *c, d, **e):
    inside = lambda: (a, b, text, "a b")
    return a in {None, "one", "two", b"three", 4, 5.0} and inside
class C:
    async def g(self): yield self
""" % ("1, 'a', " * 200)


def parts(code: CodeType) -> Iterator[tuple[str, Any]]:
    """Everything that a code object is, in depth."""
    for name in sorted(set(dir(code)) - {"co_lines"}):
        if name.startswith("co_") and name != "co_consts":
            yield name, getattr(code, name)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from parts(constant)
        else:
            yield type(constant).__name__, constant if isinstance(constant, frozenset) else repr(constant)


def test_the_code_is_what_cpython_makes_of_the_source() -> None:
    """Nothing is lost by writing it in our own order."""
    for name, source in (("odd", ODD), *((path.as_posix(), path.read_text()) for path in SHARED)):
        data = source.encode("utf-8", "surrogatepass")
        made = compile(data, "name.py", "exec", dont_inherit=True)
        assert list(parts(made)) == list(parts(marshal.loads(compiled_bytes(data, "name.py")[16:]))), name


def test_the_header_says_unchecked_hash() -> None:
    """Import never looks at the source."""
    compiled = compiled_bytes(b"x = 1", "name.py")
    assert importlib.util.MAGIC_NUMBER == compiled[:4]
    assert (UNCHECKED, importlib.util.source_hash(b"x = 1")) == (
        int.from_bytes(compiled[4:8], "little"),
        compiled[8:16],
    )


def test_what_the_process_shares_does_not_show() -> None:
    """CPython's own file differs when a name is in use elsewhere, as the parts of a path are."""
    source = b"def unusual_name_of_ours(): pass"
    alone, own = compiled_bytes(source, "n.py"), marshal.dumps(compile(source, "n.py", "exec"))
    kept = sys.intern("".join(["unusual_name", "_of_ours"]))
    assert alone == compiled_bytes(source, "n.py")
    assert own != marshal.dumps(compile(source, "n.py", "exec")), kept
