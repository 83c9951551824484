"""The task of an attempt: TRTC is asked for it by its RecordId, or the files it left name it."""

from __future__ import annotations

from shared.domain import facts, ids, keys
from shared.domain.accepted import Accepted
from shared.domain.document import Recording
from shared.domain.errors import TaskNotFound
from shared.domain.evidence import Evidence
from shared.domain.states import last_attempt
from shared.ports import ObjectStore
from shared.store import journal
from shared.store.journal import Known
from shared.usecases.ports import Ports


def find(known: Known, number: int, ports: Ports) -> tuple[Known, Recording]:
    """Store and return the task that TRTC has under an attempt's RecordId, or that the attempt's files name.

    Raises:
        TaskNotFound: there is none, or it is over and left no file that we may see.
        RecorderBusy: TRTC can't say now.
    """
    accepted = known.accepted
    try:
        described = ports.recorder.describe(accepted.sdk_app_id, ids.record_id_of(accepted.recording_id, number))
    except TaskNotFound as error:
        last = last_attempt(known.evidence)
        task_id = None if last and last[1].refused else task_of_files(accepted, known.evidence, ports.store)
        if task_id is None:
            raise
        return adopt(known, number, task_id, error.request_id, ports)
    return adopt(known, number, described.task_id, described.request_id, ports)


def adopt(known: Known, number: int, task_id: str, request_id: str | None, ports: Ports) -> tuple[Known, Recording]:
    """Store that an attempt has this task, and write what is known by now."""
    known = journal.record(ports.store, known, facts.accepted(number, ports.clock(), task_id, request_id))
    # A callback may have overtaken us: `save` lists what is stored under the task by now.
    return journal.save(ports.store, known, ports.clock())


def folder_of(accepted: Accepted) -> str | None:
    """Return the folder of the recording's own files under the results' prefix; None where they are elsewhere."""
    own = ["files", accepted.recording_id]
    if accepted.place is None or accepted.caller_keys or accepted.place.prefix[-2:] != own:
        return None
    return "/".join(own) + "/"


def list_files(accepted: Accepted, task_id: str, store: ObjectStore) -> dict[str, int]:
    """Return name and bytes of every file of a task that lies where we may look."""
    folder = folder_of(accepted)
    if folder is None:
        return {}
    prefix = f"{folder}{task_id}/"
    named = ((item.key.removeprefix(prefix), item.size) for item in store.list(prefix))
    return {name: size for name, size in named if keys.is_file_name(name)}


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
