"""The journal of a recording: its facts in the store, and the document derived from them."""

from __future__ import annotations

import json

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.callbacks import parse_callback
from shared.domain.document import Recording, decide
from shared.domain.errors import NotFound
from shared.domain.evidence import Evidence, fold
from shared.domain.facts import Fact, changed, evidence_of_callback, evidence_of_fact, read_fact
from shared.domain.states import since_ms
from shared.ports import ObjectStore

RECENT_MS = 900_000
"""Behind every fact that reconcile may not have joined yet: it looks at a running recording every ten minutes."""


def record(store: ObjectStore, recording_id: str, fact: Fact) -> Evidence:
    """Write a fact; durable when this returns. Return what it says."""
    store.put(f"{keys.recording_facts(recording_id)}{fact.name}.json", fact.body)
    return evidence_of_fact(fact)


def load_accepted(store: ObjectStore, recording_id: str) -> Accepted | None:
    """Return the accepted request, or None where none was accepted under this id."""
    stored = store.get(keys.request_key(recording_id))
    return Accepted.model_validate_json(stored.body) if stored else None


def load_document(store: ObjectStore, recording_id: str) -> Evidence:
    """Return the evidence in `recording.json`; nothing where there is no document, or none that can be read.

    The document is derived: what it can't tell is read from the facts.
    """
    stored = store.get(keys.document_key(recording_id))
    try:
        return Evidence.model_validate(json.loads(stored.body)["evidence"]) if stored else Evidence()
    except (ValueError, KeyError, TypeError):
        return Evidence()


def complete(store: ObjectStore, recording_id: str, known: Evidence, since_ms: int = 0) -> Evidence:
    """Return `known` joined with every stored fact that it does not name; of callbacks those since the time.

    Only facts that are missing are read: the listing gives the names.
    """
    evidence = known
    prefix = keys.recording_facts(recording_id)
    for name in _missing(store, prefix, evidence, 0):
        if stored := store.get(f"{prefix}{name}.json"):
            evidence = evidence.join(evidence_of_fact(read_fact(stored.body)))
    for task_key in list(evidence.tasks):
        prefix = keys.task_facts(task_key)
        for name in _missing(store, prefix, evidence, since_ms):
            if stored := store.get(f"{prefix}{name}.json"):
                evidence = evidence.join(evidence_of_callback(parse_callback(stored.body)))
    return evidence


def _missing(store: ObjectStore, prefix: str, evidence: Evidence, since_ms: int) -> list[str]:
    after = f"{prefix}{since_ms:013d}" if since_ms > 0 else ""  # names begin with their time
    names = (keys.fact_of(item.key.removeprefix(prefix)) for item in store.list(prefix, after))
    return [name for name in names if name and name not in evidence.facts]


def write_document(store: ObjectStore, accepted: Accepted, evidence: Evidence) -> Recording:
    """Derive the recording and rewrite `recording.json`. Derived: losing this write loses nothing."""
    recording = decide(accepted, evidence)
    if accepted.notify_url and accepted.notify_on == "changes" and not recording.state.final:
        # The time of a state may move with late news; while the state is the same it is the same change.
        newest = max(evidence.changes.items(), default=("", ""))[1]
        fact = changed(since_ms(accepted, evidence, recording.state), recording.state.value)
        if newest != recording.state.value and fact.name not in evidence.facts:
            recording = decide(accepted, evidence.join(record(store, accepted.recording_id, fact)))
    body = recording.model_dump_json(indent=1, exclude_none=True).encode()
    store.put(keys.document_key(accepted.recording_id), body)
    return recording


def publish(store: ObjectStore, accepted: Accepted, evidence: Evidence, now_ms: int) -> Recording:
    """Write the document, and wake reconcile where there is something for it to do at once.

    A marker of a time of its own: reconcile may be deleting an older one right now.
    """
    recording = write_document(store, accepted, evidence)
    if recording.state.waiting:
        wait(store, accepted)
    if any(message.next_ms == 0 for message in recording.notifications):
        store.put(keys.open_key(now_ms, accepted.recording_id), b"")
    return recording


def wait(store: ObjectStore, accepted: Accepted) -> None:
    """Mark the start that is still to be made, and the time at which it is given up."""
    store.put(keys.due_key(accepted.due_ms, accepted.recording_id), b"")
    if accepted.start_by_ms is not None:
        store.put(keys.open_key(accepted.start_by_ms, accepted.recording_id), b"")


def publish_whole(
    store: ObjectStore, accepted: Accepted, known: Evidence, evidence: Evidence, now_ms: int, since_ms: int = 0
) -> Recording:
    """Publish the evidence, unless it is what the document holds (`known`), until nothing that is stored is missing.

    Of two writers at once the one that writes last may have read first, and no later one may come to mend it: what was
    written is compared with the facts, so that the last document holds the news of both.
    """
    recording = None
    while True:
        if evidence != known:
            recording = publish(store, accepted, evidence, now_ms)
        known, evidence = evidence, complete(store, accepted.recording_id, evidence, since_ms)
        if evidence == known:
            return recording or decide(accepted, evidence)


def update(store: ObjectStore, accepted: Accepted, news: Evidence, now_ms: int, *, at_ms: int) -> Recording:
    """Join the news of a callback, of an event at `at_ms`, into the document.

    Then it holds all facts of the minutes before the event; older ones reconcile's looks have joined. It holds all,
    whatever their time, where it does not know the task's start yet: that start is writing just now.
    """
    known = load_document(store, accepted.recording_id)
    early = not news.tasks.keys() <= {attempt.task_key for attempt in known.attempts.values()}
    return publish_whole(store, accepted, known, known.join(news), now_ms, 0 if early else at_ms - RECENT_MS)


def load(store: ObjectStore, recording_id: str) -> tuple[Accepted, Evidence]:
    """Return the accepted request and the evidence of its document.

    Raises:
        NotFound: no recording has this id.
    """
    accepted = load_accepted(store, recording_id)
    if accepted is None:
        raise NotFound(f"there is no recording {recording_id}")
    return accepted, load_document(store, recording_id)


def fold_all(store: ObjectStore, recording_id: str) -> Evidence:
    """Return the evidence of the stored facts alone, whatever the document says."""
    return complete(store, recording_id, fold([]))
