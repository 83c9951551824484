"""Virtual time: synchronous code runs interleaved, in order, and dies where it is told to."""

from __future__ import annotations

import ast
import re
from contextvars import ContextVar
from pathlib import Path

import pytest
import yaml

from local import described
from shared import ports
from testing.functions import LIMITS_S
from testing.timeline import Killed, Process, Timeline
from testing.workers import Workers

ROOT = Path(__file__).parent.parent.parent
LOCK = re.compile(r"\b(R?Lock|Condition|(Bounded)?Semaphore)\b")
PORTS = (ports.ObjectStore, ports.FileStore, ports.Recorder, ports.Notifier, ports.ProbedStore, ports.HttpProbe)
PORT_CALLS = {name for port in PORTS for name in vars(port) if not name.startswith("_")} | {
    *("sleep", "_sleep", "pace", "pace_start", "pace_stop", "wait", "many", "map", "submit", "result", "_call", "_ask"),
}
"""What lets time pass: the methods of the ports, and what waits for others."""


def test_others_run_between_any_two_calls() -> None:
    """Two that wait in turns happen in turns, in order of time."""
    timeline, seen = Timeline(0), list[tuple[str, int]]()

    def walk(name: str, ms: int) -> None:
        for _ in range(3):
            timeline.wait_ms(ms)
            seen.append((name, timeline.now))

    timeline.spawn(lambda: walk("a", 10))
    timeline.spawn(lambda: walk("b", 15))
    timeline.run_until(1_000)
    assert [("a", 10), ("b", 15), ("a", 20), ("b", 30), ("a", 30), ("b", 45)] == seen
    assert 1_000 == timeline.now


def test_a_pool_runs_as_many_at_once_as_it_has_workers() -> None:
    """Six waits of 10 ms on three workers take 20 ms; results come in order, errors where their result is read."""
    timeline, told = Timeline(0), list[object]()

    def wait_and_tell(number: int) -> int:
        timeline.wait_ms(10)
        return number

    def work() -> None:
        with Workers(timeline, 3) as pool:
            told.append(list(pool.map(wait_and_tell, range(6))))
            told.append(timeline.now)
            failing = pool.submit(lambda: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                failing.result()

    timeline.spawn(work)
    timeline.run_until(100)
    assert [[0, 1, 2, 3, 4, 5], 20] == told


def test_at_its_limit_a_process_dies_where_it_is_and_does_nothing_more() -> None:
    """The call is raised from, workers die too, and what `finally` still wants to call does not happen."""
    timeline, seen = Timeline(0), list[str]()
    process = Process("p")

    def call(name: str, ms: int) -> None:
        timeline.wait_ms(ms)
        seen.append(name)

    def look(name: str) -> None:
        try:
            call(name, 400)
            call(f"{name} again", 1_000)
        finally:
            call(f"{name} cleans up", 1)

    def invocation() -> None:
        with Workers(timeline) as pool:
            list(pool.map(look, ["one", "two"]))

    after: list[object] = []
    timeline.spawn(lambda: after.extend([timeline.run(process, 1.0, invocation), timeline.now, process.overran]))
    timeline.run_until(60_000)
    assert ["one", "two"] == seen
    assert [None, 1_000, True] == after


def test_who_is_killed_at_a_call_takes_its_workers_along() -> None:
    """The process is killed by one of its workers; the one that waits for it ends, and later calls fail."""
    timeline, seen, process = Timeline(0), list[int](), Process("p")

    def look(number: int) -> None:
        timeline.wait_ms(10 * number)
        if number == 2:
            timeline.kill(process)
            raise Killed
        seen.append(number)

    def invocation() -> None:
        with Workers(timeline) as pool:
            list(pool.map(look, [1, 2, 3]))

    timeline.spawn(lambda: timeline.run(process, 30, invocation))
    timeline.run_until(60_000)
    assert [1] == seen


def test_a_worker_that_is_taken_again_is_the_new_process_s_alone() -> None:
    """Nothing of what it did before is left in it, and the death of whom it worked for does not reach it."""
    timeline, said, done = Timeline(0), ContextVar("said", default="nothing"), list[tuple[str, str, int]]()

    def task(name: str, ms: int) -> None:
        before = said.get()
        said.set(name)
        timeline.wait_ms(ms)
        done.append((name, before, timeline.now))

    def serve(name: str, ms: int, more_ms: int) -> None:
        pool = Workers(timeline, 1)
        pool.submit(task, name, ms).result()
        timeline.wait_ms(more_ms)

    timeline.spawn(lambda: timeline.run(Process("old"), 0.05, lambda: serve("old", 10, 1_000)))
    timeline.at(20, lambda: timeline.spawn(lambda: timeline.run(Process("new"), 9.0, lambda: serve("new", 100, 0))))
    timeline.run_until(1_000)
    assert [("old", "nothing", 10), ("new", "nothing", 120)] == done


def test_the_limits_are_those_that_are_deployed() -> None:
    """Runs kill at the time limits of serverless.yml."""
    deployed = yaml.safe_load((ROOT / "serverless.yml").read_text())["inputs"]["functions"]
    assert {name: function["timeout"] for name, function in deployed.items()} == LIMITS_S


@pytest.mark.long
def test_no_lock_is_held_over_a_call() -> None:
    """Who waits for storage or TRTC holds nothing that others wait for; greenlets would wait for ever."""
    held = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in (ROOT / "shared").rglob("*.py")
        for line in calls_under_lock(path.read_text())
    ]
    assert [] == held
    mutant = "self.one = Lock()\nother: Lock = field(default_factory=Lock)\nwith self.{}:\n    self.store.put(1)\n"
    assert [[4], [4], []] == [calls_under_lock(mutant.format(name)) for name in ("one", "other", "store")]


def calls_under_lock(source: str, locks: frozenset[str] = frozenset()) -> list[int]:
    """Return the lines of a source in which a port may be called while one of its locks, or of `locks`, is held."""
    tree = ast.parse(source)
    names = locks | {
        _name(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and LOCK.search(ast.unparse(node).partition(target_of(node))[2])
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    return [
        call.lineno
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and any(_name(item.context_expr) in names for item in block.items)
        for call in ast.walk(block)
        if isinstance(call, ast.Call) and _name(call.func) in PORT_CALLS
    ] + [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) == "acquire"  # how long it is held can't be seen
    ]


def target_of(node: ast.Assign | ast.AnnAssign) -> str:
    """Return what is assigned to, as source."""
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _name(expression: ast.expr) -> str | None:
    if isinstance(expression, ast.Call):
        return _name(expression.func)
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", None)


def test_the_local_cloud_gives_each_function_the_time_that_the_platform_gives() -> None:
    """As serverless.yml has it: what ends in time here ends in time there."""
    assert LIMITS_S == {name: body["Timeout"] for name, body in described.functions({}).items()}
