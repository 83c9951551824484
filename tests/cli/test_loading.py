"""A command while it loads: quick, and everything is as usual when it runs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from tools.package import ROOT
from webrecord.main import COMMANDS, modules

pytestmark = pytest.mark.process

CHECK = """
import gc, sys
sys.argv = {arguments}
collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]) if phase == "start" else None)
from webrecord.main import main
loading = len(collected)
try:
    main()
except SystemExit:
    print(gc.isenabled(), gc.get_freeze_count() > 10_000, loading)
"""


@pytest.mark.parametrize(("word", "is_command"), [("webrecord", True), ("another", False)])
def test_no_garbage_is_looked_for_while_a_command_loads_and_it_is_afterwards(word: str, is_command: bool) -> None:
    """The collector passes over what was loaded; whoever only imports the commands finds it as it was."""
    check = CHECK.format(arguments=[word, "--version"])
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=300)
    said, state = done.stdout.splitlines()
    assert said.startswith("webrecord "), done.stderr
    enabled, frozen, collections = state.split()
    assert ("True", str(is_command)) == (enabled, frozen)
    assert is_command == (int(collections) < 10), "a few before it is off; a hundred where it is not"


def test_a_command_loads_its_own_module_alone() -> None:
    """Each module registers what the table says; where no command comes first, as for `--help`, all are loaded."""
    for module, names in COMMANDS.items():
        app = typer.Typer()
        app.callback()(lambda: None)
        import_module(f"webrecord.commands.{module}").register(app)
        assert names == tuple(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
        assert [[module]] * len(names) == [modules([name, "--help"]) for name in names]
    for words in ([], ["--help"], ["--json", "list"], ["lst"]):
        assert list(COMMANDS) == modules(words)
    check = 'import sys; sys.argv = ["webrecord", "list"]; import webrecord.main; print(*sys.modules)'
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = [name for name in done.stdout.split() if name.startswith("webrecord.commands.")]
    assert ["webrecord.commands.read"] == loaded
