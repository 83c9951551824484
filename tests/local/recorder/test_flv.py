"""Cutting an FLV stream into tags: whatever the pieces, nothing is lost and nothing is torn."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from local.recorder.flv import Tag, Tags

_FILE = b"FLV\x01\x05\x00\x00\x00\x09" + bytes(4)


def tag(kind: int, body: bytes) -> bytes:
    """Return a tag as the specification lays it out."""
    head = bytes([kind]) + len(body).to_bytes(3, "big") + bytes(7)
    return head + body + (len(head) + len(body)).to_bytes(4, "big")


METADATA = tag(18, b"\x02\x00\x0aonMetaData")
AVC_HEADER = tag(9, b"\x17\x00\x00\x00\x00\x01\x42")
AAC_HEADER = tag(8, b"\xaf\x00\x11\x90")
KEY, OTHER, SOUND = tag(9, b"\x17\x01key"), tag(9, b"\x27\x01other"), tag(8, b"\xaf\x01sound")
HEAD = _FILE + METADATA + AVC_HEADER + AAC_HEADER


@given(
    media=st.lists(st.sampled_from([KEY, OTHER, SOUND]), max_size=12),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
def test_any_pieces_give_the_same_tags(media: list[bytes], cuts: list[int]) -> None:
    """The tags, joined, are the stream without its head, wherever it was cut; key frames are known as such."""
    stream = HEAD + b"".join(media)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    tags, found = Tags(), list[Tag]()
    for begin, end in itertools.pairwise(edges):
        found += tags.feed(stream[begin:end])
    assert [Tag(each, each is KEY) for each in media] == found
    assert tags.head == HEAD


def test_new_settings_replace_the_old() -> None:
    """Who joins later gets the decoder's settings of now."""
    tags = Tags()
    tags.feed(HEAD + KEY)
    changed = tag(9, b"\x17\x00\x00\x00\x00\x01\x64")
    tags.feed(changed)
    assert tags.head == _FILE + METADATA + changed + AAC_HEADER


def test_no_head_before_it_came() -> None:
    """A torn header gives nothing."""
    tags = Tags()
    assert tags.feed(_FILE[:5]) == []
    assert tags.head == b""
