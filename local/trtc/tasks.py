"""The table of tasks: what StartWebRecord, DescribeWebRecord and StopWebRecord do, and their limits."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.api3.errors import ApiError
from local.trtc.events import Emitter
from local.trtc.files import CosFolder, FileDelivery, Mp4Delivery
from local.trtc.hls import HlsDelivery
from local.trtc.parameters import StartParameters, VodTarget
from local.trtc.ports import RecorderFactory, Sender, Uploader
from local.trtc.settings import TrtcSettings
from local.trtc.task import Task, TaskProgress, task_digest
from local.trtc.vod import VodDelivery

__all__ = ["TaskTable", "new_task_id"]

log = logging.getLogger(__name__)

_OVER = 100


def new_task_id() -> str:
    """Make a TaskId of 90 characters that holds each of the documented `+ - . = * /`.

    Every one holds them all, so that a caller who cannot cope fails with the first. No `.` lies beside a `/`
    and none at either end: URL normalisation would change the key.
    """
    letters = base64.b64encode(secrets.token_bytes(63)).decode().replace("+", "x").replace("/", "y")
    parts = [letters[index : index + 12] for index in range(0, 84, 12)]
    return parts[0] + "".join(mark + part for mark, part in zip("+-.=*/", parts[1:], strict=True))


class TaskTable:
    """All tasks of the local service. Lives in one event loop; nothing survives the process.

    Args:
        settings: Read at every call, so it may be changed at run time.
        sender: Takes the callbacks.
        recorder_factory: Makes a recorder for a job.
        uploader: Puts files into the callers' buckets.
        state_dir: Holds `work/` and `vod/`. No new task can have the name of an earlier process's folder.
    """

    def __init__(
        self,
        settings: TrtcSettings,
        sender: Sender,
        recorder_factory: RecorderFactory,
        uploader: Uploader,
        state_dir: Path,
    ) -> None:
        self.settings = settings
        state_dir = state_dir.resolve()
        self.vod_dir = state_dir / "vod"
        self._sender = sender
        self._recorders = recorder_factory
        self._uploader = uploader
        self._work = state_dir / "work"
        self._tasks: dict[str, Task] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._record_ids: dict[tuple[int, str], tuple[str, float | None]] = {}  # -> task id, end of its task
        self._over: deque[TaskProgress] = deque(maxlen=_OVER)
        self._closing = False
        self._hurry = asyncio.Event()
        for folder in (self._work, self.vod_dir):  # both are served or looked through before anything is in them
            folder.mkdir(parents=True, exist_ok=True)

    def start(self, parameters: StartParameters) -> str:
        """Start a task and return its TaskId.

        Raises:
            ApiError: `FailedOperation.TaskExist`, `.NotAbility`, `.NotAllowed`, or
                `ResourceInsufficient.RequestRejection`.
        """
        app = parameters.sdk_app_id
        if app in self.settings.without_ability:
            raise ApiError("FailedOperation.NotAbility", "The ability of web recording is not unlocked.")
        if app in self.settings.not_allowed:
            raise ApiError("FailedOperation.NotAllowed", "This operation is not allowed.")
        if parameters.record_id and self._known(app, parameters.record_id):
            raise ApiError("FailedOperation.TaskExist", "task already exist")
        recording = sum(task.recording and task.parameters.sdk_app_id == app for task in self._tasks.values())
        if self._closing or recording >= self.settings.max_concurrent:
            raise ApiError("ResourceInsufficient.RequestRejection", "Too many recordings at once.")
        task_id = new_task_id()
        self._tasks[task_id] = task = self._make(task_id, parameters)
        if parameters.record_id:
            self._record_ids[app, parameters.record_id] = (task_id, None)
        self._running[task_id] = asyncio.create_task(self._run(task))
        return task_id

    def describe(self, task_id: str) -> Task:
        """Find a recording by TaskId.

        Raises:
            ApiError: `FailedOperation.TaskNotExist`: ended, or never started.
        """
        task = self._tasks.get(task_id)
        if task is None or not task.recording:
            raise ApiError.no_task()
        return task

    def describe_record(self, sdk_app_id: int, record_id: str) -> Task:
        """Find a recording by SdkAppId and RecordId.

        Raises:
            ApiError: `FailedOperation.TaskNotExist`.
        """
        return self.describe(self._record_ids.get((sdk_app_id, record_id), ("", None))[0])

    def stop(self, task_id: str) -> None:
        """Stop a recording; its uploads go on.

        Raises:
            ApiError: `FailedOperation.TaskNotExist`.
        """
        self.describe(task_id).stop()

    def list(self) -> list[TaskProgress]:
        """List the tasks that record or upload, oldest first."""
        return [task.progress for task in self._tasks.values()]

    def shown(self) -> Sequence[TaskProgress]:
        """List the last tasks that are over, then those that record or upload."""
        return [*self._over, *self.list()]

    async def aclose(self) -> None:
        """Stop every recording, wait for uploads and callbacks, at most `settings.finish_timeout_s`.

        What could not be uploaded is tried once more, and then stays where it is.
        """
        self._closing = True
        deadline = time.monotonic() + self.settings.finish_timeout_s
        for task in self._tasks.values():
            task.hurry()
        hurry = asyncio.create_task(self._hurry.wait())
        await self._ended(hurry, deadline)
        late = list(self._running.values())
        for job in late:
            job.cancel()
        if late:
            log.warning("%d tasks did not end in time", len(late))
            await asyncio.gather(*late, return_exceptions=True)
        drained = asyncio.create_task(self._sender.drain(max(0.0, deadline - time.monotonic())))
        await asyncio.wait([hurry, drained], return_when=asyncio.FIRST_COMPLETED)
        for waiting in (hurry, drained):
            waiting.cancel()
        await asyncio.gather(hurry, drained, return_exceptions=True)

    def hurry(self) -> None:
        """While it closes: wait for nothing more."""
        self._hurry.set()

    async def _ended(self, hurry: asyncio.Task[bool], deadline: float) -> None:
        """Wait for the end of every task, or of our patience."""
        while self._running and not hurry.done() and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait([hurry, *self._running.values()], timeout=left, return_when=asyncio.FIRST_COMPLETED)

    def _known(self, app: int, record_id: str) -> bool:
        forget = time.monotonic() - self.settings.record_id_memory_s
        for key, (_, ended) in list(self._record_ids.items()):
            if ended is not None and ended < forget:
                del self._record_ids[key]
        return (app, record_id) in self._record_ids

    async def _run(self, task: Task) -> None:
        try:
            await task.run()
        finally:
            self._over.append(replace(task.progress, state="over"))
            del self._tasks[task.task_id]
            del self._running[task.task_id]
            if task.parameters.record_id:
                self._record_ids[task.parameters.sdk_app_id, task.parameters.record_id] = (
                    task.task_id,
                    time.monotonic(),
                )

    def _make(self, task_id: str, parameters: StartParameters) -> Task:
        work_dir = self._work / task_digest(task_id)
        work_dir.mkdir()
        emitter = Emitter(self._sender, parameters.sdk_app_id, task_id)
        delivery: FileDelivery
        if isinstance(parameters.storage, VodTarget):
            delivery = VodDelivery(parameters.storage, self.vod_dir, work_dir, emitter, self.settings)
        else:
            folder = CosFolder(self._uploader, parameters.storage, task_id, self.settings)
            if parameters.format == "hls":
                delivery = HlsDelivery(folder, work_dir, emitter, self.settings)
            else:
                delivery = Mp4Delivery(folder, work_dir, emitter)
        return Task(task_id, parameters, self.settings, emitter, self._recorders, delivery, work_dir)
