"""The one model of a bucket: for unit tests, the simulation, the big site and the bench.

As it stands it answers at once and truly. With a clock and `late_ms` its listings are eventually consistent: what was
just written may be missing from them, and what was just deleted may still be there. A listing comes in pages.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shared.domain.errors import StoreRefused
from shared.ports import ListedObject, StoredObject


class Objects(MutableMapping[str, StoredObject]):
    """Key → object. Keeps a sorted list of the keys of each folder, so that listing one costs what is in it."""

    def __init__(self, objects: Mapping[str, StoredObject] | None = None) -> None:
        self.by_key: dict[str, StoredObject] = {}
        self.folders: dict[str, list[str]] = {}
        self._below: dict[str, set[str]] = {}
        self.update(objects or {})

    def __getitem__(self, key: str) -> StoredObject:
        return self.by_key[key]

    def __setitem__(self, key: str, stored: StoredObject) -> None:
        if key not in self.by_key:
            self.index(key)
        self.by_key[key] = stored

    def __delitem__(self, key: str) -> None:
        del self.by_key[key]
        self.forget(key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.by_key))

    def __len__(self) -> int:
        return len(self.by_key)

    def __contains__(self, key: object) -> bool:
        return key in self.by_key

    def index(self, key: str) -> None:
        """Let listings name the key."""
        folder = folder_of(key)
        if folder not in self.folders:
            self.folders[folder] = []
            self._below.setdefault(folder.partition("/")[0], set()).add(folder)
        insort(self.folders[folder], key)

    def forget(self, key: str) -> None:
        """Remove the key from listings."""
        keys = self.folders[folder_of(key)]
        at = bisect_right(keys, key) - 1
        if at >= 0 and keys[at] == key:
            del keys[at]

    def keys_from(self, prefix: str, after: str, most: int | None) -> list[str]:
        """Return keys under a prefix in order, from behind `after`, so many at most."""
        keys = self._keys(prefix)
        if not keys:
            return []
        first = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
        # All keys sort before the highest character.
        last = len(keys) if keys[-1].startswith(prefix) else bisect_left(keys, prefix + "\U0010ffff")
        return keys[first:last] if most is None else keys[first : min(last, first + most)]

    def _keys(self, prefix: str) -> list[str]:
        if prefix.count("/") >= 2:
            return self.folders.get(folder_of(prefix), [])
        top, slash, _ = prefix.partition("/")
        if slash and top not in self._below:
            return []
        tops = [top] if slash else list(self._below)
        names = [name for name in tops for name in self._below[name]]
        if len(names) == 1:
            return self.folders[names[0]]
        return sorted(key for name in names for key in self.folders[name])


@lru_cache(maxsize=4096)
def folder_of(key: str) -> str:
    """Return the first two segments of a key below them, `recordings/<id>`; the first one of others, `open`."""
    parts = key.split("/", 2)
    return "/".join(parts[:2]) if len(parts) == 3 else parts[0]


@lru_cache(maxsize=64)
def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()  # of films, which are large, again and again


@dataclass
class Bucket:
    """A bucket in memory.

    Attributes:
        objects: what is in it.
        versioned: ignores create-only, as a bucket does that ever had versioning.
        clock: epoch ms; needed where listings are late.
        late_ms: how long a listing does not know of what was written, and still knows what was deleted.
        page_size: keys in one page of a listing; COS: at most 1,000.
    """

    objects: MutableMapping[str, StoredObject] = field(default_factory=Objects)
    versioned: bool = False
    clock: Callable[[], int] = lambda: 0
    late_ms: int = 0
    page_size: int = 1_000
    overwritten: dict[str, bytes] = field(default_factory=dict)
    """Part of a key → the content that replaces such an object once, in the middle of a read."""
    _born: dict[str, int] = field(default_factory=dict)
    """Key → when it was written, of those that no listing names yet; in that order."""
    _died: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Key → when it was deleted, and its size, of those that listings still name; in that order."""

    def __post_init__(self) -> None:
        if not isinstance(self.objects, Objects):
            self.objects = Objects(self.objects)

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        return [call() for call in calls]

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if self.late_ms and key not in self.objects:
            self._born[key] = self.clock()
            if self._died.pop(key, None):
                self._index.forget(key)
        self.objects[key] = StoredObject(body, _etag(body), dict(metadata or {}))

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        if key in self.objects and not self.versioned:
            return False
        self.put(key, body, metadata)
        return True

    def get(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        stored = self.objects.get(key)
        if stored is None or (etag and etag != stored.etag):
            raise StoreRefused(f"GET {key}", *((412, "PreconditionFailed") if stored else (404, "NoSuchKey")))
        if self.overwritten and not etag and (found := next((each for each in self.overwritten if each in key), "")):
            self.put(key, self.overwritten.pop(found))
        return stored._replace(body=stored.body[offset : offset + length])

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        given, more = 0, True
        while more and (limit is None or given < limit):
            size = self.page_size if limit is None else min(self.page_size, limit - given)
            rows, more = self.page(prefix, after, size)
            for row in rows:
                yield row
                given, after = given + 1, row.key

    def delete(self, key: str) -> None:
        stored = self.objects.pop(key, None)
        if stored is not None and self.late_ms:
            if self._born.pop(key, None) is not None:
                return  # no listing ever knew it
            self._died[key] = (self.clock(), len(stored.body))
            self._index.index(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        assert len(keys) <= 1_000
        for key in keys:
            self.delete(key)

    def presign(self, key: str, seconds: int) -> str:
        """Return a URL, which nobody serves."""
        return f"https://bucket.example.com/{key}?for={seconds}"

    def page(self, prefix: str, after: str, size: int) -> tuple[Sequence[ListedObject], bool]:
        """Return one page of a listing, and whether there are more."""
        if self.late_ms:
            self._catch_up()
        late, index = self._born or self._died, self._index
        keys = index.keys_from(prefix, after, None if late else size + 1)
        if late:
            keys = [key for key in keys if key not in self._born]
        if not keys:
            return (), False
        objects = index.by_key
        new = tuple.__new__  # a named tuple's own costs three times as much, and rows are many
        rows = [new(ListedObject, (k, len(objects[k].body) if k in objects else self._died[k][1])) for k in keys[:size]]
        return rows, len(keys) > size

    @property
    def _index(self) -> Objects:
        assert isinstance(self.objects, Objects)
        return self.objects

    def _catch_up(self) -> None:
        """Let listings know what was written and deleted long enough ago."""
        until_ms = self.clock() - self.late_ms
        while self._born and (key := next(iter(self._born))) and self._born[key] <= until_ms:
            del self._born[key]
        while self._died and (key := next(iter(self._died))) and self._died[key][0] <= until_ms:
            del self._died[key]
            self._index.forget(key)

    def settle(self) -> None:
        """Let every listing be true from now on."""
        for key in self._died:
            self._index.forget(key)
        self.late_ms = 0
        self._born.clear()
        self._died.clear()
