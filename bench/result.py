"""What a section found: tables of texts, and targets that were met or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[str], None]
"""Told before each measurement what it is; for progress."""


@dataclass(frozen=True)
class Table:
    """One table; every row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Target:
    """What was aimed at, and what was measured; `met` is None where it could not be measured."""

    what: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]


@dataclass(frozen=True)
class Section:
    """What one section found.

    Attributes:
        name: the command's word for it.
        how: how it was measured, a few sentences.
        tables, targets: what came out.
        skipped: what could not be measured here, and why; said loudly.
    """

    name: str
    how: str
    tables: list[Table]
    targets: list[Target] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
