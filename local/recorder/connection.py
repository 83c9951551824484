"""One connection to an RTMP receiver: a `local.recorder.push` process, fed without ever being waited for."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time

_COMMAND = (sys.executable, "-m", "local.recorder.push")
_STEP_S = 0.1
_BEGIN_S = 30.0  # for the process to turn to the receiver: ten of them on a busy machine take seconds to load
_STALL_S = 5.0  # a connection that takes nothing for so long is broken


class Pusher:
    """A pushing process: what waits to be written to it, and what it says."""

    def __init__(self, url: str, connect_s: float) -> None:
        """Start it; the receiver has to take the stream within `connect_s` seconds.

        Half of them count from when it is asked, so that a machine which is slow to load the process gives it a chance.

        Raises:
            OSError: no process can be started.
        """
        self.running = False
        self.waiting = url.encode() + b"\n"
        self._reason = ""
        self._process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018, S101 - for types
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._said = b""
        self._begun = self._written = time.monotonic()
        self._connect_s = connect_s
        self._connect_by = self._begun + _BEGIN_S
        os.set_blocking(self._stdin.fileno(), False)

    def send(self, data: bytes) -> None:
        """Have this written; only when nothing is `waiting`."""
        self.waiting = data
        self._written = time.monotonic()

    def step(self) -> str:
        """Write and read what can be, within a moment; return why the connection is over, empty while it is good."""
        writing = [self._stdin] if self.waiting else []
        readable, writable, _ = select.select([self._stdout], writing, [], _STEP_S if writing else 0)
        if writable:
            with contextlib.suppress(BrokenPipeError):  # then its output ends as well
                count = self._stdin.write(self.waiting) or 0
                self.waiting = self.waiting[count:]
                self._written = time.monotonic()
        if readable and not self._listen():
            return self._reason or ("the connection was lost" if self.running else "the receiver does not answer")
        now = time.monotonic()
        if not self.running and now >= self._connect_by:
            return "the receiver does not answer"
        if self.running and self.waiting and now - self._written >= _STALL_S:
            return "the receiver takes nothing"
        return ""

    def finish(self, wait_s: float) -> None:
        """Announce the end, and let the process say goodbye."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)

    def close(self) -> None:
        """End the process at once, if it has not ended."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def _listen(self) -> bool:
        """Read what the process says; tell whether it may say more."""
        data = os.read(self._stdout.fileno(), 4096)
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            verb, _, reason = line.decode(errors="replace").partition(" ")
            self.running |= verb == "running"
            if verb == "connecting":
                self._connect_by = max(self._begun + self._connect_s, time.monotonic() + self._connect_s / 2)
            if verb == "failed":
                self._reason = reason
        return bool(data)
