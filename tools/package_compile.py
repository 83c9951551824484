"""Compiles a tree of modules: `python3.10 package_compile.py DIR`, run by the Python they are for.

Unchecked-hash files, so that nothing is compared with the sources at a cold start. Their bytes depend on the sources
alone. What `py_compile` writes does not: `marshal` marks what something else in the process happens to share (with a
folder called `build` above it, the name `build` of a method), and the order of a set's constants depends on the
addresses of the run. So the code is written here, in the same format (version 4, CPython 3.10); version 2, which
shares nothing, makes files half as large again and cold starts about 4 % longer.
"""

from __future__ import annotations

import importlib.util
import marshal
import re
import struct
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

UNCHECKED = 0b01
"""Flags of a file that is told by its source's hash, and never compared with it."""
_REF = 0x80
_NUMBERS = (
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
)
_OBJECTS = (
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_filename",
    "co_name",
)


def compile_tree(root: Path) -> None:
    """Compile every module under the root, into the `__pycache__` beside it."""
    for source in sorted(root.rglob("*.py")):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        compiled.parent.mkdir(exist_ok=True)
        name = source.relative_to(root).as_posix()
        body = source.read_bytes()
        compiled.write_bytes(compiled_bytes(body, name))


def compiled_bytes(source: bytes, name: str) -> bytes:
    """Return the `.pyc` of a source; the name is what tracebacks show until the import system puts the real path."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    header = importlib.util.MAGIC_NUMBER + struct.pack("<L", UNCHECKED) + importlib.util.source_hash(source)
    return header + Writer(code).written()


class Writer:
    """Writes a code object: a text that it has several times once, then by number; the constants of a set sorted."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._times = Counter(_texts(code))
        self._numbers: dict[str, int] = {}
        self._parts: list[bytes] = []

    def written(self) -> bytes:
        """Return what `marshal.loads` reads."""
        self._write(self._code)
        return b"".join(self._parts)

    def _write(self, value: Any) -> None:  # noqa: ANN401 (any constant)
        if isinstance(value, CodeType):
            self._parts.append(b"c" + b"".join(struct.pack("<l", getattr(value, name)) for name in _NUMBERS))
            for name in _OBJECTS:
                self._write(getattr(value, name))
            self._parts.append(struct.pack("<l", value.co_firstlineno))
            self._write(value.co_linetable)
        elif isinstance(value, str):
            self._write_text(value)
        elif isinstance(value, tuple):
            short = len(value) < 256
            self._parts.append(struct.pack("<cB" if short else "<cl", b")" if short else b"(", len(value)))
            for each in value:
                self._write(each)
        elif isinstance(value, frozenset):
            self._parts.append(struct.pack("<cl", b">", len(value)))
            for each in sorted(value, key=lambda each: (type(each).__name__, repr(each))):
                self._write(each)
        else:
            self._parts.append(marshal.dumps(value, 2))  # numbers, bytes and singletons: version 2 shares nothing

    def _write_text(self, text: str) -> None:
        if text in self._numbers:
            self._parts.append(struct.pack("<cl", b"r", self._numbers[text]))
            return
        mark = 0
        if self._times[text] > 1:
            self._numbers[text], mark = len(self._numbers), _REF
        is_name = re.fullmatch(r"[A-Za-z0-9_]*", text) is not None  # CPython interns these in any case
        if not text.isascii():
            data = text.encode("utf-8", "surrogatepass")
            self._parts.append(struct.pack("<Bl", ord("u") | mark, len(data)) + data)
        elif len(text) < 256:
            self._parts.append(struct.pack("<BB", ord("Z" if is_name else "z") | mark, len(text)) + text.encode())
        else:
            self._parts.append(struct.pack("<Bl", ord("A" if is_name else "a") | mark, len(text)) + text.encode())


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 (any constant)
    if isinstance(value, str):
        yield value
    elif isinstance(value, CodeType):
        for name in _OBJECTS:
            yield from _texts(getattr(value, name))
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from _texts(each)


if __name__ == "__main__":
    warnings.simplefilter("ignore", SyntaxWarning)  # invalid escapes in the COS SDK's docstrings,
    warnings.simplefilter("ignore", DeprecationWarning)  # as CPython 3.10 calls them
    compile_tree(Path(sys.argv[1]))
