"""The laws, one function per promise: each compares the stored result with what really happened.

A law yields a line for each breach. `tests/testing/test_laws.py` has, for each, a world or code that it must catch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from testing.laws import films, kept, punctual, states  # noqa: F401 (they register theirs)
from testing.laws.judged import LAWS

if TYPE_CHECKING:
    from testing.run import Run

__all__ = ["LAWS", "breaches", "judge"]


def judge(run: Run) -> dict[str, list[str]]:
    """Return every law with what breaks it."""
    run.final = None
    return {name: list(promise(run)) for name, promise in LAWS.items()}


def breaches(judged: dict[str, list[str]]) -> list[str]:
    """Return every breach as a line."""
    return [f"{name}: {line}" for name, lines in judged.items() for line in lines]
