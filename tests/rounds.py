"""A store that counts its calls, and how many of them stand one behind the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.ports import ListedObject, StoredObject
from tests.fakes import MemoryStore


class RoundsStore(MemoryStore):
    """`rounds` is the longest way through the calls since `taken`: of calls at once only the longest counts."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.rounds = 0

    def taken(self) -> Counter[str]:
        """Return how often each verb was called since the last time; begin to count anew."""
        counts, self.counts, self.rounds = self.counts, Counter(), 0
        return counts

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        begin, most, results = self.rounds, self.rounds, []
        for call in calls:
            self.rounds = begin
            results.append(call())
            most = max(most, self.rounds)
        self.rounds = most
        return results

    def _note(self, verb: str) -> None:
        self.counts[verb] += 1
        self.rounds += 1

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._note("PUT")
        super().put(key, body, metadata)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        there = key in self.objects
        if there:
            self._note("PUT")
        else:
            self.put(key, body, metadata)
        return not there

    def get(self, key: str) -> StoredObject | None:
        self._note("GET")
        return super().get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self._note("LIST")
        return super().list(prefix, after, limit)

    def delete(self, key: str) -> None:
        self._note("DELETE")
        super().delete(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        self._note("DELETE")
        for key in keys:
            MemoryStore.delete(self, key)
