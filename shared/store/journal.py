"""The journal of a recording: its facts, and the document derived from them.

`read`, `begin` and `save` are the doors to the document, `record` and `begin` those to the facts. Every writer lists
the facts after it wrote the document: of two writers at once, the last holds the news of both. The document holds the
request, too, so that who has read it needs no other object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.callback_says import evidence_of_callback
from shared.domain.callbacks import parse_callback
from shared.domain.document import Recording, decide
from shared.domain.errors import Damaged, NotFound, StoreError
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, changed, evidence_of_fact, read_fact, stays, unreadable
from shared.domain.film.recording import awaited
from shared.domain.ids import NO_TASK, is_fact_name, is_recording_id, task_key_of
from shared.domain.states import is_reopened, since_ms, state_of
from shared.domain.steps import behind_ms
from shared.ports import ObjectStore, StoredObject
from shared.store import markers, tombstones

ROUNDS = 20
"""Writes of one `save` at most; it repeats them only for facts that were stored meanwhile."""
KEPT_BYTES = 65_536
"""Of a body whose reading is kept for the next time; a hundred facts are a sixth of that."""
T = TypeVar("T")


class _Documented(BaseModel):
    """What is read of a document; the rest is decided anew. Those of releases before do not hold the request."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    recording_id: str
    evidence: Evidence
    accepted: Accepted | None = None


class Known(NamedTuple):
    """What is known of a recording.

    Attributes:
        accepted: the request.
        evidence: the document's, joined with every listed fact that it lacks.
        documented: what the document holds; None where it has to be written whatever it holds.
    """

    accepted: Accepted
    evidence: Evidence = Evidence()
    documented: Evidence | None = None

    def plus(self, news: Evidence) -> Known:
        """Return it with evidence that the document lacks."""
        return self._replace(evidence=self.evidence.join(news))


def record(store: ObjectStore, known: Known, fact: Fact) -> Known:
    """Write a fact; durable when this returns. Return what is known with it, and with what the document says by now.

    The call that the fact is about may have taken seconds, and listings may lack what others wrote meanwhile.
    """
    recording_id = known.accepted.recording_id
    put = partial(store.put, f"{keys.recording_facts(recording_id)}{fact.name}.json", fact.body)
    if known.documented is None:
        put()
        return known.plus(evidence_of_fact(fact))
    _, held = store.at_once(put, partial(_documented_if_there, store, recording_id))
    known = known.plus(evidence_of_fact(fact))
    return known if held is None else known.plus(held)._replace(documented=held)


def _documented_if_there(store: ObjectStore, recording_id: str) -> Evidence | None:
    try:
        return _documented(store, recording_id)
    except StoreError:
        return None  # the fact is what counts


def accepted_of(store: ObjectStore, recording_id: str) -> Accepted | None:
    """Return the accepted request, or None where none was accepted under this id.

    Raises:
        Damaged: the stored request can't be read.
    """
    stored = store.get(keys.request_key(recording_id))
    try:
        accepted = _read_request(stored.body) if stored else None
    except ValidationError:
        accepted = None
    if stored and (accepted is None or accepted.recording_id != recording_id):
        raise Damaged(f"the stored request of recording {recording_id} can't be read")
    return accepted


def read(store: ObjectStore, recording_id: str, seen: Known | None = None) -> Known | None:
    """Return what is known of a recording, every listed fact included; None where none was accepted under the id.

    Whether there is one is asked of the request itself: a deletion erases that first, with the document.

    Args:
        store, recording_id: which.
        seen: of `glanced`, where the document was read already.

    Raises:
        Damaged: the stored request can't be read.
    """
    accepted, documented, listed = store.at_once(
        lambda: accepted_of(store, recording_id),
        lambda: seen.documented if seen else _documented(store, recording_id),
        lambda: _named(store, keys.recording_facts(recording_id)),
    )
    if accepted is None or _is_erased(store, recording_id, documented):
        return None
    return _known(store, accepted, documented, listed)


def _is_erased(store: ObjectStore, recording_id: str, held: Evidence | None) -> bool:
    """Tell whether a recording that has a request, and perhaps no document, is deleted.

    The request may have been read before the deletion, or a start that read the tombstone too early has stored it anew.
    Else there is no document while a start begins.
    """
    return held is None and tombstones.is_used(store, recording_id)


def rest(store: ObjectStore, accepted: Accepted) -> Known:
    """Return what is known of a recording whose request was read."""
    recording_id = accepted.recording_id
    documented, listed = store.at_once(
        lambda: _documented(store, recording_id), lambda: _named(store, keys.recording_facts(recording_id))
    )
    return _known(store, accepted, documented, listed)


def documented(store: ObjectStore, recording_id: str) -> Known | None:
    """Return what the document knows of a recording; `save` finds the facts that it lacks. None: see `read`.

    Raises:
        Damaged: the request is stored nowhere where it can be read.
    """
    held = _document(store, recording_id)
    accepted = (held and held.accepted) or accepted_of(store, recording_id)
    if accepted is None:
        return None
    return Known(accepted, held.evidence, held.evidence) if held else _known(store, accepted, None, None)


def glanced(store: ObjectStore, recording_id: str) -> Known | None:
    """Return what the document says by itself; None where there is none that holds the request, too."""
    held = _document(store, recording_id)
    return Known(held.accepted, held.evidence, held.evidence) if held and held.accepted else None


def whole(store: ObjectStore, known: Known) -> Known:
    """Return what `read` does of a recording whose document was read, without its request: where it is over."""
    return _known(store, known.accepted, known.documented, None)


def _known(store: ObjectStore, accepted: Accepted, held: Evidence | None, listed: list[str] | None) -> Known:
    prefix = keys.recording_facts(accepted.recording_id)
    evidence = held or Evidence()
    listings = {} if listed is None else {prefix: listed}
    return Known(accepted, _complete(store, accepted.recording_id, evidence, listings=listings), held)


def no_recording(recording_id: str) -> NotFound:
    """Return the error for an id under which nothing was accepted."""
    return NotFound(f"there is no recording {recording_id}")


def find(store: ObjectStore, recording_id: str) -> Known:
    """Return what `read` does.

    Raises:
        NotFound: no recording has this id.
    """
    known = read(store, recording_id)
    if known is None:
        raise no_recording(recording_id)
    return known


def save(
    store: ObjectStore,
    known: Known,
    now_ms: int,
    also: Callable[[Known], object] | None = None,
    *,
    again: bool = False,
    of_task: str | None = None,
) -> tuple[Known, Recording]:
    """Write the document, then list the facts and write again until none is missing; nothing where nothing changed.

    The document is derived: losing its write loses nothing. A start that waits and a receiver that is to be notified
    get their marker with it.

    Args:
        store, known, now_ms: what is written, and when.
        also: done behind each write, while the facts are listed.
        again: read the document behind each write, too: another writer may have news that no listing has yet.
        of_task: the key of the task that the news is about: until the recording is over, only tasks' facts are listed
            where the document knew it. Whoever writes another fact has a look ahead of him, which lists them all.
    """
    recording = None
    for _ in range(ROUNDS):
        if known.evidence == known.documented:
            break
        known, recording = _write(store, known, now_ms)
        recording_id = known.accepted.recording_id
        own, folders = keys.recording_facts(recording_id), [*map(keys.task_facts, known.evidence.tasks)]
        if not of_task or recording.state.final or not _is_known(of_task, known.evidence):
            folders.append(own)
        behind: list[Callable[[], object]] = [partial(_documented, store, recording_id)] if again else []
        behind += [partial(also, known)] if also else []
        listed = store.at_once(*(partial(_named, store, folder, known.evidence.facts) for folder in folders), *behind)
        listings = {own: list[str](), **dict(zip(folders, listed, strict=False))}
        if again and (held := listed[len(folders)]) is not None:
            known = known.plus(held)._replace(documented=held)
        known = known._replace(evidence=_complete(store, recording_id, known.evidence, listings=listings))
    return known, recording or decide(known.accepted, known.evidence)


def _is_known(task_key: str, evidence: Evidence) -> bool:
    return any(attempt.task_key == task_key for attempt in evidence.attempts.values())


def standing(store: ObjectStore, known: Known, now_ms: int) -> Known:
    """Return what is known; with a fact that it stays completed where late news would open it again.

    What that news is about is looked for all the same, until its last look.
    """
    if known.documented is None or not is_reopened(known.accepted, known.documented, known.evidence):
        return known
    markers.mark_look(store, known.accepted.recording_id, now_ms)
    return record(store, known, stays(now_ms))


def rebuild(store: ObjectStore, recording_id: str, now_ms: int) -> Known | None:
    """Write the document from the stored facts alone; None where no recording has this id.

    A listing may not name the newest facts yet, so those that the present document names are read by their names.
    """
    accepted = accepted_of(store, recording_id)
    if accepted is None:
        return None
    held = _documented(store, recording_id)
    if _is_erased(store, recording_id, held):
        return None
    evidence = _complete(store, recording_id, Evidence(), held)
    known = standing(store, Known(accepted, evidence, held), now_ms)
    known, recording = save(store, known._replace(documented=None), now_ms)
    if not recording.state.final:
        markers.mark_look(store, recording_id, now_ms)  # it may have been final in the document, and done
    return known


def current(store: ObjectStore, recording_id: str) -> Recording:
    """Return the recording as its document has it; derived from the facts where there is no document yet.

    Raises:
        NotFound: no recording has this id.
        Damaged: the stored request can't be read.
    """
    accepted, held = store.at_once(lambda: accepted_of(store, recording_id), lambda: _documented(store, recording_id))
    if accepted is None or _is_erased(store, recording_id, held):
        raise no_recording(recording_id)
    return decide(accepted, held or _complete(store, recording_id, Evidence()))


def left(store: ObjectStore, recording_id: str) -> Evidence:
    """Return what the facts say that are stored of a recording, whether it has a request or not."""
    return _complete(store, recording_id, Evidence())


def linked(store: ObjectStore, task_key: str) -> str | None:
    """Return the id of the recording that a task belongs to; None where no pointer says so."""
    stored = store.get(keys.pointer_key(task_key))
    try:
        recording_id = json.loads(stored.body)["recording_id"] if stored else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return recording_id if isinstance(recording_id, str) and is_recording_id(recording_id) else None


def _link(store: ObjectStore, recording_id: str, task_id: str) -> None:
    """Write which recording a task belongs to, for its callbacks to find it."""
    store.put(keys.pointer_key(task_key_of(task_id)), f'{{"recording_id":"{recording_id}"}}'.encode())


def _documented(store: ObjectStore, recording_id: str) -> Evidence | None:
    """Return the evidence in `recording.json`; None as for `_document`."""
    document = _document(store, recording_id)
    return document.evidence if document else None


def _document(store: ObjectStore, recording_id: str) -> _Documented | None:
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


# A recording is read several times by an invocation, and by those that an instance has within a minute.
_read_request = _kept(Accepted.model_validate_json)
_read_document = _kept(_Documented.model_validate_json)


def _body(accepted: Accepted, recording: Recording) -> bytes:
    """Return the document: the recording, and the request that it was decided from."""
    document = recording.model_dump_json(indent=1, exclude_none=True).removesuffix("\n}")
    return f'{document},\n "accepted": {accepted.model_dump_json(exclude_none=True)}\n}}'.encode()


def _complete(
    store: ObjectStore,
    recording_id: str,
    evidence: Evidence,
    named: Evidence | None = None,
    listings: dict[str, list[str]] | None = None,
) -> Evidence:
    """Return the evidence joined with every stored fact that it lacks, of those that are listed or `named`.

    Only missing facts are read: their names tell which those are. What is to be listed or read goes out at once.

    Args:
        store, recording_id: whose facts.
        evidence: what is known.
        named: evidence whose facts are read by their names, listed or not.
        listings: folders that were listed already, and the names of the facts there.
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
            *(partial(_named, store, folder) for folder in unlisted),
            *(partial(store.get, f"{folder}{name}.json") for folder, name in unread),
        )
        listings.update(zip(unlisted, answers[: len(unlisted)], strict=True))
        for (folder, name), stored in zip(unread, answers[len(unlisted) :], strict=True):
            if stored:
                evidence = evidence.join((_fact_says if folder == own else _callback_says)(name, stored))
        asked.update(unread)


def _named(store: ObjectStore, folder: str, known: Collection[str] = ()) -> list[str]:
    """Return the names of the facts that are listed in a folder, without the known ones."""
    names = (item.key.removeprefix(folder).removesuffix(".json") for item in store.list(folder))
    return [name for name in names if name not in known and is_fact_name(name)]


def received_ms(stored: StoredObject) -> int | None:
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
    # By the name it is stored under: a release before may have named it by other rules.
    return evidence_of_callback(parse_callback(stored.body, received_ms(stored))._replace(name=name))


def _awaited(documented: Evidence | None, accepted: Accepted) -> bool:
    """Tell whether the document said already that films are to be looked into: then there is a marker."""
    is_final = documented is not None and state_of(accepted, documented)[0].final
    return is_final and bool(awaited(accepted, documented or Evidence()))


def _write(store: ObjectStore, known: Known, now_ms: int) -> tuple[Known, Recording]:
    known = standing(store, known, now_ms)
    accepted, recording = known.accepted, decide(known.accepted, known.evidence)
    if accepted.notify_url and accepted.notify_on == "changes" and not recording.state.final:
        # The time of a state may move with late news; while the state is the same it is the same change.
        newest = max(known.evidence.changes.items(), default=("", ""))[1]
        fact = changed(since_ms(accepted, known.evidence, recording.state), recording.state.value)
        if newest != recording.state.value and fact.name not in known.evidence.facts:
            known = record(store, known, fact)
            recording = decide(accepted, known.evidence)
    recording_id, had = accepted.recording_id, known.documented or Evidence()
    # A start may have died before its pointer and index; a document that names the task says that they were written.
    first: list[Callable[[], object]] = [
        partial(_link, store, recording_id, task.task_id)
        for task_key, task in known.evidence.tasks.items()
        if task.task_id and task_key not in had.tasks
    ]
    if known.documented is None:
        first.append(partial(store.put, keys.index_key(accepted.created_ms, recording_id), b""))
    if not recording.state.final and known.documented and state_of(accepted, known.documented)[0].final:
        first.append(partial(markers.mark_look, store, recording_id, now_ms))  # who is done has no marker any more
    if recording.state.final and awaited(accepted, known.evidence) and not _awaited(known.documented, accepted):
        first.append(partial(markers.mark_look, store, recording_id, now_ms))
    store.at_once(*first)
    body = _body(accepted, recording)
    # Where it dies among these, the look that every recording has ahead of it writes what is missing.
    also: list[Callable[[], object]] = [partial(store.put, keys.document_key(recording_id), body)]
    if recording.state.waiting:
        also.append(partial(markers.mark_start, store, accepted, now_ms, behind_ms(known.evidence)))
    fresh = [one.next_ms for one in recording.notifications if one.next_ms is not None and not one.attempts]
    if fresh:
        # A marker of a time of its own: reconcile may be deleting an older one right now.
        also.append(partial(markers.mark_message, store, recording_id, max(now_ms, min(fresh))))
    store.at_once(*also)
    return known._replace(documented=known.evidence), recording


def begin(store: ObjectStore, known: Known, fact: Fact, now_ms: int) -> tuple[Known, Recording]:
    """Store the task of a start that is the first to write of the recording: fact and pointer, then the document.

    What others wrote meanwhile is joined; where nobody did, the document is written once.
    """
    accepted, known = known.accepted, known.plus(evidence_of_fact(fact))
    recording_id, task_id = accepted.recording_id, str(fact.data["task_id"])
    own, its = keys.recording_facts(recording_id), keys.task_facts(task_key_of(task_id))
    store.at_once(
        lambda: store.put(f"{own}{fact.name}.json", fact.body),
        lambda: _link(store, recording_id, task_id),
        lambda: store.put(keys.index_key(accepted.created_ms, recording_id), b""),
    )
    recording = decide(accepted, known.evidence)
    if accepted.notify_url and accepted.notify_on == "changes":
        return save(store, known, now_ms)  # its receiver hears of this state
    body = _body(accepted, recording)
    alone, overtaken = store.at_once(
        lambda: store.create(keys.document_key(recording_id), body), lambda: _named(store, its)
    )
    # Whoever else writes facts has a document of his own to write, and finds ours then; or it was here before.
    listings = {its: overtaken, **({own: []} if alone else {})}
    evidence = _complete(store, recording_id, known.evidence, listings=listings)
    return save(store, Known(accepted, evidence, known.evidence if alone else None), now_ms)
