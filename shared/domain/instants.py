"""Points in time as callers write them: RFC 3339 with an offset, or epoch seconds."""

from __future__ import annotations

import re
from datetime import datetime

from shared.domain.wrongs import Wrong

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LATEST_S = 253_402_300_799
"""The end of the year 9999, epoch seconds."""


def check_instant(value: object) -> object:
    """Return the value as it was given if it is an instant, or raise Wrong."""
    instant_ms(value)
    return value


def instant_ms(value: object) -> int:
    """Return epoch ms; errors as `check_instant`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST_S:
        return round(value * 1000)
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        # Python 3.10 reads neither Z nor a fraction of any length.
        text = re.sub(r"[Zz]$", "+00:00", value.replace("t", "T").replace(" ", "T"))
        text = re.sub(r"\.(\d+)", lambda digits: f".{digits[1]:0<6}"[:7], text)
        try:
            return round(datetime.fromisoformat(text).timestamp() * 1000)
        except (ValueError, OverflowError):
            raise Wrong("no_such_time") from None
    raise Wrong("no_instant")
