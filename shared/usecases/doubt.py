"""Ask TRTC about what a callback alone tells: it proves that the sender has the key, not that its word is true."""

from __future__ import annotations

from shared.domain import facts
from shared.domain.document import Recording
from shared.domain.doubt import ENDING_MS
from shared.domain.errors import RecorderBusy, RecorderError, TaskNotFound
from shared.domain.facts import Fact
from shared.domain.uploads import word_ms
from shared.store import journal, writer
from shared.store.journal import Known
from shared.usecases.ports import Ports
from shared.usecases.tasks import find

RECORDS = 1
"""DescribeWebRecord's only documented Status."""
PATIENCE_MS = 300_000
"""Where TRTC can't say until so long after a failure was told, the signed callback counts."""


def records(task_id: str, ports: Ports, told_ms: int = 0) -> bool:
    """Tell whether TRTC says that a task records, whose end was told then. RecorderError: it can't say, or not yet."""
    try:
        described = ports.recorder.describe_task(task_id)
    except TaskNotFound:
        return False
    if described.status == RECORDS and ports.clock() < told_ms + ENDING_MS:
        raise RecorderBusy("StillEnding", "TRTC may not have ended the task yet", described.request_id, answered=True)
    return described.status == RECORDS


def confirm(task_id: str, told_ms: int, ports: Ports) -> Fact | None:
    """Return what TRTC says of a task whose end was told; None where it can't say."""
    try:
        found = facts.runs if records(task_id, ports, told_ms) else facts.over
    except RecorderError:
        return None
    return found(ports.clock(), task_id)


def recheck(known: Known, number: int, ports: Ports) -> tuple[Known, Recording]:
    """Store and return the task of an attempt: see `find`; of one that is told to have failed, that it records."""
    attempt = known.evidence.attempts.get(str(number))  # none where its facts can't be read
    task = known.evidence.tasks.get((attempt and attempt.task_key) or "")
    told_ms = word_ms(task) if task else None
    if task is None or task.task_id is None or told_ms is None:
        return find(known, number, ports)
    try:
        if not records(task.task_id, ports, told_ms):
            raise TaskNotFound("FailedOperation.TaskNotExist", "it failed, as it was told", None)
    except RecorderError as error:
        if isinstance(error, RecorderBusy) and ports.clock() < told_ms + PATIENCE_MS:
            raise
        raise TaskNotFound(error.code, error.message, error.request_id) from error
    return writer.save(
        ports.store, journal.record(ports.store, known, facts.runs(ports.clock(), task.task_id)), ports.clock()
    )
