"""Child processes, as the kernel sees them."""

from __future__ import annotations

import asyncio
import os

__all__ = ["exited"]


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
