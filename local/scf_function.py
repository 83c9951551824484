"""A deployed function: warm processes, time limits, sizes and retries as SCF has them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.scf_events import context

log = logging.getLogger(__name__)

RUNTIME = Path(__file__).with_name("scf_runtime.py")
SYNC_LIMIT = 6 * 1024 * 1024
ASYNC_LIMIT = 128 * 1024
ASYNC_RETRIES = 2
ASYNC_RETRY_AFTER_S = 60.0


class InvocationError(Exception):
    """The function raised, timed out, died, was down, or returned what it may not."""


@dataclass
class FunctionConfig:
    """How a function is deployed; times in seconds.

    Attributes:
        name: the function's name, and its log's.
        module: what holds `main_handler`.
        code_dir: put first on the path, and the working directory; the function's code.
        environment: our variables and the role's credentials.
        timeout_s: after it the process is killed.
        max_instances: invocations at once; more wait.
        speed: divides the waits between retries, for tests.
        python: the interpreter that runs it.
        bare: of installed packages it sees none: only its code and the standard library, as on the platform.
    """

    name: str
    module: str
    code_dir: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout_s: float
    region: str
    memory_mb: int = 256
    max_instances: int = 8
    speed: float = 1.0
    python: str = sys.executable
    bare: bool = False


class Function:
    """Invokes one function in child processes; a process handles one event at a time and is kept warm."""

    def __init__(self, config: FunctionConfig, log_path: Path) -> None:
        self.config = config
        self._log_path = log_path
        self._idle: list[asyncio.subprocess.Process] = []
        self._all: set[asyncio.subprocess.Process] = set()
        self._slots = asyncio.Semaphore(config.max_instances)
        self._down_until = 0.0
        self._background: set[asyncio.Task[None]] = set()
        self.dead_letters: list[dict[str, Any]] = []

    async def invoke(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any JSON)
        """Invoke synchronously; never retried.

        Raises:
            InvocationError: as the class says.
        """
        line = json.dumps({"event": event, "context": self._context()})
        if len(line) > SYNC_LIMIT:
            raise InvocationError("the event is larger than 6 MB")
        async with self._slots:
            if asyncio.get_running_loop().time() < self._down_until:
                raise InvocationError("the function is down")
            process = self._idle.pop() if self._idle else await self._spawn()
            answer = await self._exchange(process, line)
            self._idle.append(process)
        if "error" in answer:
            raise InvocationError(answer["error"])
        return answer["result"]

    def invoke_async(self, event: Mapping[str, Any]) -> None:
        """Invoke in the background: two retries a minute apart, then the dead-letter list."""
        if len(json.dumps(event)) > ASYNC_LIMIT:
            log.error("%s: an asynchronous event over 128 KB was refused", self.config.name)
            self.dead_letters.append({"event": event, "error": "over 128 KB"})
            return
        task = asyncio.get_running_loop().create_task(self._carry(event))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def take_down(self, seconds: float) -> None:
        """Kill the function's processes and fail every invocation for so long."""
        self._down_until = asyncio.get_running_loop().time() + seconds
        for process in list(self._all):
            with suppress(ProcessLookupError):
                process.kill()
        self._idle.clear()

    async def aclose(self) -> None:
        """End all processes and give up what waits to be retried."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for process in list(self._all):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _carry(self, event: Mapping[str, Any]) -> None:
        for attempt in range(1 + ASYNC_RETRIES):
            if attempt:
                await asyncio.sleep(ASYNC_RETRY_AFTER_S / self.config.speed)
            try:
                await self.invoke(event)
            except InvocationError as error:
                log.warning("%s: attempt %d failed: %s", self.config.name, attempt + 1, error)
                last = str(error)
            else:
                return
        self.dead_letters.append({"event": event, "error": last})

    async def _spawn(self) -> asyncio.subprocess.Process:
        # Isolated, Python reads no PYTHON… variable: -B says what PYTHONDONTWRITEBYTECODE does.
        flags = ["-I", "-B", *(["-S"] if self.config.bare else [])]
        arguments = [self.config.python, *flags, str(RUNTIME), str(self.config.code_dir), self.config.module]
        with self._log_path.open("ab") as log_file:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_file,
                env=self.environment(),
                cwd=self.config.code_dir,
                limit=4 * SYNC_LIMIT,
                start_new_session=True,  # Ctrl-C is for us; the platform ends its functions itself
            )
        self._all.add(process)
        return process

    async def _exchange(self, process: asyncio.subprocess.Process, line: str) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(_ask(process, line), self.config.timeout_s)
        except BaseException as error:
            # An instance that did not answer in order is never used again.
            self._all.discard(process)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, asyncio.TimeoutError):
                raise InvocationError(f"timed out after {self.config.timeout_s:g} s") from None
            if isinstance(error, ConnectionError):
                raise InvocationError("the process died") from None
            raise

    def environment(self) -> dict[str, str]:
        """Return the environment of its processes, as the platform sets it."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "x",
            "TENCENTCLOUD_RUNENV": "SCF",
            "TENCENTCLOUD_REGION": self.config.region,
            "TENCENTCLOUD_APPID": "1250000000",
            "TENCENTCLOUD_UIN": "100000000001",
            "SCF_FUNCTIONNAME": self.config.name,
            "SCF_FUNCTIONVERSION": "$LATEST",
            "SCF_RUNTIME": "Python3.10",
            **self.config.environment,
        }

    def _context(self) -> dict[str, Any]:
        config = self.config
        return context(config.name, str(uuid.uuid4()), config.memory_mb, config.timeout_s, config.region)


async def _ask(process: asyncio.subprocess.Process, line: str) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise InvocationError("the process has no pipes")
    process.stdin.write(line.encode() + b"\n")
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer:
        raise InvocationError("the process died")
    if len(answer) > SYNC_LIMIT:
        raise InvocationError("the result is larger than 6 MB")
    read: dict[str, Any] = json.loads(answer)
    return read
