"""Recording: the state of a recording, decided from its evidence. Pure; `fold` and this are all there is.

    scheduled → queued → starting → recording ⇄ paused → stopping → uploading → completed | failed | lost

A late file may still turn `failed` or `lost` into `completed`; no fact about a task turns `completed` back.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain.evidence import Attempt, Evidence, File, Task
from shared.domain.request import RecordingRequest

GAP_TOLERANCE_MS = 2_000
"""Files of one recording closer than this are continuous."""


class State(str, Enum):
    """Where a recording stands."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    STARTING = "starting"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPING = "stopping"
    UPLOADING = "uploading"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether nothing more is expected."""
        return self in (State.COMPLETED, State.FAILED, State.LOST)


class Place(BaseModel):
    """Where TRTC puts the files in COS: `<prefix joined by />/<TaskId>/<file>`."""

    model_config = ConfigDict(frozen=True)

    bucket: str
    region: str
    prefix: list[str]


class Accepted(BaseModel):
    """The accepted request as `request.json` holds it: no secrets, written once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recording_id: str
    created_ms: int
    source: str
    """Who asked: `http:<token name>` or `cos:<bucket>/<key>`."""
    sdk_app_id: int
    place: Place | None = None
    """None for VOD."""
    request: dict[str, Any]
    """The request in the API's spelling, without storage keys."""

    def parsed(self) -> RecordingRequest:
        """Return the request; its storage keys, if it ever had any, are gone."""
        return RecordingRequest.model_validate(self.request, context={"stored": True})


class RecordedFile(BaseModel):
    """A file of the recording. Times are epoch ms, `size` bytes; `key` is the object's key in the bucket."""

    name: str
    task_id: str | None = None
    bucket: str | None = None
    region: str | None = None
    key: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    duration_ms: int | None = None
    size: int | None = None
    file_id: str | None = None
    url: str | None = None


class Gap(BaseModel):
    """A stretch between two files in which nothing was recorded, epoch ms."""

    start_ms: int
    end_ms: int


class Recording(BaseModel):
    """The document people and programs read: `recording.json` and the API's replies."""

    recording_id: str
    state: State
    reason: str | None = None
    page_url: str
    storage: str
    format: str
    created_ms: int
    started_ms: int | None = None
    ended_ms: int | None = None
    duration_ms: int | None = None
    task_id: str | None = None
    files: list[RecordedFile] = []
    gaps: list[Gap] = []
    source: str
    evidence: Evidence


def decide(accepted: Accepted, evidence: Evidence) -> Recording:
    """Return the recording that the evidence makes."""
    request = accepted.parsed()
    state, reason = state_of(evidence)
    files = sorted(_recorded_files(evidence, accepted), key=lambda file: (file.start_ms or 0, file.name))
    begun = [task.began_ms for task in evidence.tasks.values() if task.began_ms]
    ended = [task.ended_ms for task in evidence.tasks.values() if task.ended_ms]
    last = last_attempt(evidence)
    return Recording(
        recording_id=accepted.recording_id,
        state=state,
        reason=reason,
        page_url=request.record_url,
        storage=request.target,
        format=request.file_format,
        created_ms=accepted.created_ms,
        started_ms=min(begun, default=None),
        ended_ms=max(ended, default=None),
        duration_ms=sum(file.duration_ms or 0 for file in files) or None,
        task_id=last[1].task_id if last else None,
        files=files,
        gaps=_gaps(files),
        source=accepted.source,
        evidence=evidence,
    )


def last_attempt(evidence: Evidence) -> tuple[int, Attempt] | None:
    """Return the number and evidence of the newest attempt."""
    numbered = [(int(name), attempt) for name, attempt in evidence.attempts.items()]
    return max(numbered, key=lambda pair: pair[0], default=None)


def state_of(evidence: Evidence) -> tuple[State, str | None]:
    """Return the state and, where it is not plain, the reason in words."""
    last = last_attempt(evidence)
    if last is None:
        state, reason = State.QUEUED, None
    elif last[1].task_key:
        state, reason = _task_state(evidence.tasks[last[1].task_key], stopping=evidence.stop is not None)
    elif last[1].refused:
        _, code, message = last[1].refused
        state, reason = (State.FAILED if last[1].final else State.QUEUED), f"{code}: {message}"
    elif last[1].unanswered:
        state, reason = State.QUEUED, last[1].unanswered[1]
    else:
        state, reason = State.STARTING, None
    if state in (State.QUEUED, State.STARTING, State.SCHEDULED) and evidence.gave_up:
        given_up_ms, why = evidence.gave_up
        # An attempt made after we gave up (the caller came back) is a new start.
        if last is None or given_up_ms >= (last[1].at_ms or 0):
            state, reason = State.FAILED, why
    if state in (State.FAILED, State.LOST) and any(_uploaded(task) for task in evidence.tasks.values()):
        return State.COMPLETED, f"only part was recorded: {reason}"
    return state, reason


def _task_state(task: Task, *, stopping: bool) -> tuple[State, str | None]:
    end = _end_ms(task)
    if _uploaded(task):
        return State.COMPLETED, _early_end(task)
    if task.broken and not (task.held and task.held > task.broken) and end is not None:
        return State.FAILED, f"upload failed: {task.broken[1]}"
    if task.settled_ms is not None:
        if task.terminated:
            return State.FAILED, f"the recorder gave up: {task.terminated[1]}"
        return State.LOST, "the task is gone and no file came"
    if end is not None:
        return State.UPLOADING, task.held[1] or None if task.held else _early_end(task)
    # A failed start is only the end of a task that never began: 801 status 1 after it is a later try's.
    if task.not_started and not task.began_ms:
        return State.FAILED, f"the page could not be recorded: {task.not_started[1]}"
    if stopping:
        return State.STOPPING, None
    if task.paused and task.paused[1]:
        return State.PAUSED, None
    return (State.RECORDING if task.began_ms else State.STARTING), None


def _end_ms(task: Task) -> int | None:
    ends = [task.ended_ms, task.closed_ms, task.gone_ms, task.terminated[0] if task.terminated else None]
    return min((end for end in ends if end is not None), default=None)


def _uploaded(task: Task) -> bool:
    if task.settled_ms is not None and task.files:
        return True
    if task.closed_ms is not None and task.covered_ms is not None:
        return True
    ends = [task.ended_ms, task.terminated[0] if task.terminated else None]
    end = min((end for end in ends if end is not None), default=None)
    return end is not None and task.covered_ms is not None and task.covered_ms >= end


def _early_end(task: Task) -> str | None:
    if task.over_limit:
        return f"ended at a limit: {task.over_limit[1]}"
    return f"the recorder gave up early: {task.terminated[1]}" if task.terminated else None


def _recorded_files(evidence: Evidence, accepted: Accepted) -> list[RecordedFile]:
    return [
        _recorded_file(name, file, task, accepted.place)
        for task in evidence.tasks.values()
        for name, file in task.files.items()
    ]


def _recorded_file(name: str, file: File, task: Task, place: Place | None) -> RecordedFile:
    known = file.start_ms is not None and file.end_ms is not None
    where = {}
    if place and task.task_id:
        key = "/".join([*place.prefix, task.task_id, name])
        where = {"bucket": place.bucket, "region": place.region, "key": key}
    return RecordedFile(
        name=name,
        task_id=task.task_id,
        start_ms=file.start_ms,
        end_ms=file.end_ms,
        duration_ms=(file.end_ms or 0) - (file.start_ms or 0) if known else None,
        size=file.size,
        file_id=file.file_id,
        url=file.url,
        **where,
    )


def _gaps(files: list[RecordedFile]) -> list[Gap]:
    timed = [(file.start_ms, file.end_ms) for file in files if file.start_ms and file.end_ms]
    gaps, reached = [], None
    for start, end in timed:
        if reached is not None and start - reached > GAP_TOLERANCE_MS:
            gaps.append(Gap(start_ms=reached, end_ms=start))
        reached = end if reached is None else max(reached, end)
    return gaps
