"""Remove a recording: cancel a waiting start, or delete a final recording.

A deletion writes a marker, then the tombstone, then erases everything else, the request first: from the tombstone on
the id is used, and without a request nobody writes about the recording any more. Calls that were under way may still
write, so reconcile erases once more when all of them are over, and the marker goes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.attempts import begins_until_ms, is_unsure, last_attempt
from shared.domain.document import Recording
from shared.domain.ending import is_outlived
from shared.domain.errors import Conflict, StoreError, StoreRefused, TaskNotFound
from shared.domain.evidence import Evidence
from shared.domain.next_step import SETTLE_MS
from shared.domain.periods import IN_FLIGHT_MS
from shared.domain.states import state_of
from shared.domain.steps import Timing
from shared.ports import ObjectStore
from shared.store import journal, markers, tombstones
from shared.store.batches import AT_ONCE, delete_all
from shared.store.journal import Known
from shared.store.stored import complete
from shared.store.tombstones import Tombstone
from shared.usecases.ports import Ports, QueryPorts
from shared.usecases.stop import stop
from shared.usecases.tasks import films_in, find, folder_of

SWEEP_MS = 960_000
"""After this time every call that was running at the deletion has ended: no function runs longer than 900 s."""
ERASED_MS = SWEEP_MS + SETTLE_MS
"""Then a listing names whatever those calls, and TRTC's uploads until then, left."""


def remove(recording_id: str, why: str, ports: QueryPorts, *, files: bool) -> Recording | None:
    """Cancel the recording, and return it; or delete it, and return nothing.

    Args:
        recording_id: which.
        why: for the record, where it is cancelled.
        ports: see QueryPorts.
        files: whether its files in our bucket are deleted with it.

    Raises:
        NotFound: no recording has this id.
        Conflict: it is neither waiting nor over and has to be stopped first, or a call may be about to start it;
            or it is deleted and its files were kept.
    """
    store, now_ms = ports.store, ports.clock()
    known = journal.read(store, recording_id)
    if known is None:
        tombstone = tombstones.of(store, recording_id)
        if tombstone is None:
            raise journal.no_recording(recording_id)
        if files and tombstone.kept:
            why = f"recording {recording_id} is deleted, and its files were kept, as that call asked"
            raise Conflict(f"{why}: erase them in the bucket, where they lie in folders of its id below files/")
    else:
        state = state_of(known.accepted, known.evidence)[0]
        if state.waiting:
            return stop(recording_id, why, ports)
        last = last_attempt(known.evidence)
        if last and is_unsure(known.evidence) and not is_outlived(known.accepted, known.evidence, now_ms, Timing()):
            with suppress(TaskNotFound):  # a call whose answer was lost may have started it
                known, recording = find(known, last[0], ports)
                state = recording.state
        if not state.final:
            raise Conflict(f"recording {recording_id} is {state.value}: stop it, and delete it when it is over")
        if (left_ms := begins_until_ms(known.accepted, known.evidence) - now_ms) > 0:
            why = f"a call that was under way when recording {recording_id} was called off may still start it"
            raise Conflict(f"{why}: delete it in {-(-left_ms // 1000)} s")
        for folder in _folders_elsewhere(known, ports) if files else ():
            # Reconcile may not erase there, so no tombstone names it: where this fails the caller calls again.
            with _if_allowed():
                delete_all(ports.files, (item.key for item in ports.files.list(folder)))
        own = folder_of(known.accepted)
        tombstone = Tombstone(
            at_ms=now_ms,
            tasks=sorted(known.evidence.tasks),
            folders=[own] if files and own else [],
            index=_index_keys(known.accepted, store),
            kept=not files and own is not None,
        )
        markers.mark_look(store, recording_id, now_ms + ERASED_MS)
        tombstones.bury(store, recording_id, tombstone)
    # Where this fails the caller has to call again: what can still be read is not deleted.
    # The document holds the request, too: a callback would go on with that one.
    store.delete_many([keys.request_key(recording_id), keys.document_key(recording_id)])
    try:
        erase(recording_id, tombstone, store)
        for folder in tombstone.folders:
            films = films_in(folder, store, ports.files, f"{ports.policy.prefix}/", tombstone.tasks)
            delete_all(ports.files, (item.key for _, item in films))
    except StoreError:
        # It is deleted all the same: reconcile goes on.
        with suppress(StoreError):
            markers.mark_look(store, recording_id, now_ms)
    return None


def sweep(recording_id: str, tombstone: Tombstone, ports: Ports) -> int | None:
    """Erase what is left of a deleted recording; return when to do so once more (epoch ms), None when all is done.

    A start that was under way at the deletion may have got a task: it is ended first.
    """
    store, now_ms = ports.store, ports.clock()
    strays = {
        key: task for key, task in complete(store, recording_id, Evidence()).tasks.items() if key not in tombstone.tasks
    }
    if strays:
        for task_id in filter(None, (task.task_id for task in strays.values())):
            with suppress(TaskNotFound):
                ports.recorder.stop(task_id)
        tombstone = tombstone.model_copy(update={"tasks": sorted({*tombstone.tasks, *strays})})
        tombstones.bury(store, recording_id, tombstone)
    erase(recording_id, tombstone, store)
    if now_ms < tombstone.at_ms + ERASED_MS:
        return tombstone.at_ms + ERASED_MS
    if not tombstone.swept:
        tombstones.bury(store, recording_id, Tombstone(at_ms=tombstone.at_ms, kept=tombstone.kept, swept=True))
    return None


def erase(recording_id: str, tombstone: Tombstone, store: ObjectStore) -> None:
    """Erase everything of a recording but its tombstones; films where the tombstone names their folders."""
    store.delete_many([keys.request_key(recording_id), *keys.wake_keys(recording_id), *tombstone.index])
    for task_key in tombstone.tasks:
        store.delete(keys.pointer_key(task_key))
    for folder in tombstone.folders:
        delete_all(store, (item.key for _, item in films_in(folder, store, tasks=tombstone.tasks)))
    for folder in [*map(keys.task_facts, tombstone.tasks), keys.recording_folder(recording_id)]:
        delete_all(store, (item.key for item in store.list(folder)))


@contextmanager
def _if_allowed() -> Iterator[None]:
    """Go on where our role need not see: a former release put films where a caller said."""
    try:
        yield
    except StoreRefused as error:
        if error.status != 403:
            raise


def _index_keys(accepted: Accepted, store: ObjectStore) -> list[str]:
    """Return the recording's keys in the listing index: of two first calls at once each may have written one."""
    created_ms, recording_id = accepted.created_ms, accepted.recording_id
    newest, oldest = keys.index_key(created_ms + IN_FLIGHT_MS, ""), keys.index_key(created_ms - IN_FLIGHT_MS, "~")
    listed = (item.key for item in store.list("index/", after=newest, limit=AT_ONCE))
    near = takewhile(lambda key: key <= oldest, listed)
    own = [key for key in near if keys.recording_named(keys.indexed(key) or "") == recording_id]
    return sorted({keys.index_key(created_ms, recording_id), keys.former_index_key(created_ms, recording_id), *own})


def _folders_elsewhere(known: Known, ports: QueryPorts) -> list[str]:
    """Return where an older release put films in our bucket that are not in the recording's own folder."""
    place = known.accepted.place
    ours = place and place.bucket == ports.policy.bucket and not known.accepted.caller_keys
    if place is None or not ours or folder_of(known.accepted):
        return []
    return ["/".join([*place.prefix, task.task_id, ""]) for task in known.evidence.tasks.values() if task.task_id]
