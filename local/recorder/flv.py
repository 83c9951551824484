"""An FLV stream cut into its tags, so that a receiver may join at any key frame.

Layout: the document "Adobe Flash Video File Format Specification", version 10.1, annex E.
"""

from __future__ import annotations

from typing import NamedTuple

_FILE_HEADER = 13  # with the size, 0, of the tag before the first
_TAG_HEADER = 11
_SIZE = 4  # each tag is followed by its size
_AUDIO, _VIDEO, _SCRIPT = 8, 9, 18
_AAC = 10


class Tag(NamedTuple):
    """A picture or a stretch of sound as it goes over the wire; receivers begin with a key frame."""

    data: bytes
    is_key: bool


class Tags:
    """Takes the stream in pieces of any size; `head` is what every receiver needs first."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: dict[str, bytes] = {}

    @property
    def head(self) -> bytes:
        """The file's header, its metadata and the decoders' settings; empty before they came."""
        return b"".join(self._head.values())

    def feed(self, data: bytes) -> list[Tag]:
        """Return the tags that are complete now."""
        self._buffer += data
        tags: list[Tag] = []
        if not self._head:
            if len(self._buffer) < _FILE_HEADER:
                return tags
            self._head["file"] = self._take(_FILE_HEADER)
        while len(self._buffer) >= _TAG_HEADER:
            size = _TAG_HEADER + int.from_bytes(self._buffer[1:4], "big") + _SIZE
            if len(self._buffer) < size:
                break
            tag = self._take(size)
            if part := _part_of_head(tag):
                self._head[part] = tag
            else:
                tags.append(Tag(tag, tag[0] == _VIDEO and tag[_TAG_HEADER] >> 4 == 1))
        return tags

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _part_of_head(tag: bytes) -> str:
    """Name the part of the head that a tag is; empty for a picture or sound."""
    kind, body = tag[0], tag[_TAG_HEADER:-_SIZE]
    if kind == _SCRIPT:
        return "metadata"
    if kind == _VIDEO and body[1:2] == b"\0":
        return "picture"
    if kind == _AUDIO and body[:1] and body[0] >> 4 == _AAC and body[1:2] == b"\0":
        return "sound"
    return ""
