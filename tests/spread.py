"""How tests are dealt out to the workers of `make test`: the longest first, recording browsers on two at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

RECORDERS, BROWSERS, ENDINGS = "recorders", "browsers", "endings"
_RECORD = (
    "tests/e2e/test_pages.",
    "tests/e2e/test_recording.",
    "tests/e2e/test_sync.",
    "tests/local/recorder/test_record.",
)
"""What judges pictures and sound by their time, which they are recorded in."""
_END = ("tests/local/recorder/test_endings.",)
"""What comes after either of the others, on its worker: three browsers at once tear what is judged by its time."""
_BROWSE = (
    "tests/e2e/",
    "tests/console/test_cloud.",
)
"""What has a recording browser and looks for its file, its end and its words: it bears to be slow."""
_FOLDERS = ("tests/package", "tests/console")
"""Each has a browser, or packages, that all its files share."""
_LONG = (
    # These wait for most of their time, and leave it to others.
    "tests/local/check/test_pages.py",
    "tests/local/recorder/test_relay.py",
    "tests/local/test_ownership.py",
    "tests/cli/test_environment.py",
    "tests/load/test_load.py",
    "tests/local/test_record.py",
    "tests/functions/test_openapi.py",
    "tests/shared/doctor/test_examination.py",
    "tests/test_deploy.py",
    "tests/local/test_control.py",
    "tests/local/deploying/test_functions.py",
    "tests/strangers/test_node.py",
    "tests/test_background.py",
    "tests/cli/test_batch.py",
    "tests/cli/test_output.py",
    # These compute.
    "tests/testing/test_long_jobs.py",
    "tests/shared/usecases/test_jobs_of_two_events.py",
    "tests/test_simulation.py",
    "tests/testing/test_films.py",
    "tests/testing/test_laws.py",
    "tests/testing/test_damage.py",
    "tests/shared/usecases/test_damage.py",
    "tests/shared/usecases/test_read.py",
    "tests/cli/test_inspect.py",
    "tests/deploy/test_killed.py",
    "tests/local/recorder/test_encoder.py",
    "tests/shared/doctor/test_command.py",
    "tests/local/deploying/test_strangers.py",
    "tests/testing/test_released.py",
)
"""Files that take long: begun late, one of them would be waited for at the end."""
_FIRST = (RECORDERS, BROWSERS, *_FOLDERS, *_LONG, ENDINGS)
_NICE = 5
"""Pictures and sound are recorded in real time: three quarters of a processor that others want too are left to them."""


def group(nodeid: str) -> str:
    """Return what a test is dealt out with: all of a kind, a folder that shares something, or its file."""
    path = nodeid.partition("::")[0]
    if path.startswith(_RECORD):
        return RECORDERS
    if path.startswith(_END):
        return ENDINGS
    if path.startswith(_BROWSE):
        return BROWSERS
    return next((folder for folder in _FOLDERS if path.startswith(f"{folder}/")), path)


def records(item: pytest.Item) -> bool:
    """Tell whether a test is with those that record."""
    return group(item.nodeid) in (RECORDERS, BROWSERS, ENDINGS)


def first_things_first(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the order is otherwise that of the files."""
    items.sort(key=lambda item: _FIRST.index(found) if (found := group(item.nodeid)) in _FIRST else len(_FIRST))


def give_way(item: pytest.Item) -> None:
    """Let a worker that judges no recording leave the processors to the one that does; all wait for who is alone."""
    with _locked(fcntl.LOCK_SH):
        pass
    if hasattr(item.config, "workerinput") and group(item.nodeid) != RECORDERS and os.nice(0) < _NICE:
        os.nice(_NICE)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let the other workers begin no test meanwhile: what others tore twice is recorded once more without them."""
    with _locked(fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def _locked(how: int) -> Iterator[None]:
    with Path(__file__).open("rb") as file:
        fcntl.flock(file, how)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Groups by the name alone: what xdist's own groups add to a test's name is lost with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        if ENDINGS in self.workqueue:
            recorded = {RECORDERS, BROWSERS} & self.assigned_work[node].keys()
            self.workqueue.move_to_end(ENDINGS, last=not recorded)
        super()._assign_work_unit(node)
