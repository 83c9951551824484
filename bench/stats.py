"""Medians and what is around them. Times are seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, quantiles


@dataclass(frozen=True)
class Sample:
    """Measurements of one thing."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def mean(self) -> float:
        """The average: what throughput follows."""
        return mean(self.values)

    @property
    def p95(self) -> float:
        """What 95 of 100 stay below."""
        return quantiles(self.values, n=20, method="inclusive")[-1] if len(self.values) > 1 else self.values[0]

    def ms(self, digits: int = 0) -> str:
        """Return median and range in milliseconds, `12 (11 to 15)`."""
        low, high = min(self.values), max(self.values)
        return f"{self.median * 1e3:.{digits}f} ({low * 1e3:.{digits}f} to {high * 1e3:.{digits}f})"

    def plain(self, digits: int = 1) -> str:
        """Return median and range as they are."""
        return f"{self.median:.{digits}f} ({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"


def paired(one: Sample, other: Sample, base: Sample | None = None) -> float:
    """Return how many times the other it is: the median over the rounds, in which drift hits both alike.

    Args:
        one, other: measurements of the same rounds.
        base: what both contain and does not count.
    """
    less = base.values if base else [0.0] * len(one.values)
    return median((a - c) / (b - c) for a, b, c in zip(one.values, other.values, less, strict=True))


def times(value: float) -> str:
    """Return a ratio, `1.25 x`."""
    return f"{value:.2f} x"


def ratio(one: float, other: float) -> str:
    """Return how many times the other it is, `1.25 x`."""
    return f"{one / other:.2f} x" if other else "-"
