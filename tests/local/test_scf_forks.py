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

from local.scf_config import FunctionConfig
from local.scf_forks import PACKAGES, Forks
from local.scf_function import Function
from tests.local.processes import ROOT, alive
from tests.local.trtc.servers import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Forks.work_here(), reason="this system does not fork instances"),
]

PACKAGE = "xmlrpc.client"
"""In place of what is installed: the functions below do not import it."""
SHARED = """
import os
print("imported by", os.getpid())
at_import = [os.getcwd(), os.environ.get("OWN")]
os.environ["IMPORTED"] = "1"
version = {version}
calls = []
"""
CODE = """
import os, random, subprocess, sys, time
compiled = []
sys.addaudithook(lambda event, given: compiled.append(str(given[1])) if event == "compile" else None)
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
        "at_import": shared.at_import, "compiled": compiled, "package": "xmlrpc.client" in sys.modules,
        "imported": os.environ.get("IMPORTED"), "own": os.environ.get("OWN"),
        "time": (time.tzname[0], time.localtime(0).tm_hour),
        "files": [os.readlink(number) for number in numbers if os.path.exists(number)],
    }
"""
Work = Callable[[Callable[[str], Function], Forks], Awaitable[Any]]


def write(folder: Path, version: int = 1) -> None:
    """Write a function, and what all its instances import."""
    (folder / "shared_by_all.py").write_text(SHARED.format(version=version))
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(CODE)
    (folder / "hanging.py").write_text("import time; time.sleep(600)")


def run(folder: Path, work: Work) -> Any:
    """Let `work` use functions, by their modules' names, and end them."""
    write(folder)

    async def main() -> Any:
        forks, functions = Forks(folder, [PACKAGE], [folder]), dict[str, Function]()

        def function(name: str) -> Function:
            config = FunctionConfig(name, name, folder, {"OWN": name, "TZ": "XYZ-3"}, 30.0, "ap-guangzhou")
            return functions.setdefault(name, Function(config, folder / f"{name}.log", forks))

        try:
            return await work(function, forks)
        finally:
            for each in functions.values():
                await each.aclose()
            forks.close()

    return asyncio.run(main())


def test_each_instance_is_fresh_and_apart(tmp_path: Path) -> None:
    """Packages and compiled code are shared; imports, state, folder, session and random numbers are each one's own."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        at_once = await asyncio.gather(*(function("one").invoke({"seconds": 0.5}) for _ in range(2)))
        return at_once, [await function("two").invoke({}) for _ in range(2)]

    apart, (other, again) = run(tmp_path, work)
    apart.append(other)
    assert [(True, [])] * 3 == [(each["package"], each["compiled"]) for each in apart]
    assert [[str(tmp_path), own] for own in ("one", "one", "two")] == [each["at_import"] for each in apart]
    said = [*map((tmp_path / "one.log").read_text().splitlines().count, _said(apart[:2]))]
    assert ([1, 1], _said([other])) == (said, (tmp_path / "two.log").read_text().splitlines())
    assert [1, 1, 1, 2] == [each["calls"] for each in (*apart, again)]
    assert ["one", "one", "two"] == [each["own"] for each in apart]
    assert other["pid"] == again["pid"]
    assert 3 == len({each["pid"] for each in apart}) == len({each["random"] for each in apart})
    for each in apart:
        assert ["XYZ", 3] == each["time"]
        assert each["pid"] == each["session"]
        assert (str(tmp_path), "1") == (each["folder"], each["imported"])
        assert str(tmp_path) == each["path"][0] != each["path"][1]
    assert 1 == len({each["parent"] for each in apart})


def _said(apart: list[Any]) -> list[str]:
    return [f"imported by {each['pid']}" for each in apart]


def test_the_packages_are_all_that_the_functions_import() -> None:
    """What were missing on the list, each instance would import itself."""
    code = f"""
import importlib, sys
for package in {PACKAGES!r}:
    importlib.import_module(package)
before = set(sys.modules)
sys.path.insert(0, {str(ROOT)!r})
import functions.callback, functions.reconcile, functions.recordings, shared.adapters.trtc
known = {{"functions", "shared", *sys.stdlib_module_names}}
print([name for name in set(sys.modules) - before if name.partition(".")[0] not in known])
"""
    assert "[]\n" == subprocess.check_output([sys.executable, "-I", "-c", code], text=True)


def test_an_import_that_hangs_holds_nobody_else(tmp_path: Path) -> None:
    """Others start meanwhile; who waits for it hears of the end at once when the local cloud ends."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        waiting = asyncio.create_task(function("hanging").invoke({}))
        answer = await asyncio.wait_for(function("one").invoke({}), 30.0)
        again = asyncio.create_task(function("hanging").invoke({}))
        await asyncio.sleep(0)
        await asyncio.wait_for(function("hanging").aclose(), 30.0)
        return answer["calls"], [str(each) for each in await asyncio.gather(waiting, again, return_exceptions=True)]

    calls, ends = run(tmp_path, work)
    assert (1, ["the process died", "the function is down"]) == (calls, ends)


@pytest.mark.parametrize("stopped", ["pid", "parent"])
def test_a_process_that_was_stopped_goes_on(tmp_path: Path, stopped: str) -> None:
    """The next event is served at once, by an idle instance or by one that is forked."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        before = await function("one").invoke({})
        os.kill(before[stopped], signal.SIGSTOP)
        name = "one" if stopped == "pid" else "two"
        return before[stopped], (await asyncio.wait_for(function(name).invoke({}), 15.0))[stopped]

    before, after = run(tmp_path, work)
    assert before == after


def test_an_instance_holds_no_descriptor_of_another(tmp_path: Path) -> None:
    """Its answers' socket, its log, no input of its own: what another one has, it would keep open."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        return await asyncio.gather(*(function("one").invoke({"seconds": 0.5}) for _ in range(3)))

    for files in (each["files"] for each in run(tmp_path, work)):
        assert 1 == len({each for each in files if each.startswith("socket:")}), files


def test_new_code_runs_in_the_next_instance(tmp_path: Path) -> None:
    """Whoever edits the checkout sees it, wherever it lies, as where each instance imports for itself."""
    folder = tmp_path / "site-packages"
    folder.mkdir()

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        before = await function("one").invoke({})
        write(folder, version=2)
        return before, await function("one").invoke({}), await function("two").invoke({})

    assert [1, 1, 2] == [each["version"] for each in run(folder, work)]


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
    config = FunctionConfig("one", "one", folder, {{"OWN": "1"}}, 900.0, "")
    function = Function(config, folder / "log", Forks(folder, [], []))
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


def test_where_nothing_is_forked_an_instance_starts_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is served; the next one may find the process that forks."""

    async def work(function: Callable[[str], Function], _: Forks) -> Any:
        with monkeypatch.context() as without:
            without.setattr(sys, "executable", "/bin/false")
            first = await function("one").invoke({})
        return first, await function("two").invoke({})

    first, second = run(tmp_path, work)
    assert [(1, os.getpid(), False), (1, second["parent"], True)] == [
        (each["calls"], each["parent"], each["package"]) for each in (first, second)
    ]


def test_a_kernel_without_pidfd_forks_nothing(tmp_path: Path) -> None:
    """Before Linux 5.3, or by a container's rules, the call fails: instances are started."""
    write(tmp_path)
    code = f"""
import asyncio, ctypes, errno, pathlib, struct
from local.scf_config import FunctionConfig
from local.scf_forks import Forks
from local.scf_function import Function
folder = pathlib.Path({str(tmp_path)!r})
PIDFD_OPEN, ALLOW, REFUSE = 434, 0x7FFF0000, 0x00050000 | errno.ENOSYS
steps = (0x20, 0, 0, 0), (0x15, 0, 1, PIDFD_OPEN), (0x06, 0, 0, REFUSE), (0x06, 0, 0, ALLOW)
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(filters))

async def main(is_known):
    forks = Forks(folder, [], []) if is_known else None
    function = Function(FunctionConfig("one", "one", folder, {{"OWN": "1"}}, 30.0, ""), folder / "log", forks)
    print((await function.invoke({{}}))["calls"])
    await function.aclose()
    if forks:
        forks.close()

libc = ctypes.CDLL(None, use_errno=True)
assert Forks.work_here()
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    raise SystemExit(9)
assert not Forks.work_here()
asyncio.run(main(False))
asyncio.run(main(True))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 9:
        pytest.skip("this system filters no calls")
    assert "1\n1\n" == done.stdout, done.stderr
