"""List recordings: the day index, the newest first, and the documents it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from shared.domain import keys
from shared.domain.document import Overview
from shared.domain.errors import Damaged, NotFound
from shared.domain.foreign import Foreign
from shared.domain.listing import ListQuery, day_of
from shared.domain.size import MOST_PAGE, weight
from shared.ports import ObjectStore
from shared.store.journal import current
from shared.usecases.read_ports import QueryPorts

MOST_READ = 500
"""Documents that one page reads at most."""
MOST_FILES = 2_000
"""Files, and gaps, of one recording in a list: the first ones. Read by itself it has all."""


@dataclass(frozen=True)
class Page:
    """A page of a list; `next_cursor` is None at its end."""

    recordings: list[Overview]
    next_cursor: str | None


def page(query: ListQuery, ports: QueryPorts, foreign: Foreign | None = None) -> Page:
    """Return the newest recordings that the query takes; `foreign` gets what else is in the index."""
    listed = _listed(query, ports.store)
    entries = (foreign or Foreign()).skipped(listed, keys.indexed)
    found, read, last, before, weighs = list[Overview](), 0, None, "", 0
    while len(found) < query.limit and read < MOST_READ:
        batch = list(islice(entries, query.limit if query.filtered else query.limit - len(found)))
        if not batch:
            return Page(found, None)
        for key, recording in zip(batch, ports.many(lambda key: _overview(key, ports.store), batch), strict=True):
            read, last = read + 1, key
            if recording is not None and query.takes(recording):
                shown = _light(recording)
                weighs += weight(shown.model_dump_json(exclude_none=True))
                if found and weighs > MOST_PAGE:
                    return Page(found, query.cursor(before))
                found.append(shown)
                if len(found) == query.limit:
                    break
            before = key
    more = last is not None and (last != batch[-1] or next(entries, None) is not None)
    return Page(found, query.cursor(last) if more and last else None)


def _light(recording: Overview) -> Overview:
    if max(len(recording.files), len(recording.gaps)) <= MOST_FILES:
        return recording
    return recording.model_copy(update={"files": recording.files[:MOST_FILES], "gaps": recording.gaps[:MOST_FILES]})


def _listed(query: ListQuery, store: ObjectStore) -> Iterator[str]:
    for day in query.days():
        start = query.after if query.after and day_of(query.after) == day else ""
        for item in store.list(f"days/{day}/", after=start):
            yield item.key


def _overview(key: str, store: ObjectStore) -> Overview | None:
    recording_id = keys.indexed(key) or ""
    stored = store.get(keys.document_key(recording_id))
    try:
        if stored is not None:
            return Overview.model_validate_json(stored.body)
    except ValueError:
        pass  # derived: it is decided afresh
    try:
        return Overview.model_validate(current(store, recording_id).model_dump(exclude={"evidence", "notifications"}))
    except (NotFound, Damaged, ValueError, KeyError, TypeError):  # deleted, or damaged: the others are shown
        return None
