"""One recording from start to end, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from local.recorder.encoder import Encoder, Target
from local.recorder.job import Job
from local.recorder.log import log
from local.recorder.page import GotoError, Page
from local.recorder.relay import Patience
from local.recorder.relays import Relays
from local.recorder.studio import Studio

Emit = Callable[[dict[str, Any]], None]
T = TypeVar("T")

CRASHED = "Chrome exception, exit task"
_FRESH_PICTURE_S = 0.5
_FIRST_PICTURE_S = 15.0
_REPEAT_S = 1.0
_FREE_BYTES = 32 << 20  # with less than that on the disk, end while there is room to finish the files


class _StartError(Exception):
    """Nothing was recorded; the message says why."""


class _StopError(Exception):
    """Asked to stop before anything was recorded."""


class Session:
    """A recording: pictures and sound from a studio into an encoder, until something ends it."""

    def __init__(self, job: Job, emit: Emit, stop: asyncio.Event) -> None:
        self._job = job
        self._emit = emit
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._encoder: Encoder | None = None
        self._broken: tuple[str, str] | None = None  # by what the encoder ends the recording, and why
        self._troubles: set[str] = set()
        self._latest: tuple[float, bytes] | None = None
        self._pictured = asyncio.Event()
        self._fresh_from = 0.0
        self._zero = 0.0
        self._shown = 0.0

    async def run(self) -> bool:
        """Record; tell whether that worked, or was stopped before it could."""
        studio: Studio | None = None
        last: list[dict[str, Any]]
        try:
            studio = Studio(self._job, self._on_picture)
            page = await self._prepare(studio)
            last = await self._record(studio, page)
        except _StopError:
            last = [{"event": "ended", "reason": "stop"}]
        except (_StartError, GotoError) as error:
            last = [{"event": "failed", "message": str(error)}]
        except Exception as error:  # noqa: BLE001 - the parent waits for a last event, whatever broke
            log(f"{type(error).__name__}: {error}")
            last = [{"event": "failed", "message": f"StartRecording error: {error}"}]
            if self._zero:
                last = [{"event": "ended", "reason": "error", "message": f"{type(error).__name__}: {error}"}]
        finally:
            if studio is not None:
                await studio.close()
        for event in last:
            self._emit(event)
        return bool(last[-1]["event"] == "ended")

    async def _prepare(self, studio: Studio) -> Page:
        """Bring the page to where its recording begins."""
        job = self._job
        page = await self._race(studio.open(), None)
        await self._race(page.goto(job.page_url, job.goto_timeout_s), page)
        if job.ready_timeout_s and not await self._race(page.ready(job.ready_timeout_s), page):
            await self._race(page.reload(), page)
            self._emit({"event": "refreshed", "message": "Page load timeout"})
            if not await self._race(page.ready(job.ready_timeout_s), page):
                raise _StartError("Page load timeout")
        # The pictures so far may still show the empty tab; a page that stands still may give no other.
        self._fresh_from = time.monotonic()
        self._pictured.clear()
        await self._race(studio.cast(page), page)
        if not await self._race(self._picture_within(_FRESH_PICTURE_S), page) and self._latest is None:
            await self._race(self._picture_within(_FIRST_PICTURE_S), page)
        if self._latest is None:
            raise _StartError("StartRecording error: the page gives no picture")
        return page

    async def _picture_within(self, wait_s: float) -> bool:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._pictured.wait(), wait_s)
        return self._pictured.is_set()

    async def _race(self, work: Coroutine[Any, Any, T], page: Page | None) -> T:
        """Wait for a step of the preparation, but no longer than anybody wants it."""
        step = self._loop.create_task(work)
        stop = self._loop.create_task(self._stop.wait())
        others = [stop] if page is None else [stop, self._loop.create_task(page.crashed.wait())]
        try:
            await asyncio.wait([step, *others], return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                return step.result()
            if self._stop.is_set():
                raise _StopError
            raise _StartError("StartRecording error: the page crashed")
        finally:
            for task in (step, *others):
                task.cancel()
            await asyncio.wait([step, *others], timeout=5)

    async def _record(self, studio: Studio, page: Page) -> list[dict[str, Any]]:
        """Record, finish the files, and return the last events."""
        self._zero = self._shown = time.monotonic()
        job = self._job
        start_ms = time.time_ns() // 1_000_000
        target = Target(job.work_dir, job.file_stem, job.format, job.picture, job.max_media_file_s, start_ms)
        relays = Relays(job.relays, self._on_relay, Patience(job.relay_retry_s, job.relay_give_up_s))
        encoder = self._encoder = Encoder(target, self._on_file, self._on_error, relays)
        encoder.picture(0.0, self._latest[1] if self._latest else None)
        studio.sound.begin(self._zero, studio.sound_delay_s, encoder.sound)
        self._emit({"event": "started", "ts_ms": start_ms} | ({"status": page.status} if page.status else {}))
        page.on_refresh = lambda: self._emit({"event": "refreshed", "message": "Page refresh"})
        reason = await self._until_end(encoder, page, studio)
        end_s = min(time.monotonic() - self._zero, job.max_duration_s)
        self._encoder = None
        # Sound leaves the browser a little after the picture: wait for what belongs to the last moment.
        await studio.sound.reach(end_s, 0.5)
        # Files before the browser: closing that may take seconds, and somebody may be about to kill us.
        finishing = self._loop.create_task(asyncio.to_thread(encoder.finish, end_s, job.finish_s))
        await asyncio.to_thread(encoder.encoded.wait, job.finish_s)
        # After a crash another recorder goes on with what this one relayed.
        await asyncio.to_thread(relays.close, silent=reason == "crash")
        if not await finishing:
            log("the files could not be finished in time")
        self._tell_trouble(studio.sound_trouble())
        if not studio.sound.heard:
            log("no sound came: the page was silent, or the browser has no ALSA")
        ended = {"event": "ended", "reason": reason}
        if self._broken is not None:  # perhaps only while the files were finished
            reason, why = self._broken
            ended = {"event": "ended", "reason": reason} | ({"message": why} if reason == "error" else {})
        return [{"event": "crashed", "message": CRASHED}, ended] if reason == "crash" else [ended]

    def _tell_trouble(self, message: str) -> None:
        """Tell what is wrong with the recording that goes on all the same, once."""
        if message and message not in self._troubles:
            self._troubles.add(message)
            log(message)
            self._emit({"event": "trouble", "message": message})

    async def _until_end(self, encoder: Encoder, page: Page, studio: Studio) -> str:
        """Watch over the recording; return what ends it: stop, limit, resolution, crash, disk or error."""
        next_report = self._zero + 1
        while True:
            now = time.monotonic()
            if self._broken is not None:
                return self._broken[0]
            if page.crashed.is_set():
                return "crash"
            if broken := studio.broken():  # nothing comes any more: rather a new recorder than a frozen film
                log(broken)
                return "crash"
            if self._stop.is_set():
                return "stop"
            if now - self._zero >= self._job.max_duration_s:
                return "limit"
            if page.too_large.is_set():
                return "resolution"
            if now - self._shown >= _REPEAT_S:
                self._shown = now
                encoder.picture(now - self._zero, None)
            if now >= next_report:
                next_report += 1
                self._emit({"event": "progress", "seconds": round(now - self._zero, 3), "frames": encoder.pictures})
                self._tell_trouble(studio.sound_trouble())
                if shutil.disk_usage(self._job.work_dir).free < _FREE_BYTES:
                    return "disk"
            wait_s = min(0.1, self._zero + self._job.max_duration_s - now)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stop.wait(), max(wait_s, 0.001))

    def _on_picture(self, moment: float, jpeg: bytes) -> None:
        self._latest = moment, jpeg
        if moment >= self._fresh_from:
            self._pictured.set()
        if self._encoder is not None and moment >= self._zero:
            self._shown = moment
            self._encoder.picture(moment - self._zero, jpeg)

    def _on_file(self, event: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._emit, event)

    def _on_relay(self, number: int, status: int, message: str) -> None:
        event = {"event": "relay", "number": number, "status": status, "message": message}
        self._loop.call_soon_threadsafe(self._emit, event)

    def _on_error(self, message: str, disk_full: bool) -> None:
        log(f"encoder: {message}")
        self._broken = self._broken or ("disk" if disk_full else "error", f"the film can't be written: {message}")
