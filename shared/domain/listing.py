"""What a list is asked for, and the cursor that goes on where a page ended. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from enum import Enum
from typing import TypeVar

from shared.domain.document import Overview
from shared.domain.errors import MOST_FIELDS, FieldError, InvalidRequest
from shared.domain.film.verdict import Verdict
from shared.domain.states import State
from shared.domain.wrongs import Wrong, quoted

DEFAULT_LIMIT = 50
MOST = 100
DEFAULT_DAYS = 31
MOST_DAYS = 366
MOST_VALUES = 100
"""Of one filter."""
FILTERS = ("state", "from", "to", "label", "film")
"""A cursor's digest covers those that are given."""
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,64}(:.{0,256})?", re.DOTALL)
_AFTER = re.compile(r"(?:days/[0-9-]{10}/)?([0-9]{13}-[A-Za-z0-9_-]{1,26})")
"""The name of an index entry; a release before gave its key."""
E = TypeVar("E", bound=Enum)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class ListQuery:
    """A question for recordings of these days (UTC), both included.

    Attributes:
        states, films: any of these; empty for all.
        labels: all of these; a value of None asks for the name alone.
        after: the name of the index entry that the page before ended with.
        digest: of the filters: a cursor is good for the same ones only.
    """

    first: date
    last: date
    states: frozenset[State]
    labels: tuple[tuple[str, str | None], ...]
    limit: int
    after: str | None
    digest: str
    films: frozenset[Verdict] = frozenset()

    @property
    def filtered(self) -> bool:
        """Whether documents have to be read to know which belong to the answer."""
        return bool(self.states or self.labels or self.films)

    def takes(self, recording: Overview) -> bool:
        """Tell whether a recording belongs to the answer."""
        if self.states and recording.state not in self.states:
            return False
        if self.films and recording.film not in self.films:
            return False
        return all(
            name in recording.labels and (value is None or recording.labels[name] == value)
            for name, value in self.labels
        )

    @property
    def span(self) -> tuple[str, str]:
        """Between which names index entries belong to the answer: behind the first, up to the last."""
        newest = f"{10**13 - _within(_day_ms(self.last) + 86_400_000) + 1:013d}"
        return max(newest, self.after or ""), f"{10**13 - _within(_day_ms(self.first)):013d}~"

    def cursor(self, name: str) -> str:
        """Return the cursor for what follows the index entry of this name."""
        return base64.urlsafe_b64encode(f"{self.digest}:{name}".encode()).decode().rstrip("=")


def _day_ms(day: date) -> int:
    return (day.toordinal() - _EPOCH_DAY) * 86_400_000


def _within(ms: int) -> int:
    """Return the time that is next to it among those that an index entry can have, epoch ms."""
    return min(max(ms, 2), 10**13)


def parse_query(query: Mapping[str, str], now_ms: int) -> ListQuery:
    """Read the query of `GET /recordings`, or raise InvalidRequest with every parameter that is wrong."""
    known = (*FILTERS, "limit", "cursor")
    errors = unknown_parameters(query, known)

    def take(name: str, wrong: Wrong, read: str) -> None:
        errors.append(wrong.at(name, f", not {quoted(read)}"))

    def chosen(name: str, kind: type[E]) -> frozenset[E]:
        given, known = _several(query, name) or ([""] if name in query else []), [one.value for one in kind]
        for value in given:
            if value not in known:
                take(name, Wrong("one_of", choices=", ".join(known)), value)
        return frozenset(kind(value) for value in given if value in known)

    states, films = chosen("state", State), chosen("film", Verdict)
    labels = []
    for pair in _several(query, "label") or ([""] if "label" in query else []):
        if not _LABEL.fullmatch(pair):
            take("label", Wrong("label"), pair)
        name, colon, value = pair.partition(":")
        labels.append((name, value if colon else None))
    today = datetime.fromtimestamp(now_ms / 1000, tz=timezone.utc).date()
    last = _day(query, "to", errors) or today
    first = _day(query, "from", errors) or date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS + 1))
    if first > last:
        errors.append(Wrong("days_order").at("from"))
    elif (last - first).days >= MOST_DAYS:
        errors.append(Wrong("days_far", limit=MOST_DAYS).at("from"))
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= MOST:
        take("limit", Wrong("range", low=1, high=MOST), limit)
    filters = "\x00".join(f"{name}={query.get(name, '')}" for name in FILTERS if name != "film" or name in query)
    digest = hashlib.sha256(filters.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    after = _after(query.get("cursor"), digest, errors)
    if errors:
        raise InvalidRequest(errors)
    return ListQuery(first, last, states, tuple(labels), int(limit), after, digest, films)


def unknown_parameters(query: Mapping[str, str], known: tuple[str, ...]) -> list[FieldError]:
    """Return an error for each name in a query that is not one of the known."""
    names = [name for name in query if name not in known]
    if not names:
        return []
    from shared.domain.mistakes import nearest, part, unknown

    # What is nearest is looked for where it is told: a query may have thousands of names.
    like = [nearest(name, known) if at < MOST_FIELDS else "" for at, name in enumerate(names)]
    return [unknown("unknown_parameter", one).at(part(name)) for name, one in zip(names, like, strict=True)]


def _several(query: Mapping[str, str], name: str) -> list[str]:
    parts = query.get(name, "").split(",", MOST_VALUES)
    if len(parts) > MOST_VALUES:  # each wrong one costs more than its letters
        raise InvalidRequest([Wrong("too_many", limit=MOST_VALUES).at(name)])
    return [part.strip() for part in parts if part.strip()]


def _day(query: Mapping[str, str], name: str, errors: list[FieldError]) -> date | None:
    given = query.get(name)
    if given is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    errors.append(Wrong("day").at(name, f", not {quoted(given)}"))
    return None


def _after(cursor: str | None, digest: str, errors: list[FieldError]) -> str | None:
    if not cursor:
        return None
    try:
        given, _, name = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        if given == digest and (found := _AFTER.fullmatch(name)):
            return found[1]
    except (binascii.Error, ValueError):
        pass
    errors.append(Wrong("cursor").at("cursor"))
    return None
