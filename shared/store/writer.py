"""Write the document of a recording, and the markers that belong to what it says.

Every writer lists the facts after it wrote the document: of two writers at once, the last holds the news of both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.document import Recording, decide
from shared.domain.doubt import unconfirmed
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, changed, evidence_of_fact, stays
from shared.domain.film.recording import awaited
from shared.domain.ids import task_key_of
from shared.domain.starting import behind_ms
from shared.domain.states import is_reopened, since_ms, state_of
from shared.ports import ObjectStore
from shared.store import markers
from shared.store.journal import Known, is_erased, record
from shared.store.stored import accepted_of, complete, evidence_in_document, facts_in, unread_facts, wrote

ROUNDS = 20
"""Writes of one `save` at most; it repeats them only for facts that were stored meanwhile."""


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
            if the document knew it. The writer of any other fact has a look ahead of him, which lists them all.
    """
    recording = None
    for _ in range(ROUNDS):
        if known.evidence is known.documented or known.evidence == known.documented:
            break
        known, recording = _write(store, known, now_ms)
        recording_id = known.accepted.recording_id
        own, folders = keys.recording_facts(recording_id), [*map(keys.task_facts, known.evidence.tasks)]
        attempts = known.evidence.attempts.values()
        if not of_task or recording.state.final or all(attempt.task_key != of_task for attempt in attempts):
            folders.append(own)
        behind: list[Callable[[], object]] = [partial(evidence_in_document, store, recording_id)] if again else []
        behind += [partial(also, known)] if also else []
        listed = store.at_once(*(partial(facts_in, store, folder, known.evidence.facts) for folder in folders), *behind)
        listings = {own: list[str](), **dict(zip(folders, listed, strict=False))}
        if again and (held := listed[len(folders)]) is not None:
            known = known.documented_as(held)
        known = known._replace(evidence=complete(store, recording_id, known.evidence, listings=listings))
    return known, recording or decide(known.accepted, known.evidence)


def standing(store: ObjectStore, known: Known, now_ms: int) -> Known:
    """Return what is known; with a fact that it stays completed where late news would open it again.

    What that news is about is looked for all the same, until its last look.
    """
    if known.documented is None or not is_reopened(known.accepted, known.documented, known.evidence):
        return known
    markers.mark_look(store, known.accepted.recording_id, now_ms)
    return record(store, known, stays(now_ms))


def rebuild(store: ObjectStore, recording_id: str, now_ms: int) -> list[str] | None:
    """Write the document from the stored facts alone; return the names of those that can't be read.

    None where no recording has this id.

    A listing may not name the newest facts yet, so those that the present document names are read by their names.
    Of a fact that is damaged or gone by now the document keeps what it has read: without a start or an end a recording
    that is over would begin anew.
    """
    accepted = accepted_of(store, recording_id)
    if accepted is None:
        return None
    held = evidence_in_document(store, recording_id)
    if is_erased(store, recording_id, held):
        return None
    evidence = complete(store, recording_id, Evidence(), held)
    unread = unread_facts(evidence, held)
    if unread and held:
        evidence = held.join(evidence)
    known = standing(store, Known(accepted, evidence, held), now_ms)
    _, recording = save(store, known._replace(documented=None), now_ms)
    if not recording.state.final:
        markers.mark_look(store, recording_id, now_ms)  # it may have been final in the document, and done
    return unread


def _link(store: ObjectStore, recording_id: str, task_id: str) -> None:
    """Write which recording a task belongs to, for its callbacks to find it."""
    store.put(keys.pointer_key(task_key_of(task_id)), f'{{"recording_id":"{recording_id}"}}'.encode())


def _body(accepted: Accepted, recording: Recording) -> bytes:
    """Return the document: the recording, and the request that it was decided from."""
    document = recording.model_dump_json(indent=1, exclude_none=True).removesuffix("\n}")
    body = f'{document},\n "accepted": {accepted.model_dump_json(exclude_none=True)}\n}}'.encode()
    wrote(body, accepted, recording.evidence)
    return body


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
    was_final = known.documented is not None and state_of(accepted, had)[0].final
    if recording.state.final:  # there is a marker where the document said already that films are to be looked into
        looks = awaited(accepted, known.evidence) and not (was_final and awaited(accepted, had))
    else:
        looks = was_final  # who is done has no marker any more
    if looks:
        first.append(partial(markers.mark_look, store, recording_id, now_ms))
    store.at_once(*first)
    body = _body(accepted, recording)
    # Where it dies among these, the look that every recording has ahead of it writes what is missing.
    also: list[Callable[[], object]] = [partial(store.put, keys.document_key(recording_id), body)]
    if recording.state.waiting:
        also.append(partial(markers.mark_start, store, accepted, now_ms, behind_ms(known.evidence)))
    fresh = [one.next_ms for one in recording.notifications if one.next_ms is not None and not one.attempts]
    if fresh and recording.state.final and not was_final and not looks and unconfirmed(accepted, known.evidence):
        also.append(partial(markers.mark_look, store, recording_id, now_ms))  # to ask TRTC before anybody is told
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
        lambda: store.create(keys.document_key(recording_id), body), lambda: facts_in(store, its)
    )
    # Whoever else writes facts has a document of his own to write, and finds ours then; or it was here before.
    listings = {its: overtaken, **({own: []} if alone else {})}
    evidence = complete(store, recording_id, known.evidence, listings=listings)
    return save(store, Known(accepted, evidence, known.evidence if alone else None), now_ms)
