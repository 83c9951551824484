"""How tests are dealt out to the workers of `make test`: what records with a browser is on one, from the beginning."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

RECORDERS = "recorders"
_RECORD = (
    "tests/e2e/",
    "tests/local/recorder/test_endings.",
    "tests/local/recorder/test_record.",
    "tests/console/test_cloud.",
)
_FOLDERS = ("tests/console", "tests/package")
"""Each has a browser, or packages, that all its files share."""
_FIRST = (RECORDERS, *_FOLDERS)
_NICE = 3
"""Pictures and sound are recorded in real time: what else runs leaves them two thirds of a processor that both want."""


def group(nodeid: str) -> str:
    """Return what a test is dealt out with: all recorders, a folder that shares something, or its file."""
    path = nodeid.partition("::")[0]
    if path.startswith(_RECORD):
        return RECORDERS
    return next((folder for folder in _FOLDERS if path.startswith(f"{folder}/")), path)


def records(item: pytest.Item) -> bool:
    """Tell whether a test is with those that record."""
    return group(item.nodeid) == RECORDERS


def first_things_first(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the order is otherwise that of the files."""
    items.sort(key=lambda item: _FIRST.index(found) if (found := group(item.nodeid)) in _FIRST else len(_FIRST))


def give_way(item: pytest.Item) -> None:
    """Let a worker that records nothing leave the processors to the one that does."""
    if hasattr(item.config, "workerinput") and not records(item) and os.nice(0) < _NICE:
        os.nice(_NICE)


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Groups by the name alone: what xdist's own groups add to a test's name is lost with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
