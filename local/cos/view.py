"""What a listing sees of a bucket: its keys in UTF-8 order, possibly a while ago."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.cos.model import Entry


@dataclass
class ListingPage:
    """One page of a listing. `next_marker` is None on the last one."""

    entries: list[Entry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_marker: str | None = None


class ListingView:
    """Sorted keys, kept up to date change by change.

    Python orders str by code point, which is the order of their UTF-8 bytes.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.key: entry for entry in entries}
        self._keys = sorted(self._entries)
        self._pending: deque[tuple[float, str, Entry | None]] = deque()

    def record(self, key: str, entry: Entry | None, delay_s: float) -> None:
        """Note a write, or a deletion (None), to be seen `delay_s` seconds from now."""
        self._pending.append((time.monotonic(), key, entry))
        self.settle(delay_s)

    def settle(self, delay_s: float) -> None:
        """Apply, in order, the changes that are older than `delay_s` seconds."""
        horizon = time.monotonic() - delay_s
        while self._pending and self._pending[0][0] <= horizon:
            _, key, entry = self._pending.popleft()
            if entry is None:
                if self._entries.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in self._entries:
                    insort(self._keys, key)
                self._entries[key] = entry

    def page(self, prefix: str, marker: str, delimiter: str, limit: int) -> ListingPage:
        """At most `limit` keys and common prefixes after `marker` (document "GET Bucket")."""
        page, keys = ListingPage(), self._keys
        position = max(bisect_left(keys, prefix), self._after(marker, prefix, delimiter))
        end = _end_of(keys, prefix)
        last = ""
        for _ in range(limit):
            if position >= end:
                break
            last = keys[position]
            cut = last.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                page.entries.append(self._entries[last])
                position += 1
            else:
                last = last[: cut + len(delimiter)]
                page.prefixes.append(last)
                position = _end_of(keys, last)
        if position < end and limit:
            page.next_marker = last
        return page

    def _after(self, marker: str, prefix: str, delimiter: str) -> int:
        rest = marker.removeprefix(prefix)
        if delimiter and marker.startswith(prefix) and rest.find(delimiter) == len(rest) - len(delimiter) >= 0:
            return _end_of(self._keys, marker)  # a common prefix was the last thing listed: skip all of it
        return bisect_right(self._keys, marker) if marker else 0


def _end_of(keys: list[str], prefix: str) -> int:
    """Position after the last key that starts with `prefix`."""
    stem = prefix.rstrip("\U0010ffff")
    return bisect_left(keys, stem[:-1] + chr(ord(stem[-1]) + 1)) if stem else len(keys)
