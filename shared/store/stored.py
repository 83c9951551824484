"""The stored objects of a recording, read one by one: request, document, pointer, facts. Total: strangers write too."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import TypeVar

from pydantic import ValidationError

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.callback_says import evidence_of_callback
from shared.domain.callbacks import parse_callback
from shared.domain.errors import Damaged
from shared.domain.evidence import NOT_READ, Evidence
from shared.domain.facts import evidence_of_fact, read_fact, unreadable
from shared.domain.ids import NO_TASK, is_fact_name, is_recording_id
from shared.domain.value import Value
from shared.ports import ObjectStore, StoredObject
from shared.store import tombstones

KEPT_BYTES = 65_536
"""Of a body whose reading is kept for the next time; a hundred facts are a sixth of that."""
MOST_SEEN, MOST_WRITTEN = 32, 16
"""Values that are kept for who reads an equal one."""
T = TypeVar("T")
_seen: OrderedDict[tuple[str, type[object]], object] = OrderedDict()
_written: OrderedDict[bytes, _Documented] = OrderedDict()
"""Documents that were written here, by their bytes: who reads one next knows already what it says."""


class _Documented(Value):
    """What is read of a document; the rest is decided anew. Those of releases before do not hold the request."""

    recording_id: str
    evidence: Evidence
    accepted: Accepted | None = None


def accepted_of(store: ObjectStore, recording_id: str) -> Accepted | None:
    """Return the accepted request; None if nothing was accepted under this id.

    Damaged: it can't be read, or it is gone though the document is there. Then nobody knows what was asked for: under
    this id nothing is started, and nobody is answered.
    """
    accepted = request_of(store, recording_id)
    if accepted is None and store.get(keys.document_key(recording_id)) is not None:
        accepted = request_of(store, recording_id)  # it may have been accepted meanwhile, or be under deletion
        if accepted is None and not tombstones.is_used(store, recording_id):
            raise Damaged(f"the stored request of recording {recording_id} is gone, and its document is there")
    return accepted


def request_of(store: ObjectStore, recording_id: str) -> Accepted | None:
    """Return the request as it is stored; None where it is not there. Raise Damaged if it can't be read."""
    stored = store.get(keys.request_key(recording_id))
    try:
        accepted = _read_request(stored.body) if stored else None
    except ValidationError:
        accepted = None
    if stored and (accepted is None or accepted.recording_id != recording_id):
        raise Damaged(f"the stored request of recording {recording_id} can't be read")
    return accepted


def recording_of_task(store: ObjectStore, task_key: str) -> str | None:
    """Return the id of the recording that a task belongs to; None where no pointer says so."""
    stored = store.get(keys.pointer_key(task_key))
    try:
        recording_id = json.loads(stored.body)["recording_id"] if stored else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return recording_id if isinstance(recording_id, str) and is_recording_id(recording_id) else None


def evidence_in_document(store: ObjectStore, recording_id: str) -> Evidence | None:
    """Return the evidence in `recording.json`; None as for `document_of`."""
    document = document_of(store, recording_id)
    return document.evidence if document else None


def document_of(store: ObjectStore, recording_id: str) -> _Documented | None:
    """Return what is read of `recording.json`; None where there is no document, or none that can be read.

    One with a task that has no TaskId is a former release's, which took strangers' callbacks for the recording's.
    """
    stored = store.get(keys.document_key(recording_id))
    try:
        document = _read_document(stored.body) if stored else None
    except (ValueError, RecursionError):
        return None
    if document is None or document.recording_id != recording_id or NO_TASK in document.evidence.tasks:
        return None
    foreign = document.accepted and document.accepted.recording_id != recording_id
    return document.model_copy(update={"accepted": None}) if foreign else document


def _kept(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Keep what was read last, small bodies alone: a function has 256 MB, and a body takes ten times its size."""
    known = lru_cache(maxsize=16)(read)
    return lambda body: (known if len(body) <= KEPT_BYTES else read)(body)


def same(recording_id: str, value: T, size: int) -> T:
    """Return the equal value of this recording that was read or written last, where it was: what is decided from it
    is found again by its identity. `size`: of its text, bytes."""
    key = recording_id, type(value)
    known = _seen.get(key)
    if known is value or known == value:
        return known
    if size <= KEPT_BYTES:
        _seen[key] = value
        if len(_seen) > MOST_SEEN:
            _seen.popitem(last=False)
    return value


def wrote(body: bytes, accepted: Accepted, evidence: Evidence) -> None:
    """Remember what a document says that is being written: it is read again soon, by this instance above all."""
    if (size := len(body)) <= KEPT_BYTES:
        recording_id = accepted.recording_id
        evidence, accepted = same(recording_id, evidence, size), same(recording_id, accepted, size)
        _written[body] = _Documented.model_construct(recording_id=recording_id, evidence=evidence, accepted=accepted)
        if len(_written) > MOST_WRITTEN:
            _written.popitem(last=False)


def _request_in(body: bytes) -> Accepted:
    accepted = Accepted.model_validate_json(body)
    return same(accepted.recording_id, accepted, len(body))


def _document_in(body: bytes) -> _Documented:
    if (written := _written.pop(body, None)) is not None:
        return written
    document = _Documented.model_validate_json(body)
    kept = {
        name: same(document.recording_id, value, len(body))
        for name, value in (("evidence", document.evidence), ("accepted", document.accepted))
    }
    return document.model_copy(update=kept)


# A recording is read several times by an invocation, and by those that an instance has within a minute.
_read_request = _kept(_request_in)
_read_document = _kept(_document_in)


def complete(
    store: ObjectStore,
    recording_id: str,
    evidence: Evidence,
    named: Evidence | None = None,
    listings: dict[str, list[str]] | None = None,
) -> Evidence:
    """Return the evidence joined with every stored fact that it lacks, of those that are listed or in `named`.

    Only missing facts are read: their names tell which those are. What is to be listed or read goes out at once.
    `listings` are folders that were listed already, and the names of the facts there.
    """
    own, listings = keys.recording_facts(recording_id), dict(listings or {})
    also, asked = set(named.facts if named else ()), set[tuple[str, str]]()
    while True:
        tasks = {*evidence.tasks, *(named.tasks if named else ())}
        folders = [own, *map(keys.task_facts, sorted(tasks))]
        unlisted = [folder for folder in folders if folder not in listings]
        lacking = [
            (folder, name)
            for folder in folders
            if folder in listings
            for name in sorted({*listings[folder], *also}.difference(evidence.facts))
        ]
        unread = [each for each in lacking if each not in asked]
        if not unlisted and not unread:
            return evidence
        answers = store.at_once(
            *(partial(facts_in, store, folder) for folder in unlisted),
            *(partial(store.get, f"{folder}{name}.json") for folder, name in unread),
        )
        listings.update(zip(unlisted, answers[: len(unlisted)], strict=True))
        for (folder, name), stored in zip(unread, answers[len(unlisted) :], strict=True):
            if stored:
                evidence = evidence.join((_fact_says if folder == own else _callback_says)(name, stored))
        asked.update(unread)


def facts_in(store: ObjectStore, folder: str, known: Collection[str] = ()) -> list[str]:
    """Return the names of the facts that are listed in a folder, without the known ones."""
    names = [item.key[len(folder) :].removesuffix(".json") for item in store.list(folder)]
    return [name for name in names if name not in known and is_fact_name(name)]


def unread_facts(evidence: Evidence, named: Evidence | None) -> list[str]:
    """Return the names of the facts that can't be read, or that are gone though `named` has read them."""
    gone = named.facts.keys() - evidence.facts.keys() if named else set[str]()
    return sorted(gone | {name for name, kind in evidence.facts.items() if kind == NOT_READ})


def came_ms(stored: StoredObject) -> int | None:
    """Return when a stored callback came, epoch ms; None where nothing says so."""
    text = stored.metadata.get("received-ms", "")
    return int(text) if re.fullmatch(r"[0-9]{1,13}", text) else None


def _fact_says(name: str, stored: StoredObject) -> Evidence:
    try:
        fact = read_fact(stored.body)
        return evidence_of_fact(fact) if fact.name == name else unreadable(name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return unreadable(name)


def _callback_says(name: str, stored: StoredObject) -> Evidence:
    callback = parse_callback(stored.body, came_ms(stored))
    if not callback.type and name.split("-")[1] != "0":  # it was told as something else
        return unreadable(name)
    # By the name it is stored under: a release before may have named it by other rules.
    return evidence_of_callback(callback._replace(name=name))
