"""Whom a child's end takes along: what it has started, and nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from contextlib import suppress
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


def not_our_child() -> int:
    """Start a process that leads a session and is a child of another's."""
    return int(subprocess.check_output(["sh", "-c", "setsid sleep 60 >/dev/null & echo $!"]))


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

    async def main() -> None:
        process, stranger = await child(not_our_child() if forked else None), not_our_child()
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{process.pid}").exists())
        if is_noticed:
            await process.wait()
        process.pid = stranger
        try:
            kill(process)
            await asyncio.sleep(0.2)
            assert alive(stranger)
        finally:
            with suppress(ProcessLookupError):
                os.kill(stranger, signal.SIGKILL)
            await process.wait()

    asyncio.run(main())
