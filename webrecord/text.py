"""Text for terminals: what the API says is shown, never obeyed; times, lengths and sizes for people."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime
from typing import Any

_HARMLESS_FORMAT = "\u200c\u200d"
"""The joiners: some scripts and emoji need them, and they can't reorder a line."""
_RAW_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def safe(value: object) -> str:
    """Return the value as one line of text that no terminal takes for a command.

    Controls (C0, C1, escape sequences), overrides of the writing direction and halves of surrogates become "·";
    line breaks and tabs become spaces.
    """
    return "".join(map(_shown, str(value)))


def _shown(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    unprintable = unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _HARMLESS_FORMAT
    return "\u00b7" if unprintable else char


def to_json(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:  # noqa: ANN401 (any JSON value)
    """Return JSON in which characters that could steer a terminal are escaped; to a parser it is the same."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _RAW_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def local_time(ms: object) -> str:
    """Return epoch ms as date and time in the zone of this machine; "" for what is no time."""
    if not isinstance(ms, int | float) or isinstance(ms, bool):
        return ""
    try:
        return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return safe(ms)


def zone() -> str:
    """Return the offset of this machine's zone, as in "+08:00"."""
    offset = datetime.now().astimezone().strftime("%z")
    return f"{offset[:3]}:{offset[3:]}"


def length(ms: object) -> str:
    """Return a duration in ms as h:mm:ss; "" for what is none."""
    if not isinstance(ms, int | float) or isinstance(ms, bool) or ms < 0:
        return ""
    seconds = round(ms / 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def size(count: object) -> str:
    """Return a number of bytes in a unit that suits it; "" for what is none."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return ""
    if count < 1000:
        return f"{count} B"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def clock() -> str:
    """Return the time of day, here and now."""
    return datetime.now().astimezone().strftime("%H:%M:%S")
