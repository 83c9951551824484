"""Workers of `make test`: forks of the one process that collected, so nothing is imported or collected twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

import pytest
from _pytest import runner  # the public hooks can't run a test without reporting it here

from tests import spread

_FORK = get_context("fork")
_CRASHES = 5
"""After so many the tests end: what kills workers is not one of them."""


class Worker:
    """A fork that runs what it is dealt and sends reports, as the process that collected sees it."""

    def __init__(self, name: str, session: pytest.Session, others: list[Worker]) -> None:
        self.name = name
        self.begun: set[str] = set()
        """Its groups of tests."""
        self.left: deque[int] = deque()
        """What it was dealt and has not reported."""
        self.pipe, far = _FORK.Pipe()
        # A fork holds copies of all ends: none may be kept, or a death at the other end would not be seen.
        near = [self.pipe, *(other.pipe for other in others)]
        self.process = _FORK.Process(target=_work, args=(name, session, far, near), name=name)
        self.process.start()
        far.close()

    def deal(self, indexes: list[int]) -> None:
        """Send the next tests; none: the worker ends after what it has."""
        self.left.extend(indexes)
        with suppress(BrokenPipeError):  # its death is noticed where its reports are received
            self.pipe.send(indexes)

    def end(self) -> None:
        """Let the worker end after the test that it runs. Ctrl-C reaches it without us, and once is enough."""
        self.pipe.close()
        self.process.join()


def run(session: pytest.Session, number: int) -> None:
    """Run all that was collected on so many forks; reports come in as if the tests ran here."""
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # noqa: SLF001 (its folder has theirs)
    table = spread.Table([item.nodeid for item in session.items])
    workers: list[Worker] = []
    names = (f"w{count}" for count in range(number + _CRASHES))

    def begin() -> None:
        name = next(names, None)
        if name is None:
            raise session.Interrupted(f"{_CRASHES} workers ended before their time")
        worker = Worker(name, session, workers)
        workers.append(worker)
        worker.deal(table.deal(worker.begun))

    try:
        for _ in range(min(number, len(table))):
            begin()
        while workers:
            for worker in _waiting(workers):
                if not _take(session, worker, table):
                    workers.remove(worker)
                    if _crashed(session, worker):
                        table.put_back(worker.left)
                        begin()
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)
    finally:
        for worker in workers:
            worker.end()


def _waiting(workers: list[Worker]) -> list[Worker]:
    ready = wait([worker.pipe for worker in workers])
    return [worker for worker in workers if worker.pipe in ready]


def _take(session: pytest.Session, worker: Worker, table: spread.Table) -> bool:
    """Receive one thing that a worker sends, and tell whether it lives."""
    try:
        news = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return False
    hook = session.config.hook
    if news is None:
        worker.deal(table.deal(worker.begun))
    elif isinstance(news, dict):
        hook.pytest_warning_recorded.call_historic(kwargs=news)
    else:
        worker.left.popleft()
        for data in news:
            report = hook.pytest_report_from_serializable(config=session.config, data=data)
            hook.pytest_runtest_logreport(report=report)
    return True


def _crashed(session: pytest.Session, worker: Worker) -> bool:
    """Report a worker that ended before its time as a failure of its test, and tell whether tests are left."""
    worker.process.join()
    if not worker.left and worker.process.exitcode == 0:
        return False
    nodeid, location = worker.name, (worker.name, None, worker.name)
    if worker.left:
        item = session.items[worker.left.popleft()]
        nodeid, location = item.nodeid, item.location  # type: ignore[assignment]
    said = f"the worker ended with {worker.process.exitcode}"
    report = pytest.TestReport(nodeid, location, {}, outcome="failed", longrepr=said, when="call")
    session.config.hook.pytest_runtest_logreport(report=report)
    return bool(worker.left)


def _work(name: str, session: pytest.Session, pipe: Connection, others: list[Connection]) -> None:
    for other in others:
        other.close()
    config = session.config
    with _own_output(config), _own_folder(config, name):
        config.pluginmanager.register(_Reports(pipe))
        try:
            for item, following in _pairs(session, pipe):
                config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except (KeyboardInterrupt, EOFError, OSError):  # Ctrl-C, or who collected wants no more, or is dead
            runner.pytest_sessionfinish(session)
        config.hook.pytest_unconfigure(config=config)


def _pairs(session: pytest.Session, pipe: Connection) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Return each test and the next, which says what may be torn down between them."""
    dealt = deque(session.items[index] for index in pipe.recv())
    while dealt:
        item = dealt.popleft()
        if not dealt:
            pipe.send(None)
            dealt.extend(session.items[index] for index in pipe.recv())
        yield item, dealt[0] if dealt else None


class _Reports:
    """What pytest would print of a test is sent instead."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        reports = runner.runtestprotocol(item, log=False, nextitem=nextitem)
        serializable = item.config.hook.pytest_report_to_serializable
        self._pipe.send([serializable(config=item.config, report=report) for report in reports])
        return True

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        warning_message.source = None  # what was left open can't be sent
        self._pipe.send({"warning_message": warning_message, "when": when, "nodeid": nodeid, "location": location})


@contextmanager
def _own_output(config: pytest.Config) -> Iterator[None]:
    """Capture to files of the worker's: those of the process that collected are one for all forks."""
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    try:
        yield
    finally:
        capture.stop_global_capturing()  # an error that ends the worker is seen


@contextmanager
def _own_folder(config: pytest.Config, name: str) -> Iterator[None]:
    """Number `tmp_path` in a folder of the worker's."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001 (no public way)
    factory._basetemp = factory.getbasetemp() / name  # noqa: SLF001
    factory._basetemp.mkdir(mode=0o700)  # noqa: SLF001
    yield
