"""The platform's semantics: processes, time limits, sizes, JSON only, retries, as SCF documents them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local import scf_function
from local.scf_function import Function, FunctionConfig, InvocationError

CODE = """
import os, sys, time
count = 0

def main_handler(event, context):
    global count
    count += 1
    kind = event.get("do")
    if kind == "raise":
        raise ValueError("on purpose")
    if kind == "die":
        os._exit(3)
    if kind == "hang":
        time.sleep(60)
    if kind == "not json":
        return {1, 2}
    if kind == "huge":
        return "x" * 7_000_000
    if kind == "print":
        print("to the log"); sys.stdout.flush()
    if kind == "env":
        return dict(os.environ)
    if kind == "context":
        return context
    if kind == "slow":
        time.sleep(0.3)
    return {"count": count, "pid": os.getpid()}
"""

Run = Callable[[Function], Awaitable[Any]]


def run(tmp_path: Path, work: Run, **replaced: Any) -> Any:
    """Deploy the code above, let `work` use it, and end it."""
    (tmp_path / "sample.py").write_text(CODE)
    arguments = {
        "name": "sample",
        "module": "sample",
        "code_dir": tmp_path,
        "environment": {"OURS": "1"},
        "timeout_s": 30.0,
        "region": "ap-guangzhou",
        **replaced,
    }

    async def main() -> Any:
        function = Function(FunctionConfig(**arguments), tmp_path / "sample.log")
        try:
            return await work(function)
        finally:
            await function.aclose()

    return asyncio.run(main())


def test_an_instance_is_kept_warm(tmp_path: Path) -> None:
    """The second event finds the module as the first left it."""

    async def work(function: Function) -> Any:
        return [await function.invoke({}) for _ in range(2)]

    first, second = run(tmp_path, work)
    assert (1, 2) == (first["count"], second["count"])
    assert first["pid"] == second["pid"]


def test_events_at_once_have_an_instance_each(tmp_path: Path) -> None:
    """One process handles one event at a time; more wait when there are no more instances."""

    async def work(function: Function) -> Any:
        return await asyncio.gather(*(function.invoke({"do": "slow"}) for _ in range(4)))

    answers = run(tmp_path, work, max_instances=2)
    assert 2 == len({answer["pid"] for answer in answers})


@pytest.mark.parametrize(
    ("do", "why"),
    [
        ("raise", "ValueError: on purpose"),
        ("die", "the process died"),
        ("hang", "timed out after 4 s"),
        ("not json", "TypeError"),
        ("huge", "larger than 6 MB"),
    ],
)
def test_a_failure_is_said_and_the_next_event_is_served(tmp_path: Path, do: str, why: str) -> None:
    """Whatever ends an invocation, the function goes on with the next."""

    async def work(function: Function) -> Any:
        with pytest.raises(InvocationError, match=why):
            await function.invoke({"do": do})
        return await function.invoke({})

    assert run(tmp_path, work, timeout_s=4.0 if do == "hang" else 30.0)["count"] >= 1


def test_the_environment_is_scfs_and_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment leaks in; what prints goes to the log."""
    monkeypatch.setenv("LEAK", "1")

    async def work(function: Function) -> Any:
        await function.invoke({"do": "print"})
        return await function.invoke({"do": "env"}), await function.invoke({"do": "context"})

    environment, context = run(tmp_path, work)
    assert ("SCF", "sample", "1") == tuple(environment[n] for n in ("TENCENTCLOUD_RUNENV", "SCF_FUNCTIONNAME", "OURS"))
    assert "LEAK" not in environment
    assert (30_000, "sample") == (context["time_limit_in_ms"], context["function_name"])
    assert "to the log" in (tmp_path / "sample.log").read_text()


def test_a_big_event_is_refused(tmp_path: Path) -> None:
    """6 MB at most."""

    async def work(function: Function) -> None:
        with pytest.raises(InvocationError, match="larger than 6 MB"):
            await function.invoke({"body": "x" * scf_function.SYNC_LIMIT})

    run(tmp_path, work)


async def _settled(function: Function, letters: int) -> None:
    for _ in range(1_000):
        if len(function.dead_letters) == letters:
            return
        await asyncio.sleep(0.05)
    pytest.fail("no dead letter came")


def test_an_asynchronous_failure_is_retried_twice_then_kept(tmp_path: Path) -> None:
    """Three tries, then the dead-letter list has the event and the last error."""

    async def work(function: Function) -> Any:
        function.invoke_async({"do": "raise"})
        await _settled(function, 1)
        return function.dead_letters, await function.invoke({})

    letters, after = run(tmp_path, work, speed=600.0)
    assert [{"event": {"do": "raise"}, "error": "ValueError: on purpose"}] == letters
    assert 4 == after["count"], "three tries, and this one"


def test_a_big_asynchronous_event_is_dropped(tmp_path: Path) -> None:
    """128 KB at most."""

    async def work(function: Function) -> Any:
        function.invoke_async({"body": "x" * scf_function.ASYNC_LIMIT})
        await _settled(function, 1)
        return function.dead_letters[0]["error"]

    assert "over 128 KB" == run(tmp_path, work)


def test_a_function_that_is_down_comes_back(tmp_path: Path) -> None:
    """Killed and refused for as long as was said, then served again by a new process."""

    async def work(function: Function) -> Any:
        before = await function.invoke({})
        function.take_down(0.2)
        with pytest.raises(InvocationError, match="down"):
            await function.invoke({})
        await asyncio.sleep(0.25)
        return before, await function.invoke({})

    before, after = run(tmp_path, work)
    assert before["pid"] != after["pid"]
    assert 1 == after["count"]
