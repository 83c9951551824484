"""The command line against the local cloud: the real functions over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calls import Cli
from tests.cloud import RunningCloud


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a configuration, and an environment that says nothing."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TZ", "UTC")
    for name in ("ENDPOINT", "TOKEN", "PROFILE", "DEBUG"):
        monkeypatch.delenv(f"WEBRECORD_{name}", raising=False)
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(running: RunningCloud, home: Path) -> Cli:
    """The command line, with the local cloud's endpoint and token in its environment."""
    del home
    return Cli({"WEBRECORD_ENDPOINT": running.cloud.address.gateway, "WEBRECORD_TOKEN": running.cloud.keys.api_token})
