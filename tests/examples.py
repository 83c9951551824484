"""How many cases are tried: of properties as many as their test says, or few; of calls that may fail all, or some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings

T = TypeVar("T")

FEW = 20
quick = False
"""Whether `make quick` runs."""
whole = False
"""Whether `make long` runs."""
_EVERY = 5


def take_time() -> None:
    """Let an example take as long as a busy machine makes it: Hypothesis fails what is slow once, and right."""
    settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("usual")


def draw_few() -> None:
    """Try every property with few examples from here on."""
    global quick  # noqa: PLW0603 (decorators read it while tests are imported)
    quick = True
    settings.register_profile("quick", max_examples=FEW)
    settings.load_profile("quick")


def at_most(number: int) -> int:
    """Return so many examples, or the few of `make quick`."""
    return min(number, FEW) if quick else number


def play_all() -> None:
    """Let `sample` leave nothing out from here on."""
    global whole  # noqa: PLW0603 (tests read it while they run)
    whole = True


def sample(cases: Sequence[T]) -> Sequence[T]:
    """Return every fifth case, the first among them; with `make long` all."""
    return cases if whole else cases[::_EVERY]
