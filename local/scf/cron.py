"""SCF's cron expressions: five fields, or seven with seconds and years; Beijing's time.

Source: the document "Timer trigger". Where a day and a weekday are given, either is enough.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

__all__ = ["Cron"]

_NAMED = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: at for at, name in enumerate(_NAMED, 1)}
_DAYS = {name: at for at, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
_RANGES = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (1970, 2099)]
_NAMES: list[dict[str, int]] = [{}, {}, {}, {}, _MONTHS, _DAYS, {}]
_FIVE, _SEVEN = 5, 7
_BEIJING_S = 8 * 3600


@dataclass(frozen=True)
class Cron:
    """When a timer fires."""

    fields: tuple[frozenset[int], ...]
    any_day: bool
    any_weekday: bool

    @staticmethod
    def parse(text: str) -> Cron:
        """Read an expression.

        Raises:
            ValueError: it is none.
        """
        parts = text.split()
        if len(parts) == _FIVE:
            parts = ["0", *parts, "*"]
        if len(parts) != _SEVEN:
            raise ValueError(f"{text!r} has {len(parts)} fields: 5 or 7 are wanted")
        values = tuple(_field(part, at) for at, part in enumerate(parts))
        return Cron(values, any_day=parts[3] in "*?", any_weekday=parts[5] in "*?")

    def fires(self, now: int) -> bool:
        """Tell whether it fires in this second since 1970."""
        at = time.gmtime(now + _BEIJING_S)
        weekday = (at.tm_wday + 1) % 7
        second, minute, hour, days, months, weekdays, years = self.fields
        day, of_week = at.tm_mday in days, weekday in weekdays
        both = (day or of_week) if not self.any_day and not self.any_weekday else (day and of_week)
        return (
            both
            and at.tm_sec in second
            and at.tm_min in minute
            and at.tm_hour in hour
            and at.tm_mon in months
            and at.tm_year in years
        )


def _field(text: str, at: int) -> frozenset[int]:
    low, high = _RANGES[at]
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        stride = _number(step, {}) if slash else 1
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, _NAMES[at])
            end = _number(last, _NAMES[at]) if dash else high if slash else begin
        if at == 5 and (begin, end) == (7, 7):
            begin = end = 0
        if not low <= begin <= end <= high or stride < 1:
            raise ValueError(f"{text!r} is out of {low} to {high}")
        found.update(range(begin, end + 1, stride))
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    if text.upper() in names:
        return names[text.upper()]
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise ValueError(f"{text!r} is no number")
    return int(text)
