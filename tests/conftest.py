"""What many tests share, and how they are dealt out to the workers of `make test`."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.config import LocalConfig
from shared import bootstrap
from shared.adapters.wire import INVOCATION
from tests import examples, spread
from tests.cloud import RunningCloud

PROCESSES = frozenset({"running", "python310", "modules", "rendered", "certificate", "wheels"})
"""Fixtures that start processes or build packages: the local cloud with its functions, Node, openssl."""
STARTING = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.system"})
"""Audit events of a new process."""
starting_nothing: set[str] = set()
"""The test that is running, where it says that it starts no process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only what is short, without browser and other process")
    parser.addoption("--no-browsers", action="store_true", help="only what needs no browser")


def pytest_configure(config: pytest.Config) -> None:
    """Let children take a Ctrl-C, also after `nohup make test &`, ask no proxy, and draw little for `make quick`."""
    examples.take_time()
    if config.getoption("quick"):
        examples.draw_few()
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    # What the tests talk to is on this machine: no proxy of the shell is asked. Installers still need theirs.
    os.environ["WEBRECORD_LANG"] = "en"  # whatever language who runs them reads
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        value = os.environ.pop(name)
        if name.lower() == "https_proxy":
            os.environ.update({"npm_config_https_proxy": value, "PIP_PROXY": value})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> spread.Scheduler:
    return spread.Scheduler(config, log)


def pytest_sessionstart() -> None:
    """Look for no garbage while tests are imported: all that they define stays to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage again: seldom, and never among the hundreds of thousands of objects that are there by now."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and begin with what records, which takes longest."""
    quick, plain = config.getoption("quick"), config.getoption("no_browsers")
    left_out = [
        item
        for item in items
        if ((plain or quick) and _has_browser(item)) or (quick and (_has_process(item) or _is_long(item)))
    ]
    left = set(left_out)
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left_out)
    astray = [item.nodeid for item in items if item.get_closest_marker("e2e") and not spread.records(item)]
    if astray:
        raise pytest.UsageError(f"tests/spread.py does not know that these record: {astray}")
    spread.first_things_first(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    starting_nothing.clear()
    if not (_has_process(item) or _has_browser(item)):
        starting_nothing.add(item.nodeid)
    spread.give_way(item)


def _has_browser(item: pytest.Item) -> bool:
    return item.get_closest_marker("e2e") is not None or "browser" in getattr(item, "fixturenames", ())


def _is_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) is not None for name in ("long", "whole"))


def _has_process(item: pytest.Item) -> bool:
    return item.get_closest_marker("process") is not None or not PROCESSES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _quick_starts_nothing() -> None:
    """Let a test fail that starts a process and does not say so: it would make `make quick` slow."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    # Other threads are servers of fixtures, which live longer than the test that is running.
    if starting_nothing and event in STARTING and threading.current_thread() is threading.main_thread():
        raise AssertionError(f"mark what starts a process with pytest.mark.process: {arguments[0]}")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A local cloud whose recorder is a timer: everything real but the picture."""
    config = LocalConfig(
        tmp_path_factory.mktemp("cloud"),
        timer_recorder=True,
        gentle=True,
        speed=20,
        tick_s=0,
        wakes=False,
        policies=False,
    )
    with RunningCloud(config) as running:
        running.patient().cloud.trtc_settings.finish_timeout_s = 5
        yield running


@pytest.fixture
def deployed(running: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    """The functions' environment in this process, as SCF would set it, against the local cloud."""
    for name, value in running.cloud.environment().items():
        monkeypatch.setenv(name, value)
    _forget()
    usual = dict(vars(INVOCATION))
    vars(INVOCATION).update(_most_s=15.0)  # the local COS shares this process with the handlers, and its processor
    yield running
    vars(INVOCATION).update(usual)
    _forget()


def _forget() -> None:
    for build in (bootstrap.recordings, bootstrap.callback, bootstrap.reconcile):
        build.cache_clear()
