"""Importing a function: quick, and everything is as usual afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools.package import ROOT
from tools.package_contents import FUNCTIONS

pytestmark = pytest.mark.process

CHECK = """
import gc, importlib, sys
collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]) if phase == "start" else None)
before = len(collected)
importlib.import_module("functions.{function}")
print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(collected) - before, "shared.domain.request" in sys.modules)
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_garbage_is_collected_while_importing_and_it_is_afterwards(function: str) -> None:
    """The collector is off for the imports, on after them, and passes over what they made."""
    command = [sys.executable, "-c", CHECK.format(function=function)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    enabled, frozen, collections, request_model = done.stdout.split()
    assert ("True", "True") == (enabled, frozen)
    assert int(collections) < 10, "one or two before it is off; a hundred where it is not"
    if function == "callback":
        assert "False" == request_model, "callbacks need no model of the request: it is a tenth of their cold start"


def test_a_use_of_the_entrypoint_alone_leaves_the_collector_on() -> None:
    """Whoever makes a handler without being a function, as tests do, finds it as it was."""
    check = "import gc; from shared.entrypoint import entrypoint; assert gc.isenabled(); entrypoint(print, dict)"
    done = subprocess.run([sys.executable, "-c", f"{check}; print(gc.isenabled())"], cwd=ROOT, capture_output=True)
    assert b"True" == done.stdout.strip(), done.stderr
