"""The load run and the big site, small enough for the suite; `python -m tests.load` plays them whole."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ports import ListedObject
from testing.bucket import Bucket
from testing.course import PUNCTUAL_S, Course, Site
from tests.load import studies
from tests.load.start import LoadPlan, run_load

SEGMENTS = st.sampled_from(["a", "b", "ab", "open"])
KEYS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
SMALL = Site(per_day=2_000, open_at_once=100, minutes=30)


@pytest.fixture(scope="module")
def small() -> Course:
    """The small site, played: each study compares it with another."""
    return studies.course(SMALL)


@pytest.mark.process
@pytest.mark.whole
def test_a_rush_beyond_every_limit_is_accepted_and_recorded_once(tmp_path: Path) -> None:
    """16 requests at once where TRTC takes 5 a second and 8 at once: all 201 or 202, all completed, none twice."""
    limits = {"max_requests_per_second": 5, "max_concurrent": 8}
    patient = LoadPlan(16, 4, seconds=1, callback_timeout_s=60, timeout_s=900, all_answered=True)
    plan = replace(patient, tick_s=5, trtc=limits, speed=5, instances=2)
    result = run_load(plan, tmp_path)
    assert [] == result.broken, result
    assert 16 == result.states["completed"]
    assert result.replies["202"] > 0, "nothing had to wait: the limits were not reached"
    assert result.most_at_once <= 8


@pytest.mark.whole
def test_ticks_cost_the_same_with_and_without_history(small: Course) -> None:
    """The same load makes the same calls whether 2,000 finished recordings lie in the store or none."""
    empty, full = small, studies.course(replace(SMALL, finished=2_000))
    assert empty.total() == full.total()
    assert [tick.counts for tick in empty.ticks] == [tick.counts for tick in full.ticks]
    assert sum(tick.report.looked for tick in empty.ticks) > 0
    assert empty.ticks == pickle.loads(pickle.dumps(empty)).ticks, "the command plays each site in another process"


@pytest.mark.whole
def test_what_a_tick_calls_follows_what_is_open(small: Course) -> None:
    """Twice as many open recordings, about twice as many calls; none twice, none refused, nothing left behind."""
    once, twice = small, studies.course(studies.resized(SMALL, 200, SMALL.minutes))
    ratio = sum(tick.counts.total() for tick in twice.ticks) / sum(tick.counts.total() for tick in once.ticks)
    assert 1.7 < ratio < 2.3
    for course in (once, twice):
        assert (0, 0, False) == (course.twice, course.states["failed"], course.behind)
        assert [] == [error for tick in course.ticks for error in tick.report.errors]


@pytest.mark.whole
def test_receivers_that_never_answer_make_no_start_and_no_stop_late() -> None:
    """Half of all receivers hang: starts and stops keep to their time, and the others are told within two ticks."""
    course = studies.course(replace(SMALL, scheduled=0.2, timed=0.5, told=1.0, hanging=0.5))
    assert {"starts": 0, "stops": 0} == course.late
    assert (0, 0, False) == (course.twice, course.states["failed"], course.behind)
    assert course.stops_s, "nobody was to be stopped"
    assert course.tellings_s, "nobody was told"
    assert max(course.tellings_s) <= PUNCTUAL_S


@pytest.mark.long
@given(put=st.lists(KEYS), deleted=st.lists(KEYS), prefix=KEYS, slash=st.sampled_from(["", "/"]), after=KEYS)
def test_a_bucket_lists_what_is_in_it(put: list[str], deleted: list[str], prefix: str, slash: str, after: str) -> None:
    """Its index of folders lists what sorting all keys would."""
    bucket = Bucket(page_size=2)
    for key in put:
        bucket.put(key, key.encode())
    for key in deleted:
        bucket.delete(key)
    left = sorted(set(put) - set(deleted))
    for asked in ("", prefix + slash):
        found = [ListedObject(key, len(key)) for key in left if key.startswith(asked)]
        assert found == list(bucket.list(asked))
        assert [item for item in found if item.key > after][:2] == list(bucket.list(asked, after, 2))
