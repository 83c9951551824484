"""Find the task of an attempt whose outcome we never learned: by its RecordId, or by the files it left."""

from __future__ import annotations

from collections.abc import Callable

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.errors import TaskNotFound
from shared.domain.evidence import Evidence
from shared.domain.states import last_attempt
from shared.ports import ObjectStore
from shared.usecases.start import Ports, adopt, find


def recheck(
    accepted: Accepted, evidence: Evidence, attempt: int, ports: Ports, pace: Callable[[], None]
) -> Evidence | None:
    """Return the evidence with the attempt's task, stored; None when there is no such task.

    Raises:
        RecorderBusy: TRTC can't say now.
    """
    pace()
    try:
        return find(accepted, evidence, attempt, ports).evidence
    except TaskNotFound as error:
        last = last_attempt(evidence)
        task_id = None if last and last[1].refused else task_of_files(accepted, evidence, ports.store)
        if task_id is None:
            return None
        return adopt(accepted, evidence, attempt, task_id, error.request_id, ports).evidence


def folder_of(accepted: Accepted) -> str | None:
    """Return the folder of the recording's own files under the results' prefix; None where they are elsewhere."""
    own = ["files", accepted.recording_id]
    if accepted.place is None or accepted.caller_keys or accepted.place.prefix[-2:] != own:
        return None
    return "/".join(own) + "/"


def task_of_files(accepted: Accepted, evidence: Evidence, store: ObjectStore) -> str | None:
    """Return the TaskId of a task that ended before its start was ever answered: its files name it."""
    folder = folder_of(accepted)
    if folder is None:
        return None
    known = {task.task_id for task in evidence.tasks.values()}
    for item in store.list(folder):
        task_id, _, name = item.key.removeprefix(folder).rpartition("/")  # a TaskId may hold a slash
        if task_id and keys.is_file_name(name) and task_id not in known:
            return task_id
    return None
