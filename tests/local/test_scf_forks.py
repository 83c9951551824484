"""Instances that share their imports: each is as fresh, as apart and as mortal as one that was started alone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local.scf_config import FunctionConfig, InvocationError
from local.scf_forks import Forks
from local.scf_function import Function
from tests.local.processes import ROOT, alive
from tests.local.trtc.servers import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Forks.work_here(), reason="this system does not fork instances"),
]

SHARED = """
import os
open({log!r}, "a").write("imported\\n")
os.environ["IMPORTED"] = "1"
version = {version}
calls = []
"""
CODE = """
import os, random, subprocess, sys, time
import shared_by_all as shared

def main_handler(event, context):
    shared.calls.append(event)
    if event.get("note"):
        child = subprocess.Popen(["sleep", "60"])
        open(event["note"], "w").write(f"{child.pid}\\n")
    time.sleep(event.get("seconds", 0))
    numbers = [f"/proc/self/fd/{number}" for number in range(100)]
    return {
        "pid": os.getpid(), "session": os.getsid(0), "parent": os.getppid(), "folder": os.getcwd(),
        "calls": len(shared.calls), "version": shared.version, "path": sys.path[:2], "random": random.random(),
        "imported": os.environ.get("IMPORTED"), "own": os.environ.get("OWN"),
        "files": [os.readlink(number) for number in numbers if os.path.exists(number)],
    }
"""
Work = Callable[[Callable[[str], Function], Forks], Awaitable[Any]]


def write(folder: Path, version: int = 1) -> None:
    """Write a function, and what all its instances import."""
    (folder / "shared_by_all.py").write_text(SHARED.format(log=str(folder / "imports"), version=version))
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(CODE)


def run(folder: Path, work: Work) -> Any:
    """Let `work` use functions, by their modules' names, and end them."""
    write(folder)

    async def main() -> Any:
        forks, functions = Forks(folder), dict[str, Function]()

        def function(name: str) -> Function:
            config = FunctionConfig(name, name, folder, {"OWN": name}, 30.0, "ap-guangzhou")
            return functions.setdefault(name, Function(config, folder / f"{name}.log", forks))

        try:
            return await work(function, forks)
        finally:
            for each in functions.values():
                await each.aclose()
            await forks.aclose()

    return asyncio.run(main())


def test_each_instance_is_fresh_and_apart(tmp_path: Path) -> None:
    """Imports happen once; state, environment, folder, session and random numbers are each instance's own."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        at_once = await asyncio.gather(*(function("one").invoke({"seconds": 0.5}) for _ in range(2)))
        return at_once, [await function("two").invoke({}) for _ in range(2)]

    apart, (other, again) = run(tmp_path, work)
    apart.append(other)
    assert "imported\n" == (tmp_path / "imports").read_text()
    assert [1, 1, 1, 2] == [each["calls"] for each in (*apart, again)]
    assert ["one", "one", "two"] == [each["own"] for each in apart]
    assert other["pid"] == again["pid"]
    assert 3 == len({each["pid"] for each in apart}) == len({each["random"] for each in apart})
    for each in apart:
        assert each["pid"] == each["session"]
        assert (str(tmp_path), "1") == (each["folder"], each["imported"])
        assert str(tmp_path) == each["path"][0] != each["path"][1]
    assert 1 == len({each["parent"] for each in apart})


def test_an_instance_holds_no_descriptor_of_another(tmp_path: Path) -> None:
    """Its answers' socket, its log, no input of its own: what another one has, it would keep open."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        return await asyncio.gather(*(function("one").invoke({"seconds": 0.5}) for _ in range(3)))

    for files in (each["files"] for each in run(tmp_path, work)):
        assert 1 == len({each for each in files if each.startswith("socket:")}), files


def test_new_code_runs_in_the_next_instance(tmp_path: Path) -> None:
    """Whoever edits the checkout sees it, as where each instance imports for itself."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        before = await function("one").invoke({})
        write(tmp_path, version=2)
        return before, await function("one").invoke({}), await function("two").invoke({})

    assert [1, 1, 2] == [each["version"] for each in run(tmp_path, work)]


def test_a_process_that_was_killed_is_replaced(tmp_path: Path) -> None:
    """Its instances stay, and the next one is forked from a new one."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        before = await function("one").invoke({})
        os.kill(before["parent"], signal.SIGKILL)
        until(lambda: not alive(before["parent"]))
        return before, await function("one").invoke({}), await function("two").invoke({})

    before, warm, after = run(tmp_path, work)
    assert (before["pid"], 2) == (warm["pid"], warm["calls"])
    assert after["parent"] not in (before["parent"], 1)


def test_nothing_is_left(tmp_path: Path) -> None:
    """When all is closed, neither the instances, nor what forked them, nor what they started."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        return await function("one").invoke({"note": str(tmp_path / "note")})

    answer = run(tmp_path, work)
    pids = [answer["pid"], answer["parent"], int((tmp_path / "note").read_text())]
    until(lambda: not any(alive(pid) for pid in pids))


def test_nothing_is_left_of_a_cloud_that_is_killed(tmp_path: Path) -> None:
    """Nobody is left to end them: they do, when nobody can ask any more."""
    write(tmp_path)
    script = f"""
import asyncio, pathlib
from local.scf_function import Function
from local.scf_config import FunctionConfig
from local.scf_forks import Forks
folder = pathlib.Path({str(tmp_path)!r})
async def main():
    function = Function(FunctionConfig("one", "one", folder, {{}}, 900.0, ""), folder / "log", Forks(folder))
    answer = await function.invoke({{"note": str(folder / "note")}})
    print(answer["pid"], answer["parent"], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [*map(int, parent.stdout.readline().split()), int((tmp_path / "note").read_text())]
        assert all(alive(pid) for pid in pids)
        parent.kill()
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_process_that_cannot_be_started_is_a_failed_invocation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears of it at once; the next event may find one."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        with monkeypatch.context() as without:
            without.setattr(sys, "executable", "/bin/false")
            with pytest.raises(InvocationError, match="no instance can be started: the process that forks them died"):
                await function("one").invoke({})
        return await function("one").invoke({})

    assert 1 == run(tmp_path, work)["calls"]
