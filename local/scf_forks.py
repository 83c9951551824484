"""Instances that are forked from a process that has imported what is installed for the checkout's functions."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.children import Forked, kill
from local.scf_config import FunctionConfig

__all__ = ["PACKAGES", "RUNTIME", "SOURCES", "Forks"]

RUNTIME = Path(__file__).with_name("scf_runtime.py")
PACKAGES = (
    "pydantic.alias_generators", "pydantic.fields", "pydantic.functional_validators", "pydantic.main",
    "pydantic.plugin._loader", "pydantic.types", "qcloud_cos", "structlog", "tencentcloud.common.common_client",
    "tencentcloud.common.credential", "tencentcloud.trtc.v20190722.trtc_client", "ulid",
)  # fmt: skip
"""All that the checkout's functions import."""
SOURCES = tuple(RUNTIME.parent.parent / name for name in ("functions", "shared"))
_ANSWER_S = 20.0
"""What the process may take for an answer: the first time it imports, otherwise it only forks."""


class Forks:
    """One process that forks, started when it is first asked; used by one loop.

    Args:
        folder: stands in the command line of all of them, so that `ps` says whose they are.
        packages: are imported once, not by each instance.
        sources: folders of what is compiled once. An instance that finds something else there runs that.
    """

    def __init__(self, folder: Path, packages: Sequence[str] = PACKAGES, sources: Sequence[Path] = SOURCES) -> None:
        self._folder = folder
        self._first = json.dumps({"packages": packages, "sources": [_text(source) for source in sources]}).encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: socket.socket | None = None

    @staticmethod
    def work_here() -> bool:
        """Tell whether this system has what they need; an older kernel, or a container's rules, may have no pidfd."""
        if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
            return False
        try:
            descriptor = os.pidfd_open(os.getpid())
        except OSError:
            return False
        try:
            signal.pidfd_send_signal(descriptor, 0)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    async def instance(self, config: FunctionConfig, environ: Mapping[str, str], log_fd: int) -> Forked:
        """Fork an instance, in a session of its own.

        Raises:
            OSError: there is none, nor will there be.
        """
        wanted = {"code_dir": _text(config.code_dir), "module": config.module, "handler": config.handler}
        line = json.dumps({**wanted, "environ": dict(environ)}).encode()
        ours, its = socket.socketpair()
        try:
            ours.setblocking(False)
            with its:
                self._ask(line, [its.fileno(), its.fileno(), log_fd], log_fd)
            return await Forked.of(await self._number(ours), ours)
        except BaseException:
            ours.close()
            raise

    def close(self) -> None:
        """End the process; instances end by themselves."""
        asked, self._asked = self._asked, None
        process, self._process = self._process, None
        if asked is not None:
            asked.close()
        if process is not None:
            kill(process)  # it has nothing to finish
            process.wait()

    def _ask(self, line: bytes, descriptors: list[int], log_fd: int) -> None:
        try:
            if self._asked is not None and self._process is not None:
                self._process.send_signal(signal.SIGCONT)
                socket.send_fds(self._asked, [line], descriptors)
                return
        except ConnectionError:  # it was killed
            self.close()
        socket.send_fds(self._start(log_fd), [line], descriptors)

    async def _number(self, ours: socket.socket) -> int:
        """Return the new instance's process id, which it says itself."""
        asked, answer = self._asked, asyncio.get_running_loop().sock_recv(ours, 64)
        try:
            number = await asyncio.wait_for(answer, _ANSWER_S)
        except asyncio.TimeoutError:
            if asked is self._asked:
                self.close()
            raise OSError(f"the process that forks them did not answer for {_ANSWER_S:g} s") from None
        if not number:
            raise OSError("the process that forks them died")
        return int(number)

    def _start(self, log_fd: int) -> socket.socket:
        """Start the process; what goes wrong in it, it says in the log of whoever asks first."""
        asked, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with its:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-B", str(RUNTIME), str(self._folder)],
                    stdin=its.fileno(), stdout=subprocess.DEVNULL, stderr=log_fd,
                    env={"PATH": os.defpath, "LANG": "C.UTF-8"}, cwd=RUNTIME.parent, start_new_session=True,
                )  # fmt: skip
            self._asked = asked
            asked.setblocking(False)
            asked.send(self._first)
        except BaseException:
            asked.close()
            self.close()
            raise
        return asked


def _text(path: Path) -> str:
    """Return a path's bytes as text: the other process may decode them in another way."""
    return os.fsencode(path).decode("latin-1")
