"""The real recorder: one `python -m local.recorder` process per recording, spoken to by JSON lines."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from local.leftovers import recorder_lock
from local.lines import lines
from local.trtc.browser import kill_browser
from local.trtc.ports import Event, RecorderJob

__all__ = ["ProcessRecorder"]

log = logging.getLogger(__name__)

EVENT_BYTES = 1 << 20  # a longer line is no event of ours
NOISE_BYTES = 2000
LINGER_S = 10.0  # between the last event and the exit: the recorder puts its browser away
ROOT = Path(__file__).parents[2]  # where `-m local.recorder` is found
COMMAND = (sys.executable, "-m", "local.recorder")


class ProcessRecorder:
    """One recorder process. When it dies without its last event, what it left on disk is rescued.

    Args:
        job: What to record.
        command: Program and arguments, another one in tests.
        linger_s: How long it may take, beside finishing its files, before it is killed.
    """

    def __init__(self, job: RecorderJob, command: Sequence[str] = COMMAND, linger_s: float = LINGER_S) -> None:
        self._job = job
        self._command = command
        self._linger_s = linger_s
        self._stop = asyncio.Event()
        self._reported: set[str] = set()
        self._pid: int | None = None

    def stop(self) -> None:
        """Ask for the end; see `PageRecorder.stop`."""
        self._stop.set()

    def crash(self) -> None:
        """Kill the process's browser; see `PageRecorder.crash`."""
        if self._pid is not None and not kill_browser(self._pid):
            log.warning("a fault asked for a crash, but the recorder has no browser")

    async def events(self) -> AsyncGenerator[Event, None]:
        """Spawn the process and report; see `PageRecorder.events`."""
        try:
            with recorder_lock(self._job.work_dir) as inherited:
                process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    cwd=ROOT, pass_fds=inherited,
                    start_new_session=True,  # Ctrl-C in the terminal is for us: we stop it in order
                )  # fmt: skip
        except OSError as error:
            log.error("the recorder cannot be started: %s", error)  # noqa: TRY400 - the trace says no more
            yield {"event": "failed", "message": "StartRecording error"}
            return
        self._pid = process.pid
        helpers = [asyncio.create_task(self._feed(process))]
        noise: deque[str] = deque(maxlen=10)
        helpers.append(asyncio.create_task(_listen(process, noise)))
        started, last = False, ""
        try:
            async with aclosing(_said(process)) as said:
                async for event in said:
                    last = str(event.get("event"))
                    started |= last == "started"
                    if last == "file":
                        self._reported.add(str(event.get("name")))
                    yield event
                    if last in {"ended", "failed"}:
                        break
            if last not in {"ended", "failed"}:
                code = await self._code(process)
                log.warning("the recorder died with exit code %d: %s", code, " | ".join(noise))
                for rescued in await self._rescue(started=started, crashed=last == "crashed", code=code):
                    yield rescued
            await asyncio.wait_for(process.wait(), self._linger_s)
        except asyncio.TimeoutError:
            log.warning("the recorder did not exit after its last event")
        finally:
            self._pid = None
            if process.returncode is None:
                process.kill()
                await process.wait()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _code(self, process: asyncio.subprocess.Process) -> int:
        """Wait for the exit of a process that says no more; one that goes on all the same is killed."""
        try:
            return await asyncio.wait_for(process.wait(), self._linger_s)
        except asyncio.TimeoutError:
            process.kill()
            return await process.wait()

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        """Write the job, later the stop; kill a process that does not obey."""
        stdin = process.stdin
        if stdin is None:
            return
        try:
            stdin.write(json.dumps(self._job.as_json()).encode() + b"\n")
            await stdin.drain()
            await self._stop.wait()
            stdin.write(b"stop\n")
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return  # its output ends too, which is where a death is handled
        await asyncio.sleep(self._job.finish_s + self._linger_s)
        log.warning("the recorder did not finish its files within %.0f s and is killed", self._job.finish_s)
        if process.returncode is None:
            process.kill()

    async def _rescue(self, *, started: bool, crashed: bool, code: int) -> list[Event]:
        """Say what a recorder that died would have said: the files that can be saved, and its end."""
        try:
            from local.recorder.rescue import rescue

            files: list[dict[str, Any]] = list(await asyncio.to_thread(rescue, self._job.work_dir))
        except Exception:
            log.exception("nothing could be rescued")
            files = []
        # Not what was reported already, by this recorder or by an earlier one in the same work dir.
        stem, reported = self._job.file_stem, self._reported
        files = [file for file in files if file["name"].startswith(stem) and file["name"] not in reported]
        if not started and not files:
            return [{"event": "failed", "message": "StartRecording error"}]
        crash: list[Event] = [] if crashed else [{"event": "crashed", "message": f"recorder exited with {code}"}]
        return [*crash, *files, {"event": "ended", "reason": "crash"}]


async def _said(process: asyncio.subprocess.Process) -> AsyncGenerator[dict[str, Any], None]:
    """Yield each event; anything else the process prints is skipped."""
    if process.stdout is None:
        return
    async with aclosing(lines(process.stdout, EVENT_BYTES)) as found:
        async for line in found:
            try:
                event = None if line.cut else json.loads(line.data)
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict) and "event" in event:
                yield event
            else:
                log.debug("the recorder printed something that is no event")


async def _listen(process: asyncio.subprocess.Process, noise: deque[str]) -> None:
    """Keep the last lines of stderr for the log; a full pipe would stop the recorder."""
    if process.stderr is not None:
        async for line in lines(process.stderr, NOISE_BYTES):
            noise.append(line.data.decode(errors="replace").rstrip())
