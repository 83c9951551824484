"""The journal of a recording: what is known of it, read from its request, its document and its facts.

`read` joins every listed fact; `record` writes a fact. `writer` writes the document, which holds the request, too, so
that who has read it needs no other object.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.document import Recording, decide
from shared.domain.errors import NotFound, StoreError
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, evidence_of_fact
from shared.ports import ObjectStore
from shared.store import tombstones
from shared.store.stored import accepted_of, complete, document_of, evidence_in_document, facts_in


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

    def documented_as(self, held: Evidence) -> Known:
        """Return it with what the document holds by now."""
        if held is self.documented and held.facts.keys() <= self.evidence.facts.keys():
            return self  # nobody wrote it meanwhile
        return self.plus(held)._replace(documented=held)


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
    return known if held is None else known.documented_as(held)


def _documented_if_there(store: ObjectStore, recording_id: str) -> Evidence | None:
    try:
        return evidence_in_document(store, recording_id)
    except StoreError:
        return None  # the fact is what counts


def read(store: ObjectStore, recording_id: str, seen: Known | None = None) -> Known | None:
    """Return what is known of a recording, every listed fact included; None where none was accepted under the id.

    Whether there is one is asked of the request itself: a deletion erases that first, with the document. If it can't be
    read, raise Damaged. `seen` is of `glanced`, where the document was read already.
    """
    accepted, documented, listed = store.at_once(
        lambda: accepted_of(store, recording_id),
        lambda: seen.documented if seen else evidence_in_document(store, recording_id),
        lambda: facts_in(store, keys.recording_facts(recording_id)),
    )
    if accepted is None or is_erased(store, recording_id, documented):
        return None
    return _known(store, accepted, documented, listed)


def is_erased(store: ObjectStore, recording_id: str, held: Evidence | None) -> bool:
    """Tell whether a recording that has a request, and perhaps no document, is deleted.

    The request may have been read before the deletion, or a start that read the tombstone too early has stored it anew.
    Else there is no document while a start begins.
    """
    return held is None and tombstones.is_used(store, recording_id)


def rest(store: ObjectStore, accepted: Accepted) -> Known:
    """Return what is known of a recording whose request was read."""
    recording_id = accepted.recording_id
    documented, listed = store.at_once(
        lambda: evidence_in_document(store, recording_id), lambda: facts_in(store, keys.recording_facts(recording_id))
    )
    return _known(store, accepted, documented, listed)


def documented(store: ObjectStore, recording_id: str) -> Known | None:
    """Return what the document knows; `save` finds the facts that it lacks. None and Damaged: see `read`."""
    held = document_of(store, recording_id)
    accepted = (held and held.accepted) or accepted_of(store, recording_id)
    if accepted is None:
        return None
    return Known(accepted, held.evidence, held.evidence) if held else _known(store, accepted, None, None)


def glanced(store: ObjectStore, recording_id: str) -> Known | None:
    """Return what the document says by itself; None where there is none that holds the request, too."""
    held = document_of(store, recording_id)
    return Known(held.accepted, held.evidence, held.evidence) if held and held.accepted else None


def whole(store: ObjectStore, known: Known) -> Known:
    """Return what `read` does of a recording whose document was read, without its request: where it is over."""
    return _known(store, known.accepted, known.documented, None)


def _known(store: ObjectStore, accepted: Accepted, held: Evidence | None, listed: list[str] | None) -> Known:
    prefix = keys.recording_facts(accepted.recording_id)
    evidence = held or Evidence()
    listings = {} if listed is None else {prefix: listed}
    return Known(accepted, complete(store, accepted.recording_id, evidence, listings=listings), held)


def no_recording(recording_id: str) -> NotFound:
    """Return the error for an id under which nothing was accepted."""
    return NotFound(f"there is no recording {recording_id}")


def find(store: ObjectStore, recording_id: str) -> Known:
    """Return what `read` does, or raise NotFound."""
    known = read(store, recording_id)
    if known is None:
        raise no_recording(recording_id)
    return known


def current(store: ObjectStore, recording_id: str) -> Recording:
    """Return the recording as its document has it, or else the facts. Raise NotFound or Damaged: see `read`."""
    accepted, held = store.at_once(
        lambda: accepted_of(store, recording_id), lambda: evidence_in_document(store, recording_id)
    )
    if accepted is None or is_erased(store, recording_id, held):
        raise no_recording(recording_id)
    return decide(accepted, held or complete(store, recording_id, Evidence()))
