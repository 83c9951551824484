"""Child processes, as the kernel sees them."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
from contextlib import suppress

__all__ = ["Forked", "Process", "exited", "kill"]


class Forked:
    """A process that another one has forked for us, as asyncio has its own: it leads a session, its ends are sockets.

    Attributes:
        returncode: None while it runs; what it ended with only its parent knows.
    """

    def __init__(self, pid: int, pidfd: int, stdout: asyncio.StreamReader, stdin: asyncio.StreamWriter) -> None:
        self.pid, self.stdout, self.stdin = pid, stdout, stdin
        self.returncode: int | None = None
        self._pidfd, self._gone = pidfd, asyncio.Event()
        asyncio.get_running_loop().add_reader(pidfd, self._end)

    @classmethod
    async def of(cls, pid: int, ends: socket.socket) -> Forked:
        """Take over a process by the other end of its standard input and output.

        Raises:
            OSError: it has gone already, or of descriptors there are no more.
        """
        pidfd = os.pidfd_open(pid)
        try:
            return cls(pid, pidfd, *await asyncio.open_connection(sock=ends))
        except BaseException:
            os.close(pidfd)
            raise

    def exited(self) -> bool:
        """Tell whether it is gone, also when the loop has not noticed yet."""
        if self.returncode is not None:
            return True
        polled = select.poll()
        polled.register(self._pidfd, select.POLLIN)
        return bool(polled.poll(0))

    async def wait(self) -> None:
        """Wait for its end."""
        await self._gone.wait()
        with suppress(ConnectionError):
            await self.stdin.wait_closed()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.returncode = -1
        self.stdin.close()
        self._gone.set()


Process = asyncio.subprocess.Process | Forked


def exited(process: Process) -> bool:
    """Tell whether a child is gone, also when asyncio has not noticed yet."""
    if isinstance(process, Forked):
        return process.exited()
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def kill(process: Process) -> None:
    """Kill a child that leads a session, and what it has started; harmless where all of them are gone."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif not isinstance(process, Forked):
            process.kill()
