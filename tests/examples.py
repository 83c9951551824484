"""How many examples of a property are tried: as many as its test says, or few."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FEW = 20
quick = False
"""Whether `make quick` runs."""


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
