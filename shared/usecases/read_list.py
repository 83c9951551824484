"""List recordings: the index, the newest first, and the documents it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice, takewhile

from shared.domain import keys
from shared.domain.document import Overview
from shared.domain.errors import NotFound, StoreError
from shared.domain.foreign import Foreign
from shared.domain.listing import ListQuery
from shared.domain.reasons import former
from shared.domain.size import MOST_PAGE, weight
from shared.ports import ObjectStore
from shared.store.journal import current
from shared.usecases.ports import QueryPorts, begins_within

MOST_READ = 500
"""Documents that one page reads at most."""
MOST_AT_ONCE = 128
"""Documents of one batch; each batch is twice the one before."""
FIRST_BATCH = 16
"""How many documents a filtered list reads first: few of many may match."""
MOST_MS = 10_000
"""A page ends after this time, with a cursor."""
MOST_FILES = 2_000
"""Files, and gaps, of one recording in a list: the first ones. Read by itself it has all."""


@dataclass(frozen=True)
class Page:
    """A page of a list; `next_cursor` is None at its end, `unshown` are the ids of damaged recordings, left out."""

    recordings: list[Overview]
    next_cursor: str | None
    unshown: list[str] = field(default_factory=list)


def page(query: ListQuery, ports: QueryPorts, foreign: Foreign | None = None) -> Page:
    """Return the newest recordings that the query takes; `foreign` gets what else is in the index."""
    entries = _entries(query, ports.store, foreign or Foreign())
    found, unshown, read, last, before, weighs = list[Overview](), list[str](), 0, None, "", 0
    size, until_ms = max(query.limit, FIRST_BATCH) if query.filtered else query.limit, _until_ms(ports)
    while len(found) < query.limit and read < MOST_READ and ports.clock() < until_ms:
        batch = list(islice(entries, min(size, MOST_READ - read)))
        size = min(size * 2, MOST_AT_ONCE)
        if not batch:
            return Page(found, None, unshown)
        for name, recording in zip(batch, ports.many(lambda name: _overview(name, ports.store), batch), strict=True):
            read, last = read + 1, name
            if isinstance(recording, str):
                unshown.append(recording)
            elif recording is not None and query.takes(recording):
                shown = _light(recording)
                weighs += weight(shown.model_dump_json(exclude_none=True))
                if found and weighs > MOST_PAGE:
                    return Page(found, query.cursor(before), unshown)
                found.append(shown)
                if len(found) == query.limit:
                    break
            before = name
    more = last is not None and (last != batch[-1] or next(entries, None) is not None)
    return Page(found, query.cursor(last) if more and last else None, unshown)


def _until_ms(ports: QueryPorts) -> int:
    return ports.clock() + int(begins_within(MOST_MS / 1000, ports.left_s(), MOST_MS / 1000) * 1000)


def _light(recording: Overview) -> Overview:
    if max(len(recording.files), len(recording.gaps)) <= MOST_FILES:
        return recording
    return recording.model_copy(update={"files": recording.files[:MOST_FILES], "gaps": recording.gaps[:MOST_FILES]})


def _entries(query: ListQuery, store: ObjectStore, foreign: Foreign) -> Iterator[str]:
    """Yield the names of the index entries that the query takes, the newest first, each once."""
    newest, oldest = query.span
    listed = (item.key for item in store.list("index/", after=f"index/{newest}"))
    ours = foreign.skipped(takewhile(f"index/{oldest}".__ge__, listed), keys.indexed)
    before = ""
    for name in merge((_name_of(key) for key in ours), _former(query, store, foreign)):
        if name != before:
            yield name
        before = name


def _former(query: ListQuery, store: ObjectStore, foreign: Foreign) -> list[str]:
    """Return the names in the index of the release before, which had a folder for each day, oldest day first."""
    newest, oldest = query.span
    listed = (item.key for item in store.list("days/", after=f"days/{query.first}"))
    ours = foreign.skipped(takewhile(f"days/{query.last}0".__gt__, listed), keys.indexed)
    return sorted(name for name in map(_name_of, ours) if newest < name <= oldest)


def _name_of(key: str) -> str:
    return keys.indexed(key) or ""


def _overview(name: str, store: ObjectStore) -> Overview | str | None:
    """Return a recording as a list shows it; None where it was deleted, its id where it can't be shown."""
    recording_id = keys.recording_named(name)
    try:
        return _decided(recording_id, store)
    except StoreError:
        raise
    except NotFound:
        return None
    except Exception:  # noqa: BLE001 (whatever is stored of one recording, the others are shown)
        return recording_id


def _decided(recording_id: str, store: ObjectStore) -> Overview:
    stored = store.get(keys.document_key(recording_id))
    try:
        if stored and (shown := Overview.model_validate_json(stored.body)).recording_id == recording_id:
            known = shown.reason_code or not shown.reason
            return shown if known else shown.model_copy(update={"reason_code": former(shown.reason or "")})
    except (ValueError, RecursionError):
        pass  # derived: it is decided afresh
    shown = Overview.model_validate(current(store, recording_id).model_dump(exclude={"evidence", "notifications"}))
    shown.model_dump_json()  # what can't be written would cost the whole list
    return shown
