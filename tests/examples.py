"""How many examples a property is tried with: as many as its test says, fewer where `make quick` draws little."""

from __future__ import annotations

from hypothesis import settings

FEW = 20
quick = False
"""Whether `make quick` runs."""


def draw_few() -> None:
    """Try every property with few examples from here on."""
    global quick  # noqa: PLW0603 (decorators read it while tests are imported)
    quick = True
    settings.register_profile("quick", max_examples=FEW)
    settings.load_profile("quick")


def at_most(number: int) -> int:
    """Return so many examples, or the few of `make quick`."""
    return min(number, FEW) if quick else number
