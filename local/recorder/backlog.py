"""A receiver's bounded queue of packets. It begins with a key frame, because the rest cannot be decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from local.recorder.flv import Tag

LIMIT_BYTES = 8 << 20  # half a minute at 2 Mbit/s


class Queue:
    """The queue of one connection. A receiver that is too slow loses all of it and continues at the next key frame."""

    def __init__(self, tags: Iterable[Tag] = ()) -> None:
        self.tags = deque(tags)
        self.size = sum(len(tag.data) for tag in self.tags)  # bytes
        self._gap = not self.tags

    def put(self, tag: Tag) -> None:
        """Append, or drop."""
        if self.size + len(tag.data) > LIMIT_BYTES:
            self.clear()
        if self._gap and not tag.is_key:
            return
        self._gap = False
        self.tags.append(tag)
        self.size += len(tag.data)

    def take(self, size: int) -> bytes:
        """Return about `size` bytes of whole tags, or what there is."""
        batch = bytearray()
        while self.tags and len(batch) < size:
            batch += self.tags.popleft().data
        self.size -= len(batch)
        return bytes(batch)

    def clear(self) -> None:
        """Forget everything up to the next key frame."""
        self.tags.clear()
        self.size = 0
        self._gap = True


class Group(Queue):
    """What came since the last key frame: where a new connection begins."""

    def put(self, tag: Tag) -> None:
        """Append, or begin anew."""
        if tag.is_key:
            self.clear()
        super().put(tag)
