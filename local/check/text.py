"""Strangers' text on our terminal: one line, without control characters, and addresses without their secrets."""

from __future__ import annotations

import unicodedata

from shared.domain.redaction import redact

_READ = 4_000
_MARKS = 4
"""On one letter; no script writes more."""
_JOINERS = "\u200c\u200d"


def tidy(value: object, most: int = 200) -> str:
    """Return what a page says as one harmless line of at most `most` characters."""
    line = _flat(" ".join("".join(map(_shown, redact(str(value)[:_READ]))).split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def _flat(line: str) -> str:
    """Return the line without marks that pile up over and under its neighbours."""
    kept, marks = [], 0
    for char in line:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(char)
    return "".join(kept)


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") and char not in _JOINERS
    return "·" if hidden else char


def word(value: object, most: int = 2_000) -> str:
    """Return a value of a message as text, cut; "" where it is none."""
    return value[:most] if isinstance(value, str) else ""


def number(value: object) -> float:
    """Return a value of a message as a number within reason; 0 where it is none."""
    if isinstance(value, int | float) and abs(value) < 1e9:  # false for NaN
        return float(value)
    return 0.0


def fields(value: object) -> dict[str, object]:
    """Return a value of a message as an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object, most: int) -> list[object]:
    """Return the first values of a list; none where it is no list."""
    return value[:most] if isinstance(value, list) else []
