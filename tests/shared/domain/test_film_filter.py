"""The list's filter by verdict: every wrong value is named, beside those that there are."""

from __future__ import annotations

import pytest

from shared.domain.errors import InvalidRequest
from shared.domain.film.verdict import Verdict
from shared.domain.listing import parse_query

NOW_MS = 1_795_363_480_010


def test_several_verdicts_are_taken() -> None:
    """Comma-separated; none is no filter."""
    assert {Verdict.SUSPECT, Verdict.BAD} == parse_query({"film": "suspect,bad"}, NOW_MS).films
    assert frozenset() == parse_query({}, NOW_MS).films


@pytest.mark.parametrize(("film", "wrong"), [("good,nice,x", ["nice", "x"]), ("", [""]), (",", [""]), ("BAD", ["BAD"])])
def test_every_wrong_verdict_is_named(film: str, wrong: list[str]) -> None:
    """Each by itself, with what may stand there."""
    with pytest.raises(InvalidRequest) as refused:
        parse_query({"film": film}, NOW_MS)
    wanted = [("film", f"must be one of good, suspect, bad, unchecked, not {each!r}") for each in wrong]
    assert wanted == [(error.path, error.message) for error in refused.value.errors]
