"""Find the task of an attempt: ask TRTC by its RecordId, or read its name from the files it left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from shared.domain import facts, ids, keys
from shared.domain.accepted import Accepted
from shared.domain.attempts import last_attempt
from shared.domain.document import Recording
from shared.domain.errors import Damaged, TaskNotFound
from shared.domain.evidence import Evidence
from shared.domain.redaction import id_of
from shared.domain.refusals import task_named
from shared.ports import ListedObject, ObjectStore
from shared.store import journal, tombstones, writer
from shared.store.journal import Known
from shared.store.stored import accepted_of, recording_of_task
from shared.usecases.ports import Ports

PAGE = 1_000
"""Rows whose owners are asked for at once."""
MOST_OTHERS, MOST_STRANGE = 1_000, 20_000
"""Tasks of others in a recording's folder, and their rows, after which nothing unknown is looked for there."""


def find(known: Known, number: int, ports: Ports) -> tuple[Known, Recording]:
    """Store and return the task that TRTC has under an attempt's RecordId, or that the attempt's files name.

    TaskNotFound: there is none, or it is over and left no file that we may see; RecorderBusy: TRTC can't say now.
    """
    accepted = known.accepted
    try:
        described = ports.recorder.describe(accepted.sdk_app_id, ids.record_id_of(accepted.recording_id, number))
        found = task_named("DescribeWebRecord", described.task_id, described.request_id)
    except TaskNotFound as error:
        last = last_attempt(known.evidence)
        task_id = None if last and last[1].refused else task_of_files(accepted, known.evidence, ports.store)
        if task_id is None:
            raise
        return adopt(known, number, task_id, error.request_id, ports)
    return adopt(known, number, found, id_of(described.request_id), ports)


def adopt(known: Known, number: int, task_id: str, request_id: str | None, ports: Ports) -> tuple[Known, Recording]:
    """Store that an attempt has this task, and write what is known by now."""
    known = journal.record(ports.store, known, facts.accepted(number, ports.clock(), task_id, request_id))
    # A callback may have overtaken us: `save` lists what is stored under the task by now.
    return writer.save(ports.store, known, ports.clock())


def folder_of(accepted: Accepted) -> str | None:
    """Return the folder of the recording's own films under the results' prefix; None where they are elsewhere."""
    place = accepted.place
    if place is None or accepted.caller_keys:
        return None
    former = f"files/{accepted.recording_id}/"
    return place.folder or (former if "/".join([*place.prefix[-2:], ""]) == former else None)


def list_files(accepted: Accepted, task_id: str, store: ObjectStore) -> dict[str, int]:
    """Return name and bytes of every file of a task that lies where we may look; what others put there is none."""
    folder = folder_of(accepted)
    if folder is None:
        return {}
    prefix = f"{folder}{task_id}/"
    named = ((item.key.removeprefix(prefix), item.size) for item in store.list(prefix))
    return {name: size for name, size in named if keys.is_recorded(name, accepted.format)}


def task_of_files(accepted: Accepted, evidence: Evidence, store: ObjectStore) -> str | None:
    """Return the TaskId of a task that ended before its start was ever answered: its film names it."""
    folder = folder_of(accepted)
    known = [task.task_id for task in evidence.tasks.values() if task.task_id]
    found, folders = list[str](), set[str]()
    for task_id, item in films_in(folder, store) if folder else ():
        name = item.key.rpartition("/")[2]
        if keys.is_recorded(name, accepted.format):  # an empty one, too, shows that the folder is a task's
            folders.add(task_id)
        if task_id and item.size and keys.is_film(name, accepted.format):
            found.append(task_id)

    def is_inside(task_id: str) -> bool:
        """Tell whether it is a folder that somebody made in a task's: a TaskId may hold a slash."""
        outer = [task_id[:at] for at, letter in enumerate(task_id) if letter == "/"]
        return any(one in folders or _is_task(ids.task_key_of(one), evidence, store) for one in outer)

    return next((one for one in found if one not in known and not is_inside(one)), None)


def _is_task(task_key: str, evidence: Evidence, store: ObjectStore) -> bool:
    """Tell whether a task has such a key: it is known, or TRTC spoke of it."""
    return task_key in evidence.tasks or any(True for _ in store.list(keys.task_facts(task_key), limit=1))


def films_in(
    folder: str, store: ObjectStore, files: ObjectStore | None = None, root: str = "", tasks: Iterable[str] = ()
) -> Iterator[tuple[str, ListedObject]]:
    """Yield TaskId and row of everything in a recording's folder (`folder_of`), without what is another recording's.

    The films are below `root` in `files`; None: in `store`, with the recordings. Where the prefix of very many others
    is named like this recording, only what its known tasks have, of the keys `tasks`, is looked for in the end.
    """
    listed, whole, others, strange = files or store, f"{root}{folder}", dict[str, bool](), 0
    rows = listed.list(whole)
    while page := list(islice(rows, PAGE)):
        # A TaskId may hold a slash.
        named = [(item.key.removeprefix(whole).rpartition("/")[0], item) for item in page]
        fresh = [*dict.fromkeys(task_id for task_id, _ in named if task_id not in others)]
        asked = store.at_once(*(partial(_is_anothers, folder, task_id, store) for task_id in fresh))
        others.update(zip(fresh, asked, strict=True))
        yield from (row for row in named if not others[row[0]])
        strange += sum(others[task_id] for task_id, _ in named)
        if strange >= MOST_STRANGE or sum(others.values()) >= MOST_OTHERS:
            for task_id in filter(None, map(ids.task_id_of, tasks)):
                own = () if others.get(task_id) else listed.list(f"{whole}{task_id}/")
                yield from ((task_id, item) for item in own if "/" not in item.key.removeprefix(f"{whole}{task_id}/"))
            return


def _is_anothers(folder: str, task_id: str, store: ObjectStore) -> bool:
    """Tell whether what looks like a task of a folder is another recording's.

    That one has the task, or lies below: a caller's `prefix` may be named like this recording.
    """
    linked = recording_of_task(store, ids.task_key_of(task_id)) if task_id else None
    if linked is not None and linked != folder.split("/")[-2]:
        return True
    inside = folder
    for name in task_id.split("/")[:-1]:
        inside += f"{name}/"
        if ids.is_recording_id(name) and _lies_in(name, inside, store):
            return True
    return False


def _lies_in(recording_id: str, folder: str, store: ObjectStore) -> bool:
    """Tell whether a folder is that of a recording that is, or may be that of one that was."""
    try:
        accepted = accepted_of(store, recording_id)
    except Damaged:
        return True
    return folder_of(accepted) == folder if accepted else tombstones.of(store, recording_id) is not None
