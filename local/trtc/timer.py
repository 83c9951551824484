"""A recorder replaced by a timer: the same events and small files, for load and callback tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from local.trtc.parameters import Format
from local.trtc.ports import Event, RecorderJob

__all__ = ["TimerRecorder", "TimerRecorders", "TimerScript"]

_KINDS: dict[Format, tuple[str, ...]] = {"mp4": ("mp4",), "hls": ("ts",), "hls+mp4": ("ts", "mp4")}


@dataclass
class TimerScript:
    """What the timer recorders do; times in seconds. May be changed while they run: the next one follows it.

    Nothing is pushed to relays: all are said to run from the start to the end.

    Attributes:
        tick_s: Between two progress events.
        start_s: Before `started`.
        file_every_s: Length of a file; `None` makes one file (mp4) or a slice per tick (hls).
        limit_s: Ends with `limit` after this time; `None` is the job's max_duration_s.
        fail: Message of `failed`, instead of recording.
        refresh: Message of one `refreshed` after the start.
        crashes: How many of the next recorders crash after `crash_after_s`.
        disk_after_s: Ends with `disk` after this time.
    """

    tick_s: float = 1.0
    start_s: float = 0.0
    file_every_s: float | None = None
    limit_s: float | None = None
    fail: str | None = None
    refresh: str | None = None
    crashes: int = 0
    crash_after_s: float = 0.0
    disk_after_s: float | None = None


class TimerRecorders:
    """A `RecorderFactory` of timer recorders with one script."""

    def __init__(self, script: TimerScript | None = None) -> None:
        self.script = script or TimerScript()

    def __call__(self, job: RecorderJob) -> TimerRecorder:
        """Make one recorder."""
        crash = self.script.crashes > 0
        self.script.crashes -= crash
        return TimerRecorder(job, self.script, crash=crash)


class TimerRecorder:
    """Pretends to record one page."""

    def __init__(self, job: RecorderJob, script: TimerScript, *, crash: bool = False) -> None:
        self._job = job
        self._script = script
        self._crash = crash
        self._struck = False
        self._stop = asyncio.Event()
        self._files = 0
        self._playlist = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            "#EXT-X-TARGETDURATION:10",
            "#EXT-X-PLAYLIST-TYPE:EVENT",
        ]

    def stop(self) -> None:
        """Ask for the end; see `PageRecorder.stop`."""
        self._stop.set()

    def crash(self) -> None:
        """Crash at the next tick; see `PageRecorder.crash`."""
        self._crash = self._struck = True

    async def events(self) -> AsyncGenerator[Event, None]:
        """Report by the clock; see `PageRecorder.events`."""
        script = self._script
        await self._sleep(script.start_s)
        if script.fail is not None:
            yield {"event": "failed", "message": script.fail}
            return
        begin, first_ms = time.monotonic(), time.time_ns() // 1_000_000
        begins = dict.fromkeys(_KINDS[self._job.format], first_ms)
        yield {"event": "started", "ts_ms": first_ms}
        for status in (1, 2):
            for event in self._relayed(status):
                yield event
        if script.refresh is not None:
            yield {"event": "refreshed", "message": script.refresh}
        reason = ""
        while not reason:
            await self._sleep(script.tick_s)
            seconds, now_ms = time.monotonic() - begin, time.time_ns() // 1_000_000
            reason = self._end(seconds)
            if reason == "crash":
                yield {"event": "crashed", "message": "crashed by its script"}
            for kind, file_ms in begins.items():
                if reason or now_ms - file_ms >= self._file_length(kind) * 1000:
                    yield self._file(kind, file_ms, now_ms)
                    begins[kind] = now_ms
            if not reason:
                yield {"event": "progress", "seconds": seconds, "frames": int(seconds * 25)}
        if "ts" in begins:
            self._write_playlist(end=True)
            name = f"{self._job.file_stem}.m3u8"
            yield {"event": "file", "name": name, "kind": "m3u8", "start_ms": first_ms, "end_ms": begins["ts"]}
        if reason != "crash":
            for status in (5, 0):
                for event in self._relayed(status):
                    yield event
        yield {"event": "ended", "reason": reason}

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except asyncio.TimeoutError:
            return

    def _end(self, seconds: float) -> str:
        script = self._script
        if self._stop.is_set():
            return "stop"
        if self._crash and (self._struck or seconds >= script.crash_after_s):
            return "crash"
        if script.disk_after_s is not None and seconds >= script.disk_after_s:
            return "disk"
        limit_s = self._job.max_duration_s if script.limit_s is None else script.limit_s
        return "limit" if seconds >= limit_s else ""

    def _relayed(self, status: int) -> list[Event]:
        """Say the same of every address: nothing is pushed."""
        return [{"event": "relay", "number": n, "status": status, "message": ""} for n in self._job.relays]

    def _file_length(self, kind: str) -> float:
        if self._script.file_every_s is not None:
            return self._script.file_every_s
        return 0.0 if kind == "ts" else self._job.max_media_file_s

    def _file(self, kind: str, start_ms: int, end_ms: int) -> Event:
        name = f"{self._job.file_stem}_{self._files:05d}.{kind}"
        self._files += 1
        (self._job.work_dir / name).write_bytes(f"{kind} {start_ms} {end_ms}\n".encode())
        if kind == "ts":
            self._playlist += [f"#EXTINF:{(end_ms - start_ms) / 1000:.3f},", name]
            self._write_playlist(end=False)
        return {"event": "file", "name": name, "kind": kind, "start_ms": start_ms, "end_ms": end_ms}

    def _write_playlist(self, *, end: bool) -> None:
        lines = [*self._playlist, "#EXT-X-ENDLIST"] if end else self._playlist
        (self._job.work_dir / f"{self._job.file_stem}.m3u8").write_text("\n".join(lines) + "\n")
