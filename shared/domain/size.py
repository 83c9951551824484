"""What a reply may hold: the platform lets through 6 MB, as JSON in which the body is one text. Pure."""

from __future__ import annotations

import json

MOST_REPLY = 5_500_000
"""Bytes of a body, escaped: the rest is for headers."""
MOST_PAGE = 4_000_000
"""From which a page ends; what follows is on the next one."""


def weight(text: str) -> int:
    """Return the bytes that a text takes in the reply, each character escaped that may be."""
    return len(json.dumps(text))
