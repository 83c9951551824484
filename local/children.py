"""Child processes, as the kernel sees them."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

__all__ = ["Forked", "Process", "exited", "kill", "utf8", "wake"]


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

    def has_number(self) -> bool:
        """Tell whether its number can be no other process's: it runs, or its parent has not noticed its end."""
        try:
            signal.pidfd_send_signal(self._pidfd, 0)
        except ProcessLookupError:
            return False
        return True

    async def wait(self) -> None:
        """Wait for its end."""
        await self._gone.wait()
        with suppress(ConnectionError):
            await self.stdin.wait_closed()

    def _end(self) -> None:
        kill(self)  # what it has started ends with it, before the number is somebody else's
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.returncode = -1
        self.stdin.close()
        self._gone.set()


_UTF8 = "utf-8", "surrogateescape"
Process = asyncio.subprocess.Process | Forked


def exited(process: Process) -> bool:
    """Tell whether a child is gone, also when asyncio has not noticed yet."""
    if isinstance(process, Forked):
        return process.exited()
    if process.returncode is not None:
        return True
    try:
        return _state(process.pid) is not None
    except ChildProcessError:
        return True


def kill(process: Process | subprocess.Popen[bytes]) -> None:
    """Kill a child that leads a session, and what it has started; no stranger who has its number after it."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            if _has_number(process) or _is_free(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
        elif not isinstance(process, Forked):
            process.kill()


def wake(process: Process) -> None:
    """Let a child go on that somebody has stopped."""
    if hasattr(signal, "SIGCONT"):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGCONT)


def utf8(environ: Mapping[str, str]) -> Mapping[Any, Any]:
    """Encode the environment of a child that reads UTF-8, whatever our locale is."""
    if os.name != "posix":
        return environ
    return {name.encode(*_UTF8): value.encode(*_UTF8) for name, value in environ.items()}


def _has_number(process: Process | subprocess.Popen[bytes]) -> bool:
    """Tell whether the number is still the child's: it runs, or its parent has not noticed its end."""
    if process.returncode is not None:
        return False
    if isinstance(process, Forked):
        return process.has_number()
    try:
        _state(process.pid)
    except ChildProcessError:
        return False
    return True


def _state(number: int) -> object:
    """Return how a child has ended, and let its parent notice it later; None where it runs, or nobody can say."""
    if not hasattr(os, "waitid"):
        return None
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _is_free(number: int) -> bool:
    """Tell whether no process has a number. A group of that number is then of what the child has started."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False
