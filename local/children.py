"""Child processes, as the kernel sees them."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

__all__ = ["exited", "kill"]


def exited(process: asyncio.subprocess.Process) -> bool:
    """Tell whether a child is gone, also when asyncio has not noticed yet."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill a child that leads a session, and what it has started; harmless where all of them are gone."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
