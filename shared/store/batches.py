"""Delete any number of objects, in as many calls as that takes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from shared.ports import ObjectStore

AT_ONCE = 1_000
"""Objects that one call deletes at most."""


def delete_all(store: ObjectStore, keys: Iterable[str]) -> None:
    """Delete objects; the keys may come from a listing, of which no more than a batch is kept."""
    left = iter(keys)
    while batch := list(islice(left, AT_ONCE)):
        store.delete_many(batch)
