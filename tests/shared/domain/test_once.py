"""What was decided is not decided again for the same values, and nothing is mistaken for the same."""

from __future__ import annotations

from shared.domain.once import MOST, once


def test_the_same_two_values_are_decided_once() -> None:
    """Equal values that are others are decided anew; so is what was asked too long ago."""
    asked: list[tuple[list[int], list[int]]] = []

    @once
    def added(first: list[int], second: list[int]) -> list[int]:
        asked.append((first, second))
        return first + second

    one, two = [1], [2]
    assert added(one, two) is added(one, two)
    assert [(one, two)] == asked
    assert [1, 2] == added([1], two)
    assert [2, 1] == added(two, one)
    assert 3 == len(asked)
    others = [[number] for number in range(MOST)]
    assert [[number, 2] for number in range(MOST)] == [added(other, two) for other in others]
    assert [1, 2] == added(one, two)
    assert 3 + MOST + 1 == len(asked)
