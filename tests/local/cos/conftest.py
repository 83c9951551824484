"""A running local COS and the official SDK as its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.cos.running import RunningCos


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCos]:
    """One server for the tests of a module that keep to keys of their own and to the default settings."""
    with RunningCos(tmp_path_factory.mktemp("cos")) as cos:
        yield cos


@pytest.fixture
def cos(tmp_path: Path) -> Iterator[RunningCos]:
    """A fresh server with an empty disk."""
    with RunningCos(tmp_path / "cos") as running:
        yield running
