"""The process: a job on standard input, events on standard output, the log on standard error."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from typing import Any

from pydantic import ValidationError

from local.early import look_for_garbage
from local.recorder.job import Job
from local.recorder.log import log
from local.recorder.session import Session

_JOB_S = 30.0


class _Input:
    """Standard input, line by line, from a thread: files, pipes and terminals all work that way."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self.job: asyncio.Future[bytes] = self._loop.create_future()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        buffer = b""
        first = True
        # os.read, since a thread inside sys.stdin at exit would abort the interpreter.
        while data := os.read(0, 65536):
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                if first:
                    first = False
                    self._tell(line)
                elif line.strip() == b"stop":
                    self._loop.call_soon_threadsafe(self._stop.set)
        if first:
            self._tell(buffer)
        self._loop.call_soon_threadsafe(self._stop.set)

    def _tell(self, line: bytes) -> None:
        self._loop.call_soon_threadsafe(self._set, line)

    def _set(self, line: bytes) -> None:
        if not self.job.done():
            self.job.set_result(line)


async def main() -> int:
    """Run one recording and return the exit code: 0, or 1 where nothing was recorded."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def emit(event: dict[str, Any]) -> None:
        try:
            print(json.dumps(event), flush=True)
        except BrokenPipeError:
            stop.set()  # nobody listens any more

    try:
        job = Job.of(await asyncio.wait_for(_Input(stop).job, _JOB_S))
    except asyncio.TimeoutError:
        emit({"event": "failed", "message": "StartRecording error: no job on standard input"})
        return 1
    except ValidationError as error:
        log(str(error))
        reason = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        emit({"event": "failed", "message": f"StartRecording error: job: {reason}"})
        return 1
    return 0 if await Session(job, emit, stop).run() else 1


if __name__ == "__main__":
    look_for_garbage()
    code = asyncio.run(main())
    os._exit(code)  # a thread may sit in a read of standard input for ever
