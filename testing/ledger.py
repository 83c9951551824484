"""The ledger of a run: what really happened, append-only. Laws compare with it, and traces print it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One thing that happened.

    Attributes:
        ms: when, epoch ms.
        who: the actor: `caller`, `trtc`, `bucket`, `receiver`, `platform`, or an invocation's label.
        what: what it did: `answered`, `task began`, `file`, `callback`, `notified`, …
        about: the recording, task or object.
        data: what belongs to it.
    """

    ms: int
    who: str
    what: str
    about: str
    data: dict[str, Any]


@dataclass
class Ledger:
    """The entries in order of time."""

    clock: Callable[[], int]
    entries: list[Entry] = field(default_factory=list)
    _kinds: dict[str, list[Entry]] = field(default_factory=dict)

    def note(self, who: str, what: str, about: str = "", **data: Any) -> None:
        """Add an entry of now."""
        self.add(Entry(self.clock(), who, what, about, data))

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        self.entries.append(entry)
        self._kinds.setdefault(entry.what, []).append(entry)

    def of(self, what: str) -> Iterator[Entry]:
        """Yield entries of one kind."""
        return iter(self._kinds.get(what, ()))
