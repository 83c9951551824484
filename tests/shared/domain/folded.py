"""What facts say together."""

from __future__ import annotations

from functools import reduce

from shared.domain.evidence import Evidence


def fold(pieces: list[Evidence]) -> Evidence:
    """Return the join of what each fact says."""
    return reduce(Evidence.join, pieces, Evidence())
