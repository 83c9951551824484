"""Whom a child's end takes along: what it has started, and nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local.children import Forked, Process, kill
from local.scf_forks import Forks
from tests.local.processes import alive
from tests.local.trtc.servers import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Forks.work_here(), reason="this system does not fork instances"),
]


@contextmanager
def anothers_child() -> Iterator[int]:
    """Start a process that leads a session and is a child of another's, which notices its end."""
    script = "setsid sleep 60 >/dev/null & echo $!; wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        try:
            yield number
        finally:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


async def child(number: int | None = None) -> Process:
    """Start one, or take over one that another has forked."""
    if number is None:
        return await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    ours, its = socket.socketpair()
    its.close()
    return await Forked.of(number, ours)


@pytest.mark.parametrize("forked", [False, True])
@pytest.mark.parametrize("is_noticed", [False, True])
def test_nobody_is_killed_who_has_the_number_of_the_dead(forked: bool, is_noticed: bool) -> None:
    """The number of a child that is gone may be a stranger's, whether the loop has noticed its end or not."""

    async def main(stranger: int, other: int) -> None:
        process = await child(other if forked else None)
        os.kill(process.pid, signal.SIGKILL)
        number = Path(f"/proc/{process.pid}")
        # From Python 3.12 on a child of ours keeps its number until the loop runs.
        until(lambda: not (number.exists() if forked else alive(process.pid)))
        if is_noticed:
            await process.wait()
        process.pid = stranger
        kill(process)
        await asyncio.sleep(0.2)
        assert alive(stranger)
        await process.wait()

    with anothers_child() as stranger, anothers_child() as other:
        asyncio.run(main(stranger, other))
