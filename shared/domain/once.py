"""A pure function that is asked again about the same values gives what it gave before."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")
MOST = 16


def once(function: Callable[[A, B], T]) -> Callable[[A, B], T]:
    """Keep the last results, by the identity of two values that nobody changes; comparing them costs as much."""
    kept: tuple[tuple[A, B, T], ...] = ()

    @wraps(function)
    def known(first: A, second: B) -> T:
        nonlocal kept  # replaced as a whole: threads may lose a result, and see no half of one
        for one, other, result in kept:
            if one is first and other is second:
                return result
        result = function(first, second)
        kept = ((first, second, result), *kept[: MOST - 1])
        return result

    return known
