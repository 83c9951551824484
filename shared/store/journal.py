"""The journal of a recording: its facts, and the document derived from them.

`read` and `save` are the only doors to the document, `record` is the only one to the facts. Every writer lists the
facts before it writes the document and once more after it: of two writers at once, the last holds the news of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.callbacks import parse_callback
from shared.domain.document import Recording, decide
from shared.domain.errors import Damaged, NotFound
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, changed, evidence_of_callback, evidence_of_fact, read_fact, unreadable
from shared.domain.ids import is_fact_name, is_recording_id, task_key_of
from shared.domain.states import since_ms, state_of
from shared.domain.steps import behind_ms
from shared.ports import ObjectStore, StoredObject
from shared.store import markers

ROUNDS = 20
"""Writes of one `save` at most; it repeats them only for facts that were stored meanwhile."""


class _Documented(BaseModel):
    """What is read of a document; the rest is decided anew."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    recording_id: str
    evidence: Evidence


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
    """Write a fact; durable when this returns. Return what is known with it."""
    store.put(f"{keys.recording_facts(known.accepted.recording_id)}{fact.name}.json", fact.body)
    return known.plus(evidence_of_fact(fact))


def accepted_of(store: ObjectStore, recording_id: str) -> Accepted | None:
    """Return the accepted request, or None where none was accepted under this id.

    Raises:
        Damaged: the stored request can't be read.
    """
    stored = store.get(keys.request_key(recording_id))
    try:
        accepted = Accepted.model_validate_json(stored.body) if stored else None
    except ValidationError:
        accepted = None
    if stored and (accepted is None or accepted.recording_id != recording_id):
        raise Damaged(f"the stored request of recording {recording_id} can't be read")
    return accepted


def read(store: ObjectStore, recording_id: str) -> Known | None:
    """Return what is known of a recording, every listed fact included; None where none was accepted under the id.

    Raises:
        Damaged: the stored request can't be read.
    """
    accepted = accepted_of(store, recording_id)
    if accepted is None:
        return None
    documented = _documented(store, recording_id)
    return Known(accepted, _complete(store, recording_id, documented or Evidence()), documented)


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


def save(store: ObjectStore, known: Known, now_ms: int) -> tuple[Known, Recording]:
    """Write the document, then list the facts and write again until none is missing; nothing where nothing changed.

    The document is derived: losing its write loses nothing. A start that waits and a receiver that is to be notified
    get their marker with it.
    """
    recording = None
    for _ in range(ROUNDS):
        if known.evidence == known.documented:
            break
        known, recording = _write(store, known, now_ms)
        known = known._replace(evidence=_complete(store, known.accepted.recording_id, known.evidence))
    return known, recording or decide(known.accepted, known.evidence)


def reread(store: ObjectStore, known: Known, now_ms: int) -> tuple[Known, Recording]:
    """Read the document once more after a write: another writer at once may have news that no listing has yet."""
    written = _documented(store, known.accepted.recording_id) or Evidence()
    return save(store, known.plus(written)._replace(documented=written), now_ms)


def rebuild(store: ObjectStore, recording_id: str, now_ms: int) -> Known | None:
    """Write the document from the stored facts alone; None where no recording has this id.

    A listing may not name the newest facts yet, so those that the present document names are read by their names.
    """
    accepted = accepted_of(store, recording_id)
    if accepted is None:
        return None
    evidence = _complete(store, recording_id, Evidence(), _documented(store, recording_id))
    known, recording = save(store, Known(accepted, evidence), now_ms)
    if not recording.state.final:
        markers.mark_look(store, recording_id, now_ms)  # it may have been final in the document, and done
    return known


def current(store: ObjectStore, recording_id: str) -> Recording:
    """Return the recording as its document has it; derived from the facts where there is no document yet.

    Raises:
        NotFound: no recording has this id.
        Damaged: the stored request can't be read.
    """
    accepted = accepted_of(store, recording_id)
    if accepted is None:
        raise no_recording(recording_id)
    return decide(accepted, _documented(store, recording_id) or _complete(store, recording_id, Evidence()))


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
    """Return the evidence in `recording.json`; None where there is no document, or none that can be read."""
    stored = store.get(keys.document_key(recording_id))
    try:
        document = _Documented.model_validate_json(stored.body) if stored else None
    except (ValueError, RecursionError):
        return None
    return document.evidence if document and document.recording_id == recording_id else None


def _complete(store: ObjectStore, recording_id: str, evidence: Evidence, named: Evidence | None = None) -> Evidence:
    """Return the evidence joined with every stored fact that it lacks, of those that are listed or `named`.

    Only missing facts are read: their names tell which those are.
    """
    also = named.facts if named else {}
    evidence = _joined(store, keys.recording_facts(recording_id), evidence, also, _fact_says)
    for task_key in sorted({*evidence.tasks, *(named.tasks if named else ())}):
        evidence = _joined(store, keys.task_facts(task_key), evidence, also, _callback_says)
    return evidence


def _joined(
    store: ObjectStore,
    prefix: str,
    evidence: Evidence,
    named: Iterable[str],
    says: Callable[[str, StoredObject], Evidence],
) -> Evidence:
    listed = {item.key.removeprefix(prefix).removesuffix(".json") for item in store.list(prefix)}
    for name in sorted({*filter(is_fact_name, listed.difference(evidence.facts)), *named}.difference(evidence.facts)):
        if stored := store.get(f"{prefix}{name}.json"):
            evidence = evidence.join(says(name, stored))
    return evidence


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


def _write(store: ObjectStore, known: Known, now_ms: int) -> tuple[Known, Recording]:
    accepted, recording = known.accepted, decide(known.accepted, known.evidence)
    if accepted.notify_url and accepted.notify_on == "changes" and not recording.state.final:
        # The time of a state may move with late news; while the state is the same it is the same change.
        newest = max(known.evidence.changes.items(), default=("", ""))[1]
        fact = changed(since_ms(accepted, known.evidence, recording.state), recording.state.value)
        if newest != recording.state.value and fact.name not in known.evidence.facts:
            known = record(store, known, fact)
            recording = decide(accepted, known.evidence)
    for task_key, task in known.evidence.tasks.items():
        # A start may have died before its pointer; a document that names the task says that it was written.
        if task.task_id and task_key not in (known.documented or Evidence()).tasks:
            _link(store, accepted.recording_id, task.task_id)
    if recording.state.waiting:
        markers.mark_start(store, accepted, now_ms, behind_ms(known.evidence))
    elif not recording.state.final and (known.documented and state_of(accepted, known.documented)[0].final):
        markers.mark_look(store, accepted.recording_id, now_ms)  # who is done has no marker any more
    if any(message.next_ms == 0 for message in recording.notifications):
        # A marker of a time of its own: reconcile may be deleting an older one right now.
        markers.mark_message(store, accepted.recording_id, now_ms)
    body = recording.model_dump_json(indent=1, exclude_none=True).encode()
    store.put(keys.document_key(accepted.recording_id), body)
    return known._replace(documented=known.evidence), recording
