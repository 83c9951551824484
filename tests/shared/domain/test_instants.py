"""Points in time as callers write them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import check_instant, instant_ms

NINE_IN_BEIJING = 1_769_821_200_000  # 2026-01-31 01:00:00 UTC


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-01-31T09:00:00+08:00", NINE_IN_BEIJING),
        ("2026-01-31T01:00:00Z", NINE_IN_BEIJING),
        ("2026-01-31t01:00:00z", NINE_IN_BEIJING),
        ("2026-01-31 01:00:00Z", NINE_IN_BEIJING),
        ("2026-01-30T20:00:00-05:00", NINE_IN_BEIJING),
        ("2026-01-31T06:30:00+05:30", NINE_IN_BEIJING),
        ("2026-01-31T01:00:00.5Z", NINE_IN_BEIJING + 500),
        ("2026-01-31T01:00:00.250Z", NINE_IN_BEIJING + 250),
        ("2026-01-31T01:00:00.123456789Z", NINE_IN_BEIJING + 123),
        ("1970-01-01T00:00:00Z", 0),
        (NINE_IN_BEIJING // 1000, NINE_IN_BEIJING),
        (NINE_IN_BEIJING / 1000 + 0.25, NINE_IN_BEIJING + 250),
        (0, 0),
    ],
)
def test_every_documented_spelling_is_read(written: object, expected: int) -> None:
    """RFC 3339 with Z or an offset, with or without a fraction, and epoch seconds, whole or not."""
    assert expected == instant_ms(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "now",
        "2026-01-31",
        "09:00:00Z",
        "2026-01-31T09:00:00",  # whose nine o'clock?
        "2026-01-31T09:00:00+0800",
        "2026-01-31T09:00:00+08",
        "2026-01-31T09:00:00+25:00",
        "2026-01-31T09:00:00 Z",
        "2026-01-31T09:00:00Z\n",
        " 2026-01-31T09:00:00Z",
        "2026-01-31T09:00:00.Z",
        "2026-01-31T09:00:00,5Z",
        "2026-02-30T09:00:00Z",
        "2026-13-01T09:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-1-31T09:00:00Z",
        "20260131T090000Z",
        "٢٠٢٦-٠١-٣١T٠٩:٠٠:٠٠Z",
        "1769821200",
        -1,
        -0.5,
        1_769_821_200_000_000,
        math.nan,
        math.inf,
        -math.inf,
        True,
        None,
        [],
        {},
        b"2026-01-31T09:00:00Z",
    ],
)
def test_everything_else_is_refused(written: object) -> None:
    """No offset, another spelling, another type, a day that is none: a ValueError that says what is wrong."""
    with pytest.raises(ValueError, match=r"RFC 3339|no time that exists"):
        instant_ms(written)


@given(st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 30)), st.integers(-23 * 60, 23 * 60))  # noqa: DTZ001
def test_a_time_survives_being_written_and_read(when: datetime, offset: int) -> None:
    """To the millisecond, in whatever zone it is written; Z and +00:00 are the same."""
    local = when.replace(microsecond=when.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(minutes=offset)))
    utc = local.astimezone(timezone.utc)
    expected = (utc - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    assert expected == instant_ms(local.isoformat())
    assert expected == instant_ms(utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    assert expected == instant_ms(expected / 1000)


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.binary(), st.none(), st.booleans()))
def test_whatever_comes_is_read_or_refused(written: object) -> None:
    """Any other error would be a 500 instead of a 422; what is read is kept as the caller wrote it."""
    try:
        kept = check_instant(written)
    except ValueError:
        return
    assert written is kept
    assert instant_ms(written) >= 0
