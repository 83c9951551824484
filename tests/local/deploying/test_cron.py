"""SCF's cron expressions, in Beijing's time."""

from __future__ import annotations

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.scf.cron import Cron


def at(text: str) -> int:
    """Return seconds since 1970 of a time in Beijing."""
    date, clock = text.split()
    year, month, day = map(int, date.split("-"))
    hour, minute, second = map(int, clock.split(":"))
    return calendar.timegm((year, month, day, hour - 8, minute, second))


@pytest.mark.parametrize(
    ("text", "fires", "not_then"),
    [
        ("0 */1 * * * * *", "2026-11-27 10:07:00", "2026-11-27 10:07:01"),
        ("*/5 * * * * * *", "2026-11-27 10:07:55", "2026-11-27 10:07:56"),
        ("*/1 * * * *", "2026-11-27 10:07:00", "2026-11-27 10:07:01"),
        ("0 0 2 1 * * *", "2026-12-01 02:00:00", "2026-12-02 02:00:00"),
        ("0 15 10 * * MON-FRI *", "2026-11-27 10:15:00", "2026-11-28 10:15:00"),
        ("0 15 10 * NOV,JAN * *", "2026-11-27 10:15:00", "2026-12-27 10:15:00"),
        ("0 0 0 1 * SUN *", "2026-11-29 00:00:00", "2026-11-30 00:00:00"),
        ("0 0 0 * * 7 *", "2026-11-29 00:00:00", "2026-11-28 00:00:00"),
        ("0 0 10 * * * 2026", "2026-11-27 10:00:00", "2027-11-27 10:00:00"),
        ("0 10-20/5 * * * ? *", "2026-11-27 10:15:00", "2026-11-27 10:25:00"),
    ],
)
def test_a_timer_fires_when_its_expression_says(text: str, fires: str, not_then: str) -> None:
    """Five fields have no seconds and no years; a day or a weekday is enough where both are given."""
    assert (True, False) == (Cron.parse(text).fires(at(fires)), Cron.parse(text).fires(at(not_then)))


@pytest.mark.parametrize(
    "text", ["", "* * *", "60 * * * * * *", "* * * * * * * *", "*/0 * * * * * *", "5-1 * * * * * *", "a b c d e f g"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    """By a ValueError that says why."""
    with pytest.raises(ValueError, match=r".+"):
        Cron.parse(text)


@given(st.text(st.sampled_from("0123456789*/-,? MONJAN"), max_size=40), st.integers(0, 2**32))
def test_any_text_is_an_expression_or_a_value_error(text: str, now: int) -> None:
    """And no other exception."""
    try:
        cron = Cron.parse(text)
    except ValueError:
        return
    assert cron.fires(now) in (True, False)
