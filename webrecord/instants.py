"""Times as people write them, made into times the API takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple

from webrecord.errors import BadUsage
from webrecord.words import t
from webrecord.zones import day_start, placed

FORMS = "2026-01-31T09:00:00+08:00, 2026-01-31 09:00 (here), 09:00 (the next), +90s, +10m, +2h, or epoch s"
FIXED = "2026-01-31T09:00:00+08:00 or epoch s; without an offset, name the zone of them all by --zone Asia/Shanghai"
DAYS = "a day such as 2026-01-31, today, yesterday, or monday (the last one)"
_RELATIVE = re.compile(r"\+(\d{1,9})([smhd])", re.ASCII)
_EPOCH = re.compile(r"\d{9,11}", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_DATED = re.compile(
    r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})[Tt ]+(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?\s?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str, now: datetime | None, zone: tzinfo | None = None, after: datetime | None = None) -> str | int:
    """Return RFC 3339 with an offset, or epoch seconds.

    Args:
        text: one of FORMS.
        now: the time now: without a zone on this machine's clock, or in the zone that is meant. None takes only
            what means the same tomorrow and everywhere.
        zone: of times without an offset; None is that of `now`.
        after: what a time of day is the next one after; None is `now`.

    Raises:
        BadUsage: it is none of these.
    """
    text, zone = text.strip(), zone or (now.tzinfo if now else None)
    if _EPOCH.fullmatch(text):
        return int(text)
    if found := _DATED.fullmatch(text):
        return _dated(text, found, zone, fixed=now is None)
    if now is None:
        varies = _RELATIVE.fullmatch(text) or _CLOCK.fullmatch(text)
        raise BadUsage(
            t(
                "{text!r} {what}; write {fixed}",
                text=text,
                what=t("means another time at each run") if varies else t("is not a time"),
                fixed=t(FIXED),
            )
        )
    if found := _RELATIVE.fullmatch(text):
        try:
            return _written(now.astimezone(zone) + timedelta(**{_UNITS[found[2]]: int(found[1])}))
        except OverflowError:
            raise BadUsage(t("{text} is too far ahead", text=text)) from None
    if found := _CLOCK.fullmatch(text):
        begin = (after or now).astimezone(zone)
        at = begin.replace(
            tzinfo=None, hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0
        )
        today = placed(at, zone)
        return _written(today if today > begin else placed(at + timedelta(days=1), zone))
    if text.startswith("24:"):
        raise BadUsage(
            t("{text!r} is not a time: a day ends at 23:59:59, and midnight is 00:00 of the next day", text=text)
        )
    raise BadUsage(t("{text!r} is not a time; write {forms}", text=text, forms=t(FORMS)))


def at_of(value: str | int) -> datetime:
    """Return what `instant` returned as a point in time."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value, timezone.utc)
    whole = re.sub(r"[Zz]$", "+00:00", re.sub(r"\.\d+", "", value))
    return datetime.fromisoformat(whole)


def day(text: str, now: datetime, zone: tzinfo | None = None) -> tuple[datetime, datetime]:
    """Return when a day of a zone begins and ends; the zone is this machine's where None.

    Raises:
        BadUsage: it is none of DAYS.
    """
    today, word = now.astimezone(zone).replace(tzinfo=None), text.strip().lower()
    back = {"today": 0, "yesterday": 1}.get(word)
    if back is None and word in _WEEK:
        back = (today.weekday() - _WEEK.index(word)) % 7
    try:
        if back is not None:
            first = today - timedelta(days=back)
        elif found := _DAY.fullmatch(word):
            first = datetime(*map(int, found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 (its zone comes next)
        else:
            raise BadUsage(t("{text!r} is not a day; write {days}", text=text, days=t(DAYS)))
        return day_start(first, zone), day_start(first + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise BadUsage(t("there is no day {text!r}; write {days}", text=text, days=t(DAYS))) from None


class Span(NamedTuple):
    """From the beginning of a day to the end of one, in the reader's zone; None where one is not said."""

    begins: datetime | None
    ends: datetime | None

    @classmethod
    def of(cls, first: str | None, last: str | None, now: datetime, zone: tzinfo | None) -> Span:
        """Return the span from a first day to a last.

        Raises:
            BadUsage: one is no day, or the last is before the first.
        """
        begins = day(first, now, zone)[0] if first is not None else None
        ends = day(last, now, zone)[1] if last is not None else None
        if begins and ends and ends <= begins:
            raise BadUsage(t("--from {first} is after --to {last}", first=first, last=last))
        if begins and begins > now:
            raise BadUsage(t("--from {first} is in the future; a list has only recordings that exist", first=first))
        return cls(begins, ends)

    def utc_days(self) -> list[tuple[str, str]]:
        """Return the API's days, which are in UTC, that hold the span."""
        first = [("from", f"{self.begins.astimezone(timezone.utc):%Y-%m-%d}")] if self.begins else []
        last = self.ends - timedelta(milliseconds=1) if self.ends else None
        return first + ([("to", f"{last.astimezone(timezone.utc):%Y-%m-%d}")] if last else [])

    def holds(self, recording: Mapping[str, Any]) -> bool:
        """Tell whether a recording was created within the span."""
        created = recording.get("created_ms")
        if not isinstance(created, int | float):
            return True
        after = self.begins is None or created >= self.begins.timestamp() * 1000
        return after and (self.ends is None or created < self.ends.timestamp() * 1000)


def _dated(text: str, found: re.Match[str], zone: tzinfo | None, *, fixed: bool) -> str:
    year, _, month, date, hour, minute, second, fraction, offset = found.groups()
    if int(hour) == 24:
        raise BadUsage(
            t("{text!r} is not a time: a day ends at 23:59:59, and midnight is 00:00 of the next day", text=text)
        )
    try:
        at = datetime(int(year), int(month), int(date), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
        if offset and offset not in ("Z", "z"):
            offset = f"{offset[:3]}:{offset[-2:]}"
            datetime.fromisoformat(f"2026-01-01T00:00:00{offset}")
    except ValueError:
        raise BadUsage(t("{text!r} does not exist", text=text)) from None
    if offset:
        return f"{at.isoformat()}{fraction or ''}{offset.upper()}"
    if fixed and zone is None:
        raise BadUsage(
            t("{text!r} has no offset, so its meaning depends on the zone; write {fixed}", text=text, fixed=t(FIXED))
        )
    return _written(placed(at, zone))


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
