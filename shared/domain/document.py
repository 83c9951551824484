"""Recording: the document that people and programs read, decided from a recording's evidence. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.domain import parts
from shared.domain.accepted import Accepted
from shared.domain.attempts import last_task
from shared.domain.evidence import Evidence, File, Task
from shared.domain.film.recording import Gap, RecordingFinding, said_of
from shared.domain.film.verdict import Verdict
from shared.domain.ids import task_id_of
from shared.domain.once import once
from shared.domain.outbox import Message, owed
from shared.domain.reasons import Code
from shared.domain.states import State, state_of
from shared.domain.trace import trace_id
from shared.domain.uploads import crashed, told_end_ms

GAP_TOLERANCE_MS = 2_000
"""Files of one recording closer than this are continuous."""
EDGE_TOLERANCE_MS = 10_000
"""The first file begins, and the last one ends, this close to the recording's beginning and end: clocks differ."""


class RecordedFile(BaseModel):
    """A file of the recording. Times are epoch ms, `size` bytes; `key` is the object's key in the bucket."""

    model_config = ConfigDict(defer_build=True)

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
    url_expires_ms: int | None = None
    playlist_url: str | None = None
    ours: bool = Field(default=False, exclude=True)
    """Whether we put it where it is; what a caller's own keys put somewhere is not ours to sign, even in our bucket."""


class Overview(BaseModel):
    """A recording as a list shows it. Times are epoch ms."""

    model_config = ConfigDict(defer_build=True)

    recording_id: str
    state: State
    reason_code: Code | None = None
    reason: str | None = None
    page_url: str
    storage: str
    format: str
    labels: dict[str, str] = Field(default_factory=dict)
    created_ms: int
    start_at_ms: int | None = None
    stop_at_ms: int | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    duration_ms: int | None = None
    task_id: str | None = None
    files: list[RecordedFile] = Field(default_factory=list)
    gaps: list[Gap] = Field(default_factory=list)
    film: Verdict | None = None
    film_reason: str | None = None
    film_findings: list[RecordingFinding] | None = None
    attempts: int = 0
    source: str
    trace_id: str | None = None


class Recording(Overview):
    """The document people and programs read: `recording.json`, with the evidence it was decided from."""

    notifications: list[Message] = Field(default_factory=list)
    evidence: Evidence


@once
def decide(accepted: Accepted, evidence: Evidence) -> Recording:
    """Return the recording that the evidence makes."""
    state, reason = state_of(accepted, evidence)
    files = sorted(
        _recorded_files(evidence, accepted, final=state.final), key=lambda file: (file.start_ms or 0, file.name)
    )
    begun = [task.began_ms for task in evidence.tasks.values() if task.began_ms]
    ended = [told for task in evidence.tasks.values() if (told := told_end_ms(task))]
    task, gaps = last_task(evidence), _gaps(files)
    if state is State.COMPLETED and all(file.start_ms and file.end_ms for file in files):
        over = [gave_up[0] for task in evidence.tasks.values() if (gave_up := crashed(task))]
        gaps = _with_edges(gaps, files, min(begun, default=None), max([*ended, *over], default=None))
    film = said_of(accepted, evidence, gaps, final=state.final)
    return Recording(
        recording_id=accepted.recording_id,
        state=state,
        reason_code=reason.code if reason else None,
        reason=reason.words if reason else None,
        page_url=accepted.page_url,
        storage=accepted.target,
        format=accepted.format,
        labels=accepted.labels,
        created_ms=accepted.created_ms,
        start_at_ms=accepted.start_at_ms,
        stop_at_ms=accepted.stop_at_ms,
        started_ms=min(begun, default=None),
        ended_ms=max(ended, default=None),
        duration_ms=_recorded_ms(files) or None,
        task_id=task.task_id if task else None,
        files=files,
        gaps=gaps,
        film=film.verdict,
        film_reason=film.reason,
        film_findings=list(film.findings) or None,
        attempts=len(evidence.attempts),
        source=accepted.source,
        trace_id=trace_id(accepted.traceparent),
        notifications=owed(accepted, evidence),
        evidence=evidence,
    )


def _recorded_files(evidence: Evidence, accepted: Accepted, *, final: bool) -> list[RecordedFile]:
    """Return the files that are there; before the end also those that are named and may be on their way."""
    return [
        # Of a start that died before it stored its task nobody says the TaskId but the callbacks' own key.
        _recorded_file(name, task.files[name], task.task_id or task_id_of(task_key), accepted)
        for task_key, task in evidence.tasks.items()
        for name in (parts.films(task) if final else _expected(task))
    ]


def _expected(task: Task) -> list[str]:
    failed = parts.failed(task) or []
    return [name for name in parts.named(task) if name not in failed]


def _recorded_file(name: str, file: File, task_id: str | None, accepted: Accepted) -> RecordedFile:
    known, place = file.start_ms is not None and file.end_ms is not None, accepted.place
    where: dict[str, Any] = {}
    if place and task_id:
        key = "/".join([*place.prefix, task_id, name])
        where = {"bucket": place.bucket, "region": place.region, "key": key, "ours": not accepted.caller_keys}
    return RecordedFile(
        name=name,
        task_id=task_id,
        start_ms=file.start_ms,
        end_ms=file.end_ms,
        duration_ms=max(0, (file.end_ms or 0) - (file.start_ms or 0)) if known else None,
        size=file.size,
        file_id=file.file_id,
        url=file.url,
        **where,
    )


def _recorded_ms(files: list[RecordedFile]) -> int:
    """Return how much time the files hold; what two of them hold (HLS and MP4 of the same) counts once."""
    total = reached = 0
    for file in files:
        if file.start_ms is not None and file.end_ms is not None:
            total += max(0, file.end_ms - max(file.start_ms, reached))
            reached = max(reached, file.end_ms)
    return total


def _gaps(files: list[RecordedFile]) -> list[Gap]:
    timed = [(file.start_ms, file.end_ms) for file in files if file.start_ms and file.end_ms]
    gaps, reached = [], None
    for start, end in timed:
        if reached is not None and start - reached > GAP_TOLERANCE_MS:
            gaps.append(Gap(start_ms=reached, end_ms=start))
        reached = end if reached is None else max(reached, end)
    return gaps


def _with_edges(gaps: list[Gap], files: list[RecordedFile], start_ms: int | None, end_ms: int | None) -> list[Gap]:
    """Return the gaps with what is missing before the first file and behind the last one."""
    first = min((file.start_ms or 0 for file in files), default=0)
    last = max((file.end_ms or 0 for file in files), default=0)
    if start_ms is not None and first - start_ms > EDGE_TOLERANCE_MS:
        gaps = [Gap(start_ms=start_ms, end_ms=first), *gaps]
    if end_ms is not None and end_ms - last > EDGE_TOLERANCE_MS:
        gaps = [*gaps, Gap(start_ms=last, end_ms=end_ms)]
    return gaps
