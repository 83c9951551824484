"""What rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from local.check.finding import Finding, Level
from local.check.seen import Asked, Look, Visit
from local.check.text import tidy
from local.check.words import t

_MARKS = str.maketrans("“”", '""')
MOVES = 4
"""Pixels of a small picture that change where something moves."""


class Case(NamedTuple):
    """What is judged: the visit as recorded, and the one without permission to play, where there was one."""

    asked: Asked
    visit: Visit
    second: Visit | None = None

    @property
    def look(self) -> Look:
        """The top document; an empty one where it was not seen."""
        return self.visit.look or Look()

    @property
    def plays(self) -> bool:
        """The page has a player or makes sound."""
        return bool(self.visit.media or self.visit.audio)

    @property
    def is_seen(self) -> bool:
        """The page was there to the end of the look."""
        return self.visit.look is not None and not self.visit.crashed

    @property
    def moves(self) -> bool:
        """Something in the picture changes."""
        return max(self.visit.moved, default=0) >= MOVES

    @property
    def is_blank(self) -> bool:
        """The last picture is one colour."""
        return bool(self.visit.pictures) and self.visit.pictures[-1].values <= 1


Rule = Callable[[Case], Iterator[Finding]]


def spoils(case: Case) -> Callable[[str, str, str], Finding]:
    """Return how bad it is what a page does not do in time: no failure where it may have had no processor for it."""
    return warn if case.visit.starved else fail


def on_idle(case: Case, advice: str) -> str:
    """Return the advice, or that the machine was too busy to give any."""
    return t("this machine is too busy for the page: check again on an idle one") if case.visit.starved else advice


def fail(check: str, seen: str, advice: str) -> Finding:
    """It spoils the recording."""
    return Finding(check, Level.FAIL, seen, advice)


def warn(check: str, seen: str, advice: str) -> Finding:
    """It may spoil the recording."""
    return Finding(check, Level.WARN, seen, advice)


def note(check: str, seen: str, advice: str) -> Finding:
    """It spoils nothing."""
    return Finding(check, Level.NOTE, seen, advice)


def quoted(value: object, most: int = 60) -> str:
    """Return a page's words in quotation marks that they can't end."""
    return f"“{tidy(value, most).translate(_MARKS)}”"


def some(values: Iterable[object], most: int = 3) -> str:
    """Return the first values as people read them, and how many more there are."""
    told = [tidy(value, 120) for value in values]
    first = ", ".join(told[:most])
    return t("{first} and {count} more", first=first, count=len(told) - most) if len(told) > most else first
