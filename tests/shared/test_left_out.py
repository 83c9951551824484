"""What a cold start leaves out of its imports does what it did, when it is used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


def told(*lines: str) -> list[str]:
    """Return what a process prints that imports the module first."""
    code = "\n".join(["import copy, json, re, sys", "import shared.cold_start as cold", *lines])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()


@cache
def each(first: str, uses: Sequence[str]) -> dict[str, str]:
    """Return what each use prints in a fork of a process that ran the first lines: these are run once for all."""
    fork = """
def print_it(number, use):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        print(end=f"\\0{number}\\0")
        exec(use, globals())
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, use
"""
    uses = list(uses)
    said = "\n".join(told("import os", *first.split("; "), fork, f"for one in enumerate({uses!r}): print_it(*one)"))
    parts = said.split("\0")[1:]
    assert [*map(str, range(len(uses)))] == parts[::2]
    return dict(zip(uses, (part.strip() for part in parts[1::2]), strict=True))


PATTERNS = [
    ("p.fullmatch('ab')[1]", "b"),
    ("re.fullmatch(p, 'AB')[1]", "B"),
    ("re.sub(p, '-', 'xabx')", "x-x"),
    ("re.split(p, 'xaby')", "['x', 'b', 'y']"),
    ("p.pattern, p.groups", "a(b) 1"),
    ("isinstance(p, re.Pattern)", "True"),
    ("copy.deepcopy(p).sub('', 'ab!')", "!"),
    ("[p.search('aab').start() for _ in range(3)]", "[1, 1, 1]"),
    ("re.compile(p).match('ab')[0]", "ab"),
]
MODULES = [
    ("import zipfile; print(zipfile.is_zipfile('/dev/null'))", "False"),
    ("import lzma; print(len(lzma.decompress(lzma.compress(b'a' * 9))))", "9"),
    ("import bz2; print(len(bz2.decompress(bz2.compress(b'a' * 9))))", "9"),
    ("import subprocess; print(subprocess.DEVNULL)", "-3"),
    ("from zoneinfo import ZoneInfo; print(ZoneInfo('UTC').key)", "UTC"),
    ("import structlog; print(structlog.dev.ConsoleRenderer(colors=False)(None, '', {'event': 'x'}))", "x"),
    ("import importlib.metadata as m; print(m.version('pydantic') > '2')", "True"),
    ("import asyncio; print(asyncio.run(asyncio.sleep(0, 5)))", "5"),
]


@pytest.mark.parametrize(("use", "expected"), PATTERNS)
def test_a_pattern_of_an_import_is_a_pattern(use: str, expected: str) -> None:
    """However it is used, and whatever is done with it."""
    first = "p = re.compile('a(b)', flags=re.I); cold.imported()"
    assert expected == each(first, tuple(f"print({use})" for use, _ in PATTERNS))[f"print({use})"]


def test_a_pattern_that_is_wrong_says_so_when_it_is_used() -> None:
    """Once modules are imported, at once, as ever."""
    lines = ["cold.imported()", "try: re.compile('(')", "except re.error: print('refused')"]
    assert ["refused"] == told(*lines)
    assert ["True"] == told("before = re.compile", "cold.imported()", "print(type(re.compile('a')) is re.Pattern)")


@pytest.mark.parametrize(("use", "expected"), MODULES)
def test_a_module_that_is_left_out_comes_when_it_is_used(use: str, expected: str) -> None:
    """By its name, or from where it was imported."""
    assert expected == each("import functions.callback", tuple(use for use, _ in MODULES))[use]


def test_models_are_described_as_ever() -> None:
    """Typed dictionaries of others are typed dictionaries."""
    lines = [
        "from typing_extensions import TypedDict, is_typeddict",
        "from pydantic import BaseModel, TypeAdapter",
        "class Words(TypedDict, total=False): a: int",
        'print(is_typeddict(Words), TypeAdapter(Words).validate_json(b\'{"a": "1"}\'))',
        "class One(BaseModel): a: int = 1",
        "print(One.model_json_schema()['properties']['a']['default'])",
    ]
    assert ["True {'a': 1}", "1"] == told("import functions.recordings", *lines)
