"""Replay: rebuild recording documents from their stored facts alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from shared.domain import keys
from shared.domain.errors import Damaged, NotFound, StoreError
from shared.domain.foreign import Foreign
from shared.domain.ids import is_recording_id
from shared.ports import ObjectStore
from shared.store import writer

MOST_NAMED = 20
"""In the log, of each kind."""


@dataclass
class Replayed:
    """How many documents were rebuilt, which of them differed from what was stored, of which something can't be read.

    `damaged`: the request, and the recording is skipped; or facts, and of those the document keeps what it has read.
    `unread` are the first of these facts, `<recording_id>/<name>`.
    `unanswered`: the bucket refused or failed a call for it, each time; it is skipped, and those behind it are taken.
    `absent` are the ids without a recording: nobody asked for it, or it is deleted.
    `after` is the recording that the time ended with; None where all were taken.
    """

    recordings: int
    changed: list[str]
    damaged: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    foreign: Foreign = field(default_factory=Foreign)
    after: str | None = None

    def noted(self) -> dict[str, object]:
        """Return what the invocation's line says of it; None where there is nothing to say."""
        named = {"changed": self.changed[:MOST_NAMED], "damaged": self.damaged[:MOST_NAMED]}
        of_them = {"unread_facts": self.unread or None, "unanswered": self.unanswered[:MOST_NAMED] or None}
        return {"recordings": self.recordings, **named, **self.foreign.noted(), **of_them, "after": self.after}


def replay(
    store: ObjectStore,
    recording_ids: Iterable[str],
    now_ms: int,
    *,
    after: str = "",
    has_time: Callable[[], bool] = lambda: True,
) -> Replayed:
    """Rebuild the documents of these recordings, behind `after`; NotFound: that is none of them."""
    result, last = Replayed(0, []), after
    ids = result.foreign.skipped(recording_ids, is_recording_id)
    if after and after not in ids:  # reads as far as there
        raise NotFound(f"{after} is not among the recordings: begin anew, without after")
    for recording_id in ids:
        if not has_time():
            result.after = last or None
            break
        last = recording_id
        try:
            _rebuild(store, recording_id, now_ms, result)
        except Damaged:
            result.damaged.append(recording_id)
        except StoreError:  # of one object, maybe: those behind it have others
            result.unanswered.append(recording_id)
    return result


def _rebuild(store: ObjectStore, recording_id: str, now_ms: int, result: Replayed) -> None:
    """Rebuild one document, and note what came of it."""
    before = store.get(keys.document_key(recording_id))
    unread = writer.rebuild(store, recording_id, now_ms)
    if unread is None:
        result.absent.append(recording_id)
        return
    rebuilt = store.get(keys.document_key(recording_id))
    if unread:
        result.damaged.append(recording_id)
        result.unread += [f"{recording_id}/{name}" for name in unread][: MOST_NAMED - len(result.unread)]
    result.recordings += 1
    if before is None or rebuilt is None or before.body != rebuilt.body:
        result.changed.append(recording_id)


def all_recordings(store: ObjectStore) -> Iterator[str]:
    """Yield the id of every recording ever accepted, by the index; of a foreign entry its key, which is no id."""
    seen = set[str]()  # by the index of the release before: a start that it left half done is in both
    for item in chain(store.list("days/"), store.list("index/")):
        name = keys.indexed(item.key)
        if name is None or name not in seen:
            yield keys.recording_named(name) if name else item.key
        if name and item.key.startswith("days/"):
            seen.add(name)
