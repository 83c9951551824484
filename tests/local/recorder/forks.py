"""Recorders that are forked from one process that has loaded them: loading is half of what a short film costs.

Each is the process that `python -m local.recorder` is but for its command line: the local cloud's tests start those.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
_MOST = 1 << 16  # bytes of an environment


class ForkedRecorder:
    """A recorder, with what `subprocess.Popen` has."""

    def __init__(self) -> None:
        """Fork it."""
        self.returncode: int | None = None
        child_in, stdin = os.pipe()
        stdout, child_out = os.pipe()
        self._told, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            socket.send_fds(_server(), [json.dumps(dict(os.environ)).encode()], [child_in, child_out, its.fileno()])
        os.close(child_in)
        os.close(child_out)
        self.stdin, self.stdout = os.fdopen(stdin, "w"), os.fdopen(stdout)
        self.pid = int(self._told.recv(64))

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        try:
            return self.wait(0)
        except BlockingIOError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            self.returncode = int(self._told.recv(64))
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@functools.cache
def _server() -> socket.socket:
    """Start the process that forks; it ends when its socket closes."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, stdin=its.fileno())
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def serve() -> None:
    """Load, then fork whenever asked; tell of each who it is, and how it ended."""
    import asyncio
    import gc

    import av  # noqa: F401 - the recorder loads it when the first picture comes

    from local.recorder.__main__ import main

    gc.freeze()
    asked = socket.socket(fileno=0)
    with selectors.DefaultSelector() as waiting:
        waiting.register(asked, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.data is not None:
                    pid, told = key.data
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _tell(told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    told.close()
                    continue
                environ, descriptors, *_ = socket.recv_fds(asked, _MOST, 3)
                if not environ:
                    return
                pid = os.fork()
                if pid == 0:
                    _become(json.loads(environ), descriptors)
                    os._exit(asyncio.run(main()))
                told = socket.socket(fileno=descriptors.pop())
                for each in descriptors:
                    os.close(each)
                _tell(told, pid)
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _tell(whom: socket.socket, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the test is over
        whom.send(str(number).encode())


def _become(environ: dict[str, Any], descriptors: list[int]) -> None:
    """Turn this copy into what the recorder's parent would have started."""
    os.environ.clear()
    os.environ.update(environ)
    os.dup2(descriptors[0], 0)  # in place of the socket on which forks are asked for
    os.dup2(descriptors[1], 1)
    os.closerange(3, 256)


if __name__ == "__main__":
    serve()
