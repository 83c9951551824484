"""A deployed function: warm processes, time limits, sizes and retries as SCF has them."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import sys
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any

from local.children import Process, exited, kill, utf8, wake
from local.growth import appended, rotate
from local.lines import lines
from local.scf_config import FunctionConfig, InvocationError
from local.scf_events import context
from local.scf_forks import RUNTIME, Forks

log = logging.getLogger(__name__)

SYNC_LIMIT = 6 * 1024 * 1024
ASYNC_LIMIT = 128 * 1024
ASYNC_RETRIES = 2
ASYNC_RETRY_AFTER_S = 60.0
ASYNC_WAITING = 10_000
"""Asynchronous events that wait for an instance or a retry; one more goes to the dead letters."""
DEAD_LETTERS = 1_000
"""Kept; older ones are forgotten, and counted."""
KEPT_WARM = 16
"""Idle instances; after a rush the others are ended, as the platform does in time."""
LOG_BYTES = 16 * 1024 * 1024

# The platform's document "Cloud Function Status Code".
REQUEST_TOO_LARGE, RESPONSE_TOO_LARGE = 406, 407
USER_CODE_EXCEPTION, RESOURCE_LIMIT_REACHED, TIME_LIMIT_REACHED, PROCESS_EXITED = 430, 432, 433, 439


class Function:
    """Invokes one function in child processes; a process handles one event at a time and is kept warm.

    Args:
        forks: forks the processes; without it, or where it fails, each is started by itself.
    """

    def __init__(self, config: FunctionConfig, log_path: Path, forks: Forks | None = None) -> None:
        self.config = config
        self._log_path, self._forks = log_path, forks
        self._idle: list[Process] = []
        self._all: dict[Process, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(config.max_instances)
        self.dead_lettered = 0
        self._down_until = 0.0
        self._background: set[asyncio.Task[None]] = set()
        self.dead_letters: list[dict[str, Any]] = []

    async def invoke(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any JSON)
        """Invoke synchronously; never retried.

        Raises:
            InvocationError: as the class says.
        """
        request_id = str(uuid.uuid4())
        sent = _json(event)
        if len(sent) > SYNC_LIMIT:
            raise InvocationError("the event is larger than 6 MB", REQUEST_TOO_LARGE, request_id)
        if not await self._slot():
            said = f"ResourceLimitReached: {self.config.max_instances} instances are busy"
            raise InvocationError(said, RESOURCE_LIMIT_REACHED, request_id)
        try:
            return await self._invoke(sent, request_id)
        finally:
            self._slots.release()

    async def _slot(self) -> bool:
        """Take one of the slots; False where none is free in time."""
        if self._slots.locked() and not self.config.instance_wait_s:
            return False
        try:
            await asyncio.wait_for(self._slots.acquire(), self.config.instance_wait_s or None)
        except asyncio.TimeoutError:
            return False
        return True

    async def _invoke(self, event: bytes, request_id: str) -> Any:  # noqa: ANN401 (any JSON)
        """Invoke on an instance; to be called with one of the slots."""
        if self._is_down():
            raise InvocationError("the function is down", request_id=request_id)
        process, is_loaded = self._idle_one(), True
        if process is None:
            process, is_loaded = await self._instance(request_id), False
        about = {"context": self._context(request_id), "environ": dict(self.config.credentials())}
        line = b'{"event":' + event + b"," + _json(about)[1:] + b"\n"
        try:
            answer = await self._exchange(process, line, is_loaded=is_loaded)
        except InvocationError as error:
            error.request_id = request_id
            raise
        if len(self._idle) < KEPT_WARM:
            self._idle.append(process)
        else:
            await self._end(process)
        self.trim_log()
        if "error" in answer:
            raise InvocationError(answer["error"], USER_CODE_EXCEPTION, request_id)
        return answer["result"]

    async def _instance(self, request_id: str) -> Process:
        try:
            process = await self._spawn()
        except (OSError, ValueError) as error:  # of memory or disk there is no more; or no process has such a variable
            raise InvocationError(f"no instance can be started: {error}", request_id=request_id) from None
        self._all[process] = asyncio.get_running_loop().create_task(self._forget(process))
        if self._is_down():  # meanwhile
            await self._end(process)
            raise InvocationError("the function is down", request_id=request_id)
        return process

    async def _forget(self, process: Process) -> None:
        """Have nothing more of an instance when it has ended."""
        await process.wait()
        kill(process)  # what it has started ends with it
        del self._all[process]

    def _is_down(self) -> bool:
        return asyncio.get_running_loop().time() < self._down_until

    def _idle_one(self) -> Process | None:
        """Return an instance that lives and is idle; one that died meanwhile is never handed an event."""
        while self._idle:
            process = self._idle.pop()
            if not exited(process):
                wake(process)
                return process
        return None

    def invoke_async(self, event: Mapping[str, Any]) -> None:
        """Invoke in the background: two retries a minute apart, then the dead-letter list."""
        sent = _json(event)
        if len(sent) > ASYNC_LIMIT:
            log.error("%s: an asynchronous event over 128 KB was refused", self.config.name)
            self._bury(event, "over 128 KB")
            return
        if len(self._background) >= ASYNC_WAITING:
            self._bury(event, f"{ASYNC_WAITING} events wait already")
            return
        task = asyncio.get_running_loop().create_task(self._carry(event, sent))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def take_down(self, seconds: float) -> None:
        """Kill the function's processes and fail every invocation for so long."""
        self._down_until = asyncio.get_running_loop().time() + seconds
        for process in list(self._all):
            kill(process)
        self._idle.clear()

    def trim_log(self) -> None:
        """Keep the log within its bound, while an invocation writes to it, too."""
        rotate(self._log_path, LOG_BYTES)

    async def retire(self) -> None:
        """Let what is under way come to its end, then end all processes: other code is called from now on."""
        try:
            await asyncio.gather(*self._background, return_exceptions=True)
            for _ in range(self.config.max_instances):
                await self._slots.acquire()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """End all processes, for good, and give up what waits to be retried."""
        self._down_until = math.inf
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for process in list(self._all):
            await self._end(process)

    async def _end(self, process: Process) -> None:
        kill(process)
        if process in self._all:
            await asyncio.shield(self._all[process])

    def _bury(self, event: Mapping[str, Any], error: str) -> None:
        self.dead_lettered += 1
        self.dead_letters.append({"event": event, "error": error})
        del self.dead_letters[:-DEAD_LETTERS]

    async def _carry(self, event: Mapping[str, Any], sent: bytes) -> None:
        for attempt in range(1 + ASYNC_RETRIES):
            if attempt:
                await asyncio.sleep(ASYNC_RETRY_AFTER_S / self.config.speed)
            try:
                async with self._slots:
                    await self._invoke(sent, str(uuid.uuid4()))
            except InvocationError as error:
                log.warning("%s: attempt %d failed: %s", self.config.name, attempt + 1, error)
                last = str(error)
            else:
                return
        self._bury(event, last)

    async def _spawn(self) -> Process:
        with appended(self._log_path) as log_file:
            if self._forks is not None:
                try:
                    return await self._forks.instance(self.config, self.environment(), log_file.fileno())
                except OSError as error:
                    log.warning("%s: an instance is not forked, but started by itself: %s", self.config.name, error)
            return await self._start(log_file)

    async def _start(self, log_file: IO[bytes]) -> Process:
        # Isolated, Python reads no PYTHON… variable: -B says what PYTHONDONTWRITEBYTECODE does.
        flags = ["-I", "-B", *(["-S"] if self.config.bare else [])]
        arguments = [self.config.python, *flags, str(RUNTIME), str(self.config.code_dir)]
        arguments += [self.config.module, self.config.handler]
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log_file,
            env=utf8(self.environment()),
            cwd=self.config.code_dir,
            start_new_session=True,  # Ctrl-C is for us; the platform ends its functions itself
        )

    async def _exchange(self, process: Process, line: bytes, *, is_loaded: bool) -> dict[str, Any]:
        """Return the answer; what a new instance takes to load the code is not the function's time."""
        limit_s = self.config.timeout_s if is_loaded else self.config.init_timeout_s
        try:
            async with aclosing(_answers(process, line)) as answers:
                answer = await asyncio.wait_for(anext(answers), limit_s)
                if not answer:
                    limit_s = self.config.timeout_s
                    answer = await asyncio.wait_for(anext(answers), limit_s)
                return answer
        except BaseException as error:
            # An instance that did not answer in order is never used again.
            await self._end(process)
            if isinstance(error, asyncio.TimeoutError):
                said = f"timed out after {limit_s:g} s"
                raise InvocationError(said, TIME_LIMIT_REACHED) from None
            if isinstance(error, ConnectionError):
                raise InvocationError("the process died", PROCESS_EXITED) from None
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
            **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {}),  # of its sockets
            **self.config.environment,
        }

    def _context(self, request_id: str) -> dict[str, Any]:
        config = self.config
        return context(config.name, request_id, config.memory_mb, config.timeout_s, config.region)


async def _answers(process: Process, line: bytes) -> AsyncGenerator[dict[str, Any], None]:
    if process.stdin is None or process.stdout is None:
        raise InvocationError("the process has no pipes")
    process.stdin.write(line)
    await process.stdin.drain()
    async with aclosing(lines(process.stdout, _ANSWER_BYTES)) as answers:
        async for answer in answers:
            if answer.cut:
                raise InvocationError("the result is larger than 6 MB", RESPONSE_TOO_LARGE)
            read: dict[str, Any] = json.loads(answer.data.decode("utf-8", "surrogatepass"))
            yield read
    raise InvocationError("the process died", PROCESS_EXITED)


_ANSWER_BYTES = SYNC_LIMIT + len(b'{"result":}')
"""The limit is the result's alone."""


def _json(value: Mapping[str, Any]) -> bytes:
    """Write JSON as it is counted: UTF-8, no blanks; a lone surrogate, which JSON may hold, as three bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
