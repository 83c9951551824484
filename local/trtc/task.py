"""One recording task: drives a recorder and translates its events into the documented callbacks."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from local.trtc import events
from local.trtc.events import Emitter, RecordedFile
from local.trtc.files import FileDelivery
from local.trtc.parameters import StartParameters
from local.trtc.ports import Event, PageRecorder, RecorderFactory, RecorderJob
from local.trtc.relays import RelayStory
from local.trtc.settings import TrtcSettings

__all__ = ["Task", "TaskProgress", "task_digest"]

log = logging.getLogger(__name__)


def task_digest(task_id: str) -> str:
    """Return a short name for a task that may be a path segment, which a TaskId may not."""
    return sha256(task_id.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class TaskProgress:
    """What the local tools show of a task: `state` is `recording`, `uploading` or `over`, `seconds` are of media.

    `troubles` are what is wrong, in words; `hopeless` says that no whole film comes of it without help.
    """

    task_id: str
    sdk_app_id: int
    record_id: str
    state: str
    seconds: float
    frames: int
    restarts: int
    troubles: tuple[str, ...] = ()
    hopeless: bool = False


class Task:
    """One task from the accepted StartWebRecord to its last file.

    Args:
        task_id: The TaskId of the reply.
        parameters: What was asked for.
        settings: Limits and waits.
        emitter: Sends this task's callbacks.
        recorders: Makes a recorder; called again after a crash.
        delivery: Takes the files.
        work_dir: Of this task alone; removed when everything is delivered, kept when something is not.
    """

    def __init__(
        self, task_id: str, parameters: StartParameters, settings: TrtcSettings, emitter: Emitter,
        recorders: RecorderFactory, delivery: FileDelivery, work_dir: Path,
    ) -> None:  # fmt: skip
        self.task_id = task_id
        self.parameters = parameters
        self.recording = True
        self._settings = settings
        self._emitter = emitter
        self._recorders = recorders
        self._delivery = delivery
        self._work_dir = work_dir
        self._relays = RelayStory([target.url for target in parameters.cdn], emitter)
        self._stop = asyncio.Event()
        self._recorder: PageRecorder | None = None
        self._struck: PageRecorder | None = None  # whose browser died on purpose
        self._started_at: float | None = None
        self._crashes = 0
        self._gave_up = False
        self._trouble = ""  # of what is recorded all the same
        self._seconds_before = 0.0  # of recorders that crashed
        self._frames_before = 0
        self._seconds = 0.0
        self._frames = 0

    @property
    def progress(self) -> TaskProgress:
        """Return how far the task is."""
        return TaskProgress(
            self.task_id, self.parameters.sdk_app_id, self.parameters.record_id,
            "recording" if self.recording else "uploading",
            self._seconds_before + self._seconds, self._frames_before + self._frames, self._crashes,
            tuple(self._emitter.troubles), self._emitter.hopeless,
        )  # fmt: skip

    def stop(self) -> None:
        """Ask for the end; at once the task no longer exists for the API."""
        self.recording = False
        self._stop.set()
        if self._recorder is not None:
            self._recorder.stop()

    def hurry(self) -> None:
        """Stop, and wait for no file that is late."""
        self.stop()
        self._delivery.hurry()

    async def run(self) -> None:
        """Record, deliver, clean up; never raises but for cancellation."""
        try:
            try:
                await self._wait_for_start()
                while await self._record():
                    self._seconds_before += self._seconds
                    self._frames_before += self._frames
                    self._seconds, self._frames = 0.0, 0
            except Exception:
                log.exception("task %s failed", task_digest(self.task_id))
                if self._started_at is None:
                    self._emitter.recorder(events.RECORDER_START, 2, "StartRecording error")
                elif not self._gave_up:
                    self._give_up("Chrome exception, exit task")
            self.recording = False
            self._relays.end()
            if await self._delivery.finish():
                await asyncio.to_thread(shutil.rmtree, self._work_dir, ignore_errors=True)
        except Exception:
            log.exception("files of task %s stay in %s", task_digest(self.task_id), self._work_dir)
        finally:
            self.recording = False

    async def _wait_for_start(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), self._settings.start_delay_s)
        except asyncio.TimeoutError:
            return

    async def _record(self) -> bool:
        """Run one recorder to its end; say whether another one is to go on."""
        remaining_s = float(self.parameters.max_duration_s)
        if self._started_at is not None:
            remaining_s -= time.monotonic() - self._started_at
            if remaining_s <= 0:
                return self._ended("limit")
        self._recorder = recorder = self._recorders(self._job(remaining_s))
        if self._stop.is_set():
            recorder.stop()
        crashes = self._crashes
        last: Event = {"event": "failed"}  # of a recorder that breaks its own protocol
        async with aclosing(recorder.events()) as stream:
            async for event in stream:
                if event["event"] in {"failed", "ended"}:
                    last = event
                else:
                    self._handle(event)
        if last["event"] == "failed":
            return self._failed(str(last.get("message", "StartRecording error")))
        if last["reason"] == "error":  # of the recorder, not of Chrome: another one would meet the same
            self._give_up(f"Recorder error, exit task: {last.get('message', 'unknown')}", hopeless=True)
        if last["reason"] == "crash" and self._crashes == crashes:
            self._crashed()
        return self._ended(str(last["reason"]))

    def _job(self, remaining_s: float) -> RecorderJob:
        p = self.parameters
        stem = f"web_{p.sdk_app_id}_{task_digest(self.task_id)}"
        return RecorderJob(
            page_url=p.page_url, width=p.width, height=p.height, format=p.format, work_dir=self._work_dir,
            max_duration_s=remaining_s, max_media_file_s=p.max_media_file_s,
            ready_timeout_s=p.ready_timeout_s, goto_timeout_s=self._settings.goto_timeout_s, mobile=p.mobile,
            # A recorder numbers its files `_1`, `_2` …; those of a restart have a stem of their own.
            file_stem=f"{stem}_r{self._crashes}" if self._crashes else stem,
            relays=self._relays.wanted, relay_retry_s=self._settings.relay_retry_s,
            relay_give_up_s=self._settings.relay_give_up_s, finish_s=self._settings.finish_timeout_s,
            fps=self._settings.fps,
        )  # fmt: skip

    def _handle(self, event: Event) -> None:
        kind = event["event"]
        if kind == "started" and self._started_at is None:
            self._started_at = time.monotonic()
            status = int(event.get("status", 200))
            answered = f" (the page answered {status})" if status >= 400 else ""
            self._emitter.recorder(events.RECORDER_START, 1, "Success" + answered)
        elif kind == "progress":
            self._seconds, self._frames = float(event["seconds"]), int(event["frames"])
            self._delivery.goes_on()
            self._strike()
        elif kind == "refreshed":
            self._emitter.recorder(events.RECORDER_UPDATE, 1, str(event["message"]))
        elif kind == "trouble":
            self._trouble = str(event["message"])
            self._emitter.complain(self._trouble)
        elif kind == "crashed":
            self._crashed()
        elif kind == "relay":
            self._relays.report(int(event["number"]), int(event["status"]), str(event["message"]))
        elif kind == "file":
            # Only a name within the work dir: the recorder is another program.
            name = Path(str(event["name"])).name
            self._delivery.add(RecordedFile(name, str(event["kind"]), int(event["start_ms"]), int(event["end_ms"])))

    def _strike(self) -> None:
        if self._recorder is not self._struck and self._settings.faults.browser(self.task_id, self._seconds):
            self._struck = self._recorder
            if self._recorder is not None:
                self._recorder.crash()

    def _crashed(self) -> None:
        self._crashes += 1
        if self._crashes <= self._settings.max_restarts and not self._stop.is_set():
            self._emitter.recorder(events.RECORDER_START, 3, "Chrome exception, restart")
            self._relays.interrupt("the recorder is started again")
        elif not self._stop.is_set() and not self._gave_up:
            self._give_up("Chrome exception, exit task")

    def _give_up(self, message: str, *, hopeless: bool = False) -> None:
        if self._gave_up:
            return
        self._gave_up = True
        self.recording = False
        self._emitter.complain(f"the recorder gave up: {message}", hopeless=hopeless)
        self._emitter.recorder(events.RECORDER_START, 5, message)
        if self._recorder is not None:
            self._recorder.stop()

    def _failed(self, message: str) -> bool:
        if self._started_at is None:
            if self._stop.is_set():
                return self._ended("stop")
            self._emitter.complain(f"the page could not be recorded: {message}")
            self._emitter.recorder(events.RECORDER_START, 2, message)
            return False
        self._crashed()  # a restart that did not succeed
        return self._ended("crash")

    def _ended(self, reason: str) -> bool:
        if reason == "crash" and not self._gave_up and not self._stop.is_set():
            return True
        if reason == "disk" and not self._gave_up:
            self._give_up("Disk full, exit task", hopeless=True)
        if self._gave_up:
            return False
        if reason == "limit":
            self._emitter.recorder(events.RECORDER_LIMIT, 1, "Over time limit")
        elif reason == "resolution":
            self._emitter.recorder(events.RECORDER_LIMIT, 2, "Over resolution limit")
        self._emitter.recorder(events.RECORDER_STOP, 1, "Success" + (f" ({self._trouble})" if self._trouble else ""))
        return False
