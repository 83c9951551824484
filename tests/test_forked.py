"""The workers of `make test`: what is dealt to which, and what becomes of one that fails or dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import spread

CONFTEST = """
from tests import forked

def pytest_runtestloop(session):
    forked.run(session, 3)
    return True
"""
DIES = """
import os

def test_is_before(): pass
def test_dies(): os._exit(3)
def test_is_after(): pass
"""
TELLS = """
import os, pathlib, pytest

@pytest.fixture(scope="session")
def pid():
    yield os.getpid()
    pathlib.Path("torn-down").write_text("yes")

def test_says(pid, tmp_path):
    print("printed by a test")
    os.write(1, b"written by a test")
    assert tmp_path.exists() and pid == "none"

def test_uses_the_same(pid): assert pid == os.getpid()
@pytest.mark.skip(reason="is left out")
def test_skips(): pass
"""
LEAKS = """
def test_leaks():
    class Odd:
        def __del__(self): raise ValueError("seen late")
    odd = Odd()
    odd.itself = odd
"""


def _ids(*paths: str) -> list[str]:
    return [f"{path}::test_{number}" for path in paths for number in range(2)]


def test_a_group_is_dealt_whole_and_in_the_order_of_the_tests() -> None:
    """Files come one after the other, and what shares a browser as one; who asks after the last gets none."""
    table = spread.Table(
        _ids("tests/test_b.py", "tests/console/test_c.py", "tests/test_a.py", "tests/console/test_d.py")
    )
    begun: set[str] = set()
    assert 3 == len(table)
    assert [[0, 1], [2, 3, 6, 7], [4, 5], [], []] == [table.deal(begun) for _ in range(5)]


def test_endings_come_after_a_recording_on_the_same_worker_or_at_last() -> None:
    """Who recorded gets them first, who did not gets them when nothing else is left."""
    ids = _ids("tests/local/recorder/test_endings.py", "tests/e2e/test_sync.py", "tests/test_a.py", "tests/test_b.py")
    table, recorder, other = spread.Table(ids), set[str](), set[str]()
    assert [2, 3] == table.deal(recorder)
    assert [4, 5] == table.deal(other)
    assert [0, 1] == table.deal(recorder)
    table.put_back([0, 1])
    assert [[6, 7], [0, 1], []] == [table.deal(other) for _ in range(3)]


def test_what_is_left_of_a_group_is_dealt_again() -> None:
    """A worker that died leaves the rest of its tests to another."""
    table = spread.Table(_ids("tests/test_a.py"))
    assert [0, 1] == table.deal(set())
    table.put_back([1])
    assert [[1], []] == [table.deal(set()), table.deal(set())]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Each of them on a worker, in a folder."""
    folder = tmp_path_factory.mktemp("forked")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    for name, text in {"dies": DIES, "tells": TELLS, "leaks": LEAKS}.items():
        (folder / f"test_{name}.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-ra"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120), folder


@pytest.mark.process
def test_a_worker_that_dies_fails_its_test_alone(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """The rest of its tests run."""
    done, _ = ran
    assert 1 == done.returncode, done.stdout
    assert "3 failed, 4 passed, 1 skipped" in done.stdout
    assert "FAILED test_dies.py::test_dies - the worker ended with 3" in done.stdout


@pytest.mark.process
def test_a_worker_tells_all_that_pytest_would_tell(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """What a test prints stands below its failure; fixtures of the session serve its tests and are torn down."""
    done, folder = ran
    assert "printed by a test\nwritten by a test" in done.stdout
    assert "is left out" in done.stdout
    assert (folder / "torn-down").exists()


@pytest.mark.process
def test_garbage_that_raises_after_the_last_test_is_a_failure(
    ran: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """A worker looks for garbage when its tests are over, as pytest does."""
    done, _ = ran
    assert "the worker ended with 1" in done.stdout
    assert "seen late" in done.stderr
