"""What a cold start does without."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys
import functions.{function}
print("importlib.metadata._meta" in sys.modules)
print("asyncio.events" in sys.modules)
from importlib.metadata import version
import importlib.metadata
print(version("pydantic") == importlib.metadata.distribution("pydantic").version)
import asyncio
from asyncio import sleep
import asyncio.events
print(asyncio.run(sleep(0, "slept")), asyncio is sys.modules["asyncio"], asyncio.events.__name__)
"""
"""Both modules: whether each is there at once, then its use."""


@cache
def printed(function: str) -> list[str]:
    """Run the code about a function in an interpreter of its own; return the lines that it prints."""
    command = [sys.executable, "-c", CODE.format(function=function)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.process
@pytest.mark.parametrize("function", ["recordings", "callback", "reconcile"])
def test_packages_metadata_is_imported_when_it_is_read(function: str) -> None:
    """Libraries import functions of it; whoever calls one has its answer. A callback needs none; python-ulid does."""
    at_once, _, used, _ = printed(function)
    assert "True" == used
    if function == "callback" and sys.version_info < (3, 12):  # 3.10 is deployed
        assert "False" == at_once


@pytest.mark.process
@pytest.mark.parametrize("function", ["recordings", "callback", "reconcile"])
def test_asyncio_is_imported_when_it_is_used(function: str) -> None:
    """No function uses it, though a library imports it; whoever does use it has it whole."""
    _, at_once, _, used = printed(function)
    assert "slept True asyncio.events" == used
    if sys.version_info < (3, 12):  # 3.10 is deployed; the libraries use it at once on newer ones
        assert "False" == at_once
