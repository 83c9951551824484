"""Instances that are forked from a process that has imported the checkout's functions once."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from local.children import Forked, kill
from local.scf_config import FunctionConfig

__all__ = ["RUNTIME", "Forks"]

RUNTIME = Path(__file__).with_name("scf_runtime.py")
_END_S = 1.0
"""What the process may take to notice that nobody asks any more."""


class Forks:
    """One process that forks, started when it is first asked; used by one loop.

    Args:
        folder: stands in the command line of all of them, so that `ps` says whose they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._one_at_once = folder, asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._asked: socket.socket | None = None

    @staticmethod
    def work_here() -> bool:
        """Tell whether this system has what they need."""
        return sys.platform == "linux" and all(hasattr(os, name) for name in ("fork", "pidfd_open", "setsid"))

    async def instance(self, config: FunctionConfig, environ: Mapping[str, str], log_fd: int) -> Forked:
        """Fork an instance, in a session of its own.

        Raises:
            OSError: there is none, nor will there be.
        """
        wanted = {"code_dir": str(config.code_dir), "module": config.module, "handler": config.handler}
        line = json.dumps({**wanted, "environ": dict(environ)}).encode()
        ours, its = socket.socketpair()
        try:
            with its:
                pid = await self._ask(line, [its.fileno(), its.fileno(), log_fd], config.init_timeout_s)
            return await Forked.of(pid, ours)
        except BaseException:
            ours.close()
            raise

    async def aclose(self) -> None:
        """End the process; instances end by themselves."""
        process, self._process = self._process, None
        if self._asked is not None:
            self._asked.close()
            self._asked = None
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except asyncio.TimeoutError:  # in the middle of an import
                kill(process)
                await process.wait()

    async def _ask(self, line: bytes, descriptors: list[int], limit_s: float) -> int:
        async with self._one_at_once:
            answer, is_new = b"", self._asked is None
            try:
                answer = await asyncio.wait_for(self._answer(line, descriptors), limit_s)
                if not answer and not is_new:  # it was killed, or the code was edited
                    await self.aclose()
                    answer = await asyncio.wait_for(self._answer(line, descriptors), limit_s)
            finally:
                if not answer:
                    await self.aclose()
        if not answer:
            raise OSError("the process that forks them died")
        return int(answer)

    async def _answer(self, line: bytes, descriptors: list[int]) -> bytes:
        """Return the new instance's process id; nothing where the process has ended."""
        if self._asked is None:
            self._asked = await self._start()
        try:
            socket.send_fds(self._asked, [line], descriptors)
            return await asyncio.get_running_loop().sock_recv(self._asked, 64)
        except ConnectionError:
            return b""

    async def _start(self) -> socket.socket:
        asked, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked.setblocking(False)
        with its:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-B", str(RUNTIME), str(self._folder),
                stdin=its.fileno(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"}, cwd=RUNTIME.parent, start_new_session=True,
            )  # fmt: skip
        return asked
