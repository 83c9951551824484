"""A bucket in memory for a site of a million objects: the cost of a call does not depend on how many there are."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field

from shared.ports import ListedObject, StoredObject


@dataclass
class FolderStore:
    """A bucket that keeps a sorted list of keys for each folder of depth one or two; see `folder_of`.

    It answers as `tests.fakes.MemoryStore` does. ETags are left out: nothing here compares them.
    """

    objects: dict[str, StoredObject] = field(default_factory=dict)
    folders: dict[str, MutableSequence[str]] = field(default_factory=dict)
    below: dict[str, set[str]] = field(default_factory=dict)
    """First segment → the folders that begin with it."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if key not in self.objects:
            folder = folder_of(key)
            if folder not in self.folders:
                self.folders[folder] = []
                self.below.setdefault(folder.partition("/")[0], set()).add(folder)
            insort(self.folders[folder], key)
        self.objects[key] = StoredObject(body, "", metadata or {})

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        if key in self.objects:
            return False
        self.put(key, body, metadata)
        return True

    def get(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        keys = self._keys(prefix)
        first = bisect_right(keys, after) if after else 0
        found = (key for key in keys[first:] if key.startswith(prefix))
        for given, key in enumerate(found):
            if given == limit:
                return
            yield ListedObject(key, len(self.objects[key].body))

    def delete(self, key: str) -> None:
        if key in self.objects:
            del self.objects[key]
            folder = self.folders[folder_of(key)]
            del folder[bisect_right(folder, key) - 1]

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.delete(key)

    def _keys(self, prefix: str) -> Sequence[str]:
        if prefix.count("/") >= 2:
            return self.folders.get(folder_of(prefix), [])
        tops = [prefix.partition("/")[0]] if "/" in prefix else list(self.below)
        names = [name for top in tops for name in self.below.get(top, ())]
        if len(names) == 1:
            return self.folders[names[0]]
        return sorted(key for name in names for key in self.folders[name])


def folder_of(key: str) -> str:
    """Return the first two segments of a key below them, `recordings/<id>`; the first one of others, `open`."""
    parts = key.split("/", 2)
    return "/".join(parts[:2]) if len(parts) == 3 else parts[0]
