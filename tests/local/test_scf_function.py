"""The platform's semantics: processes, time limits, sizes, JSON only, retries, as SCF documents them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local import scf_forks, scf_function
from local.scf_config import FunctionConfig, InvocationError
from local.scf_forks import Forks
from local.scf_function import Function
from tests.local.processes import ROOT, alive
from tests.local.trtc.servers import until

pytestmark = pytest.mark.process

CODE = """
import os, subprocess, sys, time
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
    if kind == "start":
        child = subprocess.Popen(["sleep", "60"])
        open(event["note"], "w").write(str(child.pid) + "\\n")
        time.sleep(event["seconds"])
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
    if kind == "many":
        return event["what"] * event["times"]
    if kind == "slow":
        time.sleep(0.3)
    return {"count": count, "pid": os.getpid()}
"""

Run = Callable[[Function], Awaitable[Any]]
WAYS = [False, *([True] if Forks.work_here() else [])]
both = pytest.mark.parametrize("forked", WAYS, ids=lambda forked: "forked" if forked else "started")
"""An instance is a process that was started, or forked from one that has imported the code."""


def run(tmp_path: Path, work: Run, *, forked: bool = False, **replaced: Any) -> Any:
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
        forks = Forks(tmp_path, [], []) if forked else None
        function = Function(FunctionConfig(**arguments), tmp_path / "sample.log", forks)
        try:
            return await work(function)
        finally:
            await function.aclose()
            if forks is not None:
                forks.close()

    return asyncio.run(main())


@both
def test_an_instance_is_kept_warm(tmp_path: Path, forked: bool) -> None:
    """The second event finds the module as the first left it."""

    async def work(function: Function) -> Any:
        return [await function.invoke({}) for _ in range(2)]

    first, second = run(tmp_path, work, forked=forked)
    assert (1, 2) == (first["count"], second["count"])
    assert first["pid"] == second["pid"]


@both
def test_events_at_once_have_an_instance_each(tmp_path: Path, forked: bool) -> None:
    """One process handles one event at a time; a small machine may let more wait for an instance."""

    async def work(function: Function) -> Any:
        return await asyncio.gather(*(function.invoke({"do": "slow"}) for _ in range(4)))

    answers = run(tmp_path, work, forked=forked, max_instances=2, instance_wait_s=30.0)
    assert 2 == len({answer["pid"] for answer in answers})


def test_more_than_the_platform_has_are_refused_at_once(tmp_path: Path) -> None:
    """Beyond the instances a call is refused with the platform's code, and one that needs no answer waits."""

    async def work(function: Function) -> Any:
        first = asyncio.create_task(function.invoke({"do": "slow"}))
        await asyncio.sleep(0)
        with pytest.raises(InvocationError, match="ResourceLimitReached") as refused:
            await function.invoke({})
        function.invoke_async({"do": "print"})
        return refused.value.code, (await first)["count"], (await _answered(function))["count"]

    assert (432, 1, 3) == run(tmp_path, work, max_instances=1)


async def _answered(function: Function) -> Any:
    """Invoke as soon as there is an instance."""
    while True:
        with suppress(InvocationError):
            return await function.invoke({})
        await asyncio.sleep(0.02)


@both
def test_an_instance_that_died_idle_is_never_handed_an_event(tmp_path: Path, forked: bool) -> None:
    """The event after its death goes to a new one."""

    async def work(function: Function) -> Any:
        before = await function.invoke({})
        os.kill(before["pid"], signal.SIGKILL)
        until(lambda: not alive(before["pid"]))  # the loop stands still: asyncio has not noticed
        return before, await function.invoke({})

    before, after = run(tmp_path, work, forked=forked)
    assert (1, True) == (after["count"], before["pid"] != after["pid"])


@pytest.mark.parametrize("character", ["录", "x", "\udcff"])
def test_sizes_are_those_of_utf8(tmp_path: Path, character: str) -> None:
    """6 MB of a result, and of an event, are counted as UTF-8, without what we put around them."""
    fits = (scf_function.SYNC_LIMIT - 2) // len(character.encode("utf-8", "surrogatepass"))

    async def work(function: Function) -> Any:
        answer = await function.invoke({"do": "many", "what": character, "times": fits})
        with pytest.raises(InvocationError, match="the result is larger than 6 MB") as refused:
            await function.invoke({"do": "many", "what": character, "times": fits + 1})
        sent = await function.invoke({"body": character * (fits - 10)})
        return answer == character * fits, refused.value.code, sent["count"]

    assert (True, 407, 1) == run(tmp_path, work)


def test_an_asynchronous_event_is_counted_as_utf8(tmp_path: Path) -> None:
    """Forty thousand Chinese characters are below 128 KB."""

    async def work(function: Function) -> Any:
        function.invoke_async({"do": "print", "body": "录" * 40_000})
        await asyncio.sleep(0)
        after = await _answered(function)
        return after["count"], function.dead_letters

    assert (2, []) == run(tmp_path, work, max_instances=1)


@both
def test_a_function_ends_with_its_parent(tmp_path: Path, forked: bool) -> None:
    """Whoever started it is killed in the middle of an invocation: the instance does not stay."""
    (tmp_path / "sample.py").write_text(CODE)
    script = f"""
import asyncio, pathlib
from local.scf_function import Function
from local.scf_config import FunctionConfig
from local.scf_forks import Forks
folder = pathlib.Path({str(tmp_path)!r})
async def main():
    forks = Forks(folder, [], []) if {forked} else None
    function = Function(FunctionConfig("sample", "sample", folder, {{}}, 900.0, "ap-guangzhou"), folder / "log", forks)
    print((await function.invoke({{}}))["pid"], flush=True)
    await function.invoke({{"do": "hang"}})
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not alive(child))


def _noted(path: Path) -> int:
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


@both
def test_what_a_function_started_ends_with_it(tmp_path: Path, forked: bool) -> None:
    """Past its time limit, and with the local cloud."""

    async def work(function: Function) -> Any:
        with pytest.raises(InvocationError, match="timed out"):
            await function.invoke({"do": "start", "note": str(tmp_path / "late"), "seconds": 60})
        await function.invoke({"do": "start", "note": str(tmp_path / "idle"), "seconds": 0})

    run(tmp_path, work, forked=forked, timeout_s=1.0)
    for name in ("late", "idle"):
        until(lambda name=name: not alive(_noted(tmp_path / name)))  # type: ignore[misc]


def test_what_a_function_started_ends_with_a_cloud_that_is_killed(tmp_path: Path) -> None:
    """Nobody is left to end it: the instance does, when its input ends."""
    (tmp_path / "sample.py").write_text(CODE)
    source, ours = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-I", "-B", str(scf_forks.RUNTIME), str(tmp_path), "sample"],
        stdin=source, stdout=subprocess.DEVNULL, start_new_session=True,
    ):  # fmt: skip
        os.close(source)
        event = {"event": {"do": "start", "note": str(tmp_path / "note"), "seconds": 60}, "context": {}}
        os.write(ours, json.dumps(event).encode() + b"\n")
        child = _noted(tmp_path / "note")
        os.close(ours)
    until(lambda: not alive(child))


@pytest.mark.parametrize(
    ("config", "why"), [({"python": "none"}, "No such file"), ({"environment": {"A": "\0"}}, "null byte")], ids=str
)
def test_an_instance_that_cannot_be_started_is_a_failed_invocation(
    tmp_path: Path, config: dict[str, Any], why: str
) -> None:
    """No descriptor, process or disk is left, or the state folder is gone: an asynchronous event is no less counted."""

    async def work(function: Function) -> Any:
        with pytest.raises(InvocationError, match=f"no instance can be started: .*{why}"):
            await function.invoke({})
        function.invoke_async({})
        await _settled(function, 1)
        return function.dead_letters

    found = run(tmp_path, work, speed=1e6, **config)
    assert [{}] == [each["event"] for each in found]


@both
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_log_that_cannot_be_written_costs_no_invocation(tmp_path: Path, forked: bool) -> None:
    """On a full disk a function's lines are lost, as on the platform where nobody keeps them; its result is not."""
    (tmp_path / "sample.log").symlink_to("/dev/full")

    async def work(function: Function) -> Any:
        with pytest.raises(InvocationError, match="on purpose"):
            await function.invoke({"do": "raise"})
        return await function.invoke({"do": "print"})

    assert 2 == run(tmp_path, work, forked=forked)["count"]


def test_a_log_is_bounded_while_an_invocation_writes_it(tmp_path: Path) -> None:
    """The end of what it wrote is kept, twice the bound at most."""
    log = tmp_path / "sample.log"

    async def work(function: Function) -> Any:
        log.write_bytes(b"x" * 3 * scf_function.LOG_BYTES + b"last")
        function.trim_log()

    run(tmp_path, work)
    kept = log.with_name("sample.log.1").read_bytes()
    assert (0, 2 * scf_function.LOG_BYTES, b"xlast") == (log.stat().st_size, len(kept), kept[-5:])


def test_dead_letters_and_logs_are_bounded(tmp_path: Path) -> None:
    """The last ones are kept and all are counted; a log that is full moves aside once."""

    async def work(function: Function) -> Any:
        for _ in range(scf_function.DEAD_LETTERS + 5):
            function.invoke_async({"body": "x" * scf_function.ASYNC_LIMIT})
        (tmp_path / "sample.log").write_bytes(b"x" * (scf_function.LOG_BYTES + 1))
        await function.invoke({})
        return len(function.dead_letters), function.dead_lettered

    assert (scf_function.DEAD_LETTERS, scf_function.DEAD_LETTERS + 5) == run(tmp_path, work)
    assert 0 == (tmp_path / "sample.log").stat().st_size
    assert scf_function.LOG_BYTES + 1 == (tmp_path / "sample.log.1").stat().st_size


@both
def test_the_roles_keys_are_each_invocations_own(tmp_path: Path, forked: bool) -> None:
    """A warm instance sees those of the moment, as the platform hands them over."""
    numbers = iter("123")

    async def work(function: Function) -> Any:
        return [(await function.invoke({"do": "env"}))["TENCENTCLOUD_SECRETID"] for _ in range(2)]

    assert ["1", "2"] == run(
        tmp_path, work, forked=forked, credentials=lambda: {"TENCENTCLOUD_SECRETID": next(numbers)}
    )


@both
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
def test_a_failure_is_said_and_the_next_event_is_served(tmp_path: Path, do: str, why: str, forked: bool) -> None:
    """Whatever ends an invocation, the function goes on with the next."""

    async def work(function: Function) -> Any:
        with pytest.raises(InvocationError, match=why):
            await function.invoke({"do": do})
        function.config.timeout_s = 30.0
        return await function.invoke({})

    assert run(tmp_path, work, forked=forked, timeout_s=4.0 if do == "hang" else 30.0)["count"] >= 1


@both
def test_the_time_limit_begins_when_the_code_is_loaded(tmp_path: Path, forked: bool) -> None:
    """A start that takes longer costs no event its answer; it has a limit of its own, and one that fails says why."""

    async def work(function: Function) -> Any:
        started = {"count": 0}
        with suppress(InvocationError):
            started = await function.invoke({"do": "hang"})
        function.config.timeout_s = 30.0
        return started, await function.invoke({})

    slow = "import time; time.sleep(3.5)\n"
    (tmp_path / "slow.py").write_text(slow + CODE.replace("time.sleep(60)", "pass"))
    started, _ = run(tmp_path, work, forked=forked, module="slow", timeout_s=3.0)
    assert 1 == started["count"]
    late, broken = ("time.sleep(60)", 0.5, r"timed out after 0\.5 s"), ("1 / 0", 30.0, "ZeroDivisionError")
    for text, limit_s, why in (late, broken):
        (tmp_path / "never.py").write_text(f"import time; {text}")

        async def never(function: Function, why: str = why) -> None:
            with pytest.raises(InvocationError, match=why):
                await function.invoke({})

        run(tmp_path, never, forked=forked, module="never", init_timeout_s=limit_s)


@both
def test_the_environment_is_scfs_and_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: bool) -> None:
    """Nothing of the machine's environment leaks in; what prints goes to the log."""
    monkeypatch.setenv("LEAK", "1")

    async def work(function: Function) -> Any:
        await function.invoke({"do": "print"})
        return await function.invoke({"do": "env"}), await function.invoke({"do": "context"})

    environment, context = run(tmp_path, work, forked=forked)
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
    for _ in range(2_400):
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


@both
def test_a_function_that_is_down_comes_back(tmp_path: Path, forked: bool) -> None:
    """Killed and refused for as long as was said, then served again by a new process."""

    async def work(function: Function) -> Any:
        before = await function.invoke({})
        function.take_down(60)
        with pytest.raises(InvocationError, match="down"):
            await function.invoke({})
        down, now = 0.2, asyncio.get_running_loop().time
        begun = now()
        function.take_down(down)
        after = await _answered(function)
        assert now() - begun >= down
        return before, after

    before, after = run(tmp_path, work, forked=forked)
    assert before["pid"] != after["pid"]
    assert 1 == after["count"]
