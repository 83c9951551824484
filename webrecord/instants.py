"""Times as people write them, made into times the API takes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from webrecord.errors import BadUsage

FORMS = "2026-01-31T09:00:00+08:00, 2026-01-31 09:00 (here), 09:00 (the next), +90s, +10m, +2h, or epoch s"
_RELATIVE = re.compile(r"\+(\d{1,9})([smhd])")
_EPOCH = re.compile(r"\d{9,11}")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_DATED = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?\s?([Zz]|[+-]\d\d:\d\d)?",
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str, now: datetime | None) -> str | int:
    """Return RFC 3339 with an offset, or epoch seconds.

    Args:
        text: one of FORMS.
        now: the time now: without a zone on this machine's clock, or in the zone that is meant. None takes only
            what means the same tomorrow.

    Raises:
        BadUsage: it is none of these.
    """
    text = text.strip()
    if now is None and (_RELATIVE.fullmatch(text) or _CLOCK.fullmatch(text)):
        raise BadUsage(f"{text!r} means another time each time it is read; write a date, too")
    if now and (found := _RELATIVE.fullmatch(text)):
        try:
            return _written(now.astimezone() + timedelta(**{_UNITS[found[2]]: int(found[1])}))
        except OverflowError:
            raise BadUsage(f"{text} is too far ahead") from None
    if _EPOCH.fullmatch(text):
        return int(text)
    if now and (found := _CLOCK.fullmatch(text)):
        at = now.replace(hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0)
        return _written(at if at > now else at + timedelta(days=1))
    if found := _DATED.fullmatch(text):
        day, minute, second, fraction, offset = found.groups()
        try:
            at = datetime.fromisoformat(f"{day} {minute}{second or ':00'}")
        except ValueError as error:
            raise BadUsage(f"{text!r} is no time: {error}") from None
        if offset:
            return f"{day}T{minute}{second or ':00'}{fraction or ''}{offset.upper()}"
        return _written(at.replace(tzinfo=now.tzinfo if now else None))
    raise BadUsage(f"{text!r} is no time; write {FORMS}")


def _written(at: datetime) -> str:
    return (at if at.tzinfo else at.astimezone()).isoformat(timespec="seconds")
