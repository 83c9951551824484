"""docs/local-cloud.md says what the local cloud does: its commands, ports, keys, rules and routes."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from local.__main__ import app
from local.config import BUCKET, SDK_APP_ID, Keys
from local.faults import BrowserFault, CallbackFault, CosFault, FaultFile, ListingFault, TrtcFault

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "local-cloud.md").read_text()
MODELS: dict[str, type[BaseModel]] = {
    "callback": CallbackFault,
    "trtc": TrtcFault,
    "cos": CosFault,
    "listing": ListingFault,
    "browser": BrowserFault,
}


def commands() -> list[list[str]]:
    """Every command line of the document's shell blocks, from the name behind `-m local` on."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(\.venv/bin/python -m local .*?)`", TEXT)
    return [shlex.split(line.partition("-m local ")[2], comments=True) for line in lines]


def understood(words: list[str]) -> bool:
    """Whether the program knows the command and its options; with --help it does nothing else."""
    return CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_understood(words: list[str]) -> None:
    """And one that does not exist is not."""
    assert understood(words)
    assert not understood([*words, "--no-such-option"])
    assert not understood(["no-such-command", *words])


def test_every_rule_can_be_written() -> None:
    """The faults file is one; between it, the table and the text every kind, deed and option is named."""
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    file = FaultFile.model_validate(json.loads(block))
    assert set(MODELS) == {fault.on for fault in file.faults}
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", TEXT, re.MULTILINE))
    for on, model in MODELS.items():
        deeds: tuple[str, ...] = model.model_fields["do"].annotation.__args__  # type: ignore[union-attr]  # a Literal
        row = rows[on] + (rows["trtc"] if on == "cos" else "")
        assert [] == [deed for deed in deeds if f"`{deed}`" not in row]
        whom = set(model.model_fields) - {"on", "do", "nth", "count", "share"}
        assert [] == [name for name in whom if f"`{name}`" not in row]
    assert all(f"`{name}`" in TEXT for name in ("nth", "count", "share", "seed"))


def test_ports_keys_and_names_are_right() -> None:
    """As `up` has them, and every key of keys.json is explained."""
    up: Any = typer.main.get_command(app).commands["up"]  # type: ignore[attr-defined]  # of a group
    ports = {option.default for option in up.params if option.name.endswith("_port")}
    assert {int(port) for port in re.findall(r"`http://127\.0\.0\.1:(\d+)`", TEXT)} == ports
    assert [] == [field.name for field in dataclasses.fields(Keys) if f"`{field.name}`" not in TEXT]
    assert BUCKET in TEXT
    assert str(SDK_APP_ID) in TEXT


def test_every_outcome_is_named() -> None:
    """Those that the sender writes."""
    written = (ROOT / "local" / "callbacks" / "sender.py").read_text()
    notes = set(re.findall(r'_note\(\w+, \w+, "(\w+)"', written)) | {"delivered", "failed"}
    assert {"delivered", "failed", "lost", "dropped", "abandoned", "unconfigured", "resent"} == notes
    assert [] == [outcome for outcome in notes if f"`{outcome}`" not in TEXT]


def test_every_control_route_is_named() -> None:
    """What the control endpoint serves."""
    routes = set(re.findall(r'Route\("(/_local/[^"]*)"', (ROOT / "local" / "control.py").read_text()))
    assert routes
    assert [] == [route for route in routes if f"`{route}`" not in TEXT]
