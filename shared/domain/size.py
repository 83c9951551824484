"""Sizes of replies: the platform allows 6 MB of JSON, in which the body is one string. Pure."""

from __future__ import annotations

import json

MOST_REPLY = 5_500_000
"""Bytes of a body, escaped: the rest is for headers."""
MOST_PAGE = 4_000_000
"""A page ends at this size; the rest is on the next page."""


def weight(text: str) -> int:
    """Return the bytes that a text takes in the reply, each character escaped that may be."""
    return len(json.dumps(text))
