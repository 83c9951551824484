"""Time zones by name, and times of day that a zone's clocks skip or show twice."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from webrecord.errors import BadUsage
from webrecord.words import t

_CALLED = dict.fromkeys(("beijing", "china", "cst", "北京", "北京时间", "上海", "中国"), "Asia/Shanghai")
"""What people call a zone that has another name."""
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)


def zone_of(name: str | None) -> tzinfo | None:
    """Return the zone of a name, `Asia/Shanghai`, or of an offset, `+08:00`; None, this machine's, for None.

    Raises:
        BadUsage: there is no such zone; the nearest name is told.
    """
    if name is None:
        return None
    text = name.strip()
    if text.lower() in ("utc", "z", "gmt"):
        return timezone.utc
    if (found := _OFFSET.fullmatch(text)) and int(found[2]) < 15:
        span = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(span if found[1] == "+" else -span)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    known = {one.lower(): one for one in available_timezones()}
    plain = text.lower().replace(" ", "_")
    like = _CALLED.get(plain) or known.get(plain) or ""
    like = like or next((one for one in sorted(known.values()) if one.lower().endswith(f"/{plain}")), "")
    if not like and (close := difflib.get_close_matches(plain, known, 1)):
        like = known[close[0]]
    hint = (
        t("did you mean {like}?", like=like)
        if like
        else t("write one such as Asia/Shanghai, or an offset such as +08:00")
    )
    raise BadUsage(t("there is no zone {text!r}; {hint}", text=text[:40], hint=hint))


def placed(at: datetime, zone: tzinfo | None) -> datetime:
    """Return a time of a zone's clocks as a point in time; `zone` None is this machine's.

    Raises:
        BadUsage: the clocks are put forward over it, or back so that it comes twice.
    """
    try:
        first, second = (_in_zone(at.replace(fold=fold), zone) for fold in (0, 1))
    except (OverflowError, ValueError, OSError):
        raise BadUsage(t("{at:%Y-%m-%d %H:%M} is out of the range of times", at=at)) from None
    if first.utcoffset() != second.utcoffset():
        shown = f"{at:%Y-%m-%d %H:%M}"
        if first.astimezone(timezone.utc) > second.astimezone(timezone.utc):
            raise BadUsage(
                t(
                    "{shown} does not exist in {zone}: the clocks skip it",
                    shown=shown,
                    zone=zone or t("this zone"),
                )
            )
        raise BadUsage(
            t(
                "{shown} comes twice in {zone}: write it with an offset, as {isoformat}",
                shown=shown,
                zone=zone or t("this zone"),
                isoformat=first.isoformat(),
            )
        )
    return first


def day_start(day: datetime, zone: tzinfo | None) -> datetime:
    """Return when a day begins in a zone, also where its clocks skip midnight."""
    return _in_zone(day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0), zone)


def _in_zone(at: datetime, zone: tzinfo | None) -> datetime:
    return at.astimezone() if zone is None else at.replace(tzinfo=zone)
