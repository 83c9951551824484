"""W3C Trace Context: the `traceparent` a caller sends is kept with the recording and passed on."""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def valid_traceparent(header: str | None) -> str | None:
    """Return the header when it is one; a broken one is to be ignored, says the specification."""
    return header if header and _TRACEPARENT.fullmatch(header) else None


def trace_id(traceparent: str | None) -> str | None:
    """Return the 32 digits by which logs of all systems are found."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found["trace"] if found else None
