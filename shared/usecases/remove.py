"""Remove a recording: cancel what waits to start, delete what is over.

Order of deletions: the films first if they are asked for, then callbacks and facts, the request, and last the
document, which says that it was over: whatever it dies at, the same call finds the rest and goes on. A reconcile
marker that is left finds no request and is dropped.
"""

from __future__ import annotations

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.document import Recording, decide
from shared.domain.errors import Conflict, NotFound
from shared.domain.evidence import Evidence
from shared.ports import ObjectStore
from shared.store import journal
from shared.usecases.read_ports import QueryPorts
from shared.usecases.stop import stop


def remove(recording_id: str, why: str, ports: QueryPorts, *, files: bool) -> Recording | None:
    """Cancel the recording, and return it; or delete it, and return nothing.

    Args:
        recording_id: which.
        why: for the record, where it is cancelled.
        ports: see QueryPorts.
        files: whether its files in our bucket are deleted with it.

    Raises:
        NotFound: no recording has this id.
        Conflict: it is neither waiting nor over: it has to be stopped first.
    """
    accepted = journal.load_accepted(ports.store, recording_id)
    if accepted is None:
        _delete_rest(recording_id, ports.store)
        return None
    # The document knows what was already deleted of the facts.
    known = journal.load_document(ports.store, recording_id)
    evidence = journal.complete(ports.store, recording_id, known)
    state = decide(accepted, evidence).state
    if state.waiting:
        return stop(recording_id, why, ports)
    if not state.final:
        raise Conflict(f"recording {recording_id} is {state.value}: stop it, and delete it when it is over")
    if files:
        _delete_files(accepted, evidence, ports)
    _delete_facts(accepted, evidence, ports.store)
    return None


def _delete_files(accepted: Accepted, evidence: Evidence, ports: QueryPorts) -> None:
    for file in decide(accepted, evidence).files:
        if file.key and file.bucket == ports.policy.bucket:
            ports.files.delete(file.key)
    # Segments of a playlist, and files that no event named.
    if accepted.place and not accepted.caller_keys and accepted.place.bucket == ports.policy.bucket:
        for task in evidence.tasks.values():
            folder = "/".join([*accepted.place.prefix, task.task_id or "-"])
            for item in list(ports.files.list(f"{folder}/")):
                ports.files.delete(item.key)


def _delete_facts(accepted: Accepted, evidence: Evidence, store: ObjectStore) -> None:
    recording_id = accepted.recording_id
    for task_key in evidence.tasks:
        for item in list(store.list(keys.task_facts(task_key))):
            store.delete(item.key)
        store.delete(keys.pointer_key(task_key))
    store.delete(keys.day_key(accepted.created_ms, recording_id))
    for item in list(store.list(keys.recording_facts(recording_id))):
        store.delete(item.key)
    store.delete(keys.request_key(recording_id))
    store.delete(keys.document_key(recording_id))


def _delete_rest(recording_id: str, store: ObjectStore) -> None:
    if store.get(keys.document_key(recording_id)) is None:
        raise NotFound(f"there is no recording {recording_id}")
    store.delete(keys.document_key(recording_id))
