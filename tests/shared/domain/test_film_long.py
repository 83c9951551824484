"""Films of hours: the index is read in few requests, and is all that is read."""

from __future__ import annotations

import pytest

from shared.domain.film.check import inspect
from shared.domain.film.reader import Budget
from shared.domain.film.verdict import Verdict
from testing.films.long import LongFilm


@pytest.mark.parametrize("in_front", [True, False])
@pytest.mark.parametrize(("hours", "uneven"), [(1, False), (1, True), pytest.param(10, True, marks=pytest.mark.long)])
def test_the_index_takes_at_most_five_reads(hours: int, uneven: bool, in_front: bool) -> None:
    """Before or behind the media, with a duration for each picture or one for all; little else comes along."""
    film, budget = LongFilm(hours, uneven=uneven, in_front=in_front), Budget()
    check = inspect("film.mp4", film.read, film.size, budget)
    assert (Verdict.GOOD, hours * 3600) == (check.verdict, round(check.seconds or 0))
    assert budget.used_reads <= 5
    assert budget.used_size <= film.index + (192 << 10)
