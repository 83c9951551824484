"""Tombstones: the ids of a deleted recording and of its tasks are never used again.

A tombstone lists what may still have to be erased; afterwards it holds only the time, and whether films were kept.
"""

from __future__ import annotations

from pydantic import Field, ValidationError

from shared.domain import keys
from shared.domain.value import Value
from shared.ports import ObjectStore


class Tombstone(Value):
    """What is left of a deleted recording.

    Attributes:
        at_ms: when it was deleted, epoch ms.
        tasks: task keys whose callbacks are to be erased.
        folders: folders of the whole bucket whose files are to be erased; empty where the films are kept.
        index: keys of the recording in the listing index.
        kept: whether its films were left where they are.
        swept: whether everything was erased once more after all calls that were under way are over.
    """

    at_ms: int = 0
    tasks: list[str] = Field(default_factory=list)
    folders: list[str] = Field(default_factory=list)
    index: list[str] = Field(default_factory=list)
    kept: bool = False
    swept: bool = False


def bury(store: ObjectStore, recording_id: str, tombstone: Tombstone) -> None:
    """Write the tombstone of a recording and of its tasks; from then on the id is used."""
    # Its own comes last: whoever finds it erases, and must find the tasks' then.
    for task_key in tombstone.tasks:
        store.put(keys.gone_task_key(task_key), b"{}")
    store.put(keys.gone_key(recording_id), tombstone.model_dump_json(exclude_defaults=True).encode())


def of(store: ObjectStore, recording_id: str) -> Tombstone | None:
    """Return the tombstone of a recording; None where none was deleted under this id."""
    stored = store.get(keys.gone_key(recording_id))
    try:
        found = Tombstone.model_validate_json(stored.body) if stored else None
    except ValidationError:
        return Tombstone()
    # A damaged one may name what is another's, or the whole bucket.
    own = [folder for folder in found.folders if folder.endswith(f"/{recording_id}/")] if found else []
    return found and found.model_copy(update={"folders": own})


def is_used(store: ObjectStore, recording_id: str) -> bool:
    """Tell whether a recording was deleted under this id."""
    return store.get(keys.gone_key(recording_id)) is not None


def is_gone(store: ObjectStore, task_key: str) -> bool:
    """Tell whether a task's recording was deleted."""
    return store.get(keys.gone_task_key(task_key)) is not None
