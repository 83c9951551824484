"""A function whose time limit was set lower: its work ends within it, and is not killed in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions import reconcile
from shared.bootstrap import ReconcileApp
from shared.domain.listing import parse_query
from shared.job_events import run_jobs
from shared.triggers import CosEvent, CosObject, Tick
from shared.usecases.read import wait
from shared.usecases.read_list import page
from testing.bucket import Bucket
from tests.functions.test_reconcile_wakes import Serial
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import Site


@pytest.mark.parametrize(("left_s", "waits_s"), [(29.0, 20), (9.5, 6), (2.0, 1), (-1.0, 0)])
def test_a_caller_waits_no_longer_than_the_function_runs(left_s: float, waits_s: int) -> None:
    """Else the platform's error is what it gets."""
    site = Site()
    site.start()
    began = site.clock.now
    assert "k1" == wait("k1", None, 20, replace(reading(site), left_s=lambda: left_s))[0].recording_id
    assert waits_s * 1_000 == site.clock.now - began


@pytest.mark.parametrize(("left_s", "begun"), [(110.0, True), (40.0, False)])
def test_a_tick_begins_nothing_that_it_cannot_end(left_s: float, begun: bool) -> None:
    """A start that is due in 35 s is waited for where the time is there; else it is the next tick's."""
    site = Site()
    site.start(StartAt=site.clock.now / 1000 + 41)
    began = site.clock.now
    app = ReconcileApp(site.timer, Serial, left_s=lambda: left_s)  # type: ignore[arg-type]  # all that is used of a pool
    reconcile.handle(Tick("every minute"), app)
    assert begun == bool(site.trtc.started)
    assert site.clock.now - began <= left_s * 500
    site.minutes(1)
    assert 1 == len(site.trtc.started)


def slowly(site: Site, seconds: float) -> Callable[[Callable[[str], Any], Iterable[str]], list[Any]]:
    """What does one after another, each in so much time."""

    def many(do: Callable[[str], Any], items: Iterable[str]) -> list[Any]:
        done = []
        for item in items:
            site.sleep(seconds)
            done.append(do(item))
        return done

    return many


def test_a_list_ends_its_page_in_time() -> None:
    """With a cursor, for what comes next."""
    site = Site()
    for number in range(40):
        site.start(f"k{number}")
    ports = replace(reading(site), many=slowly(site, 0.2))
    asked, began = parse_query({"label": "none", "limit": "2"}, site.clock()), site.clock.now
    assert page(asked, ports).next_cursor is None
    assert 8_000 == site.clock.now - began
    assert page(asked, replace(ports, left_s=lambda: 6.0)).next_cursor is not None


@pytest.mark.parametrize(("left_s", "left"), [(29.0, 0), (14.0, 128)])
def test_an_event_takes_as_many_lines_as_there_is_time_for(left_s: float, left: int) -> None:
    """The others are reconcile's."""
    site, jobs = Site(), Bucket()
    jobs.put("jobs/a.json", "\n".join(f'{{"RecordUrl": "https://example.com/{n}"}}' for n in range(320)).encode())
    ports = replace(reading(site), many=slowly(site, 0.05), left_s=lambda: left_s)
    app: Any = SimpleNamespace(ports=ports, is_own=lambda _: False, job_store=lambda *_: jobs)
    run_jobs(CosEvent((CosObject("jobs-1250000000", None, ("jobs/a.json",)),)), app)
    assert 320 - left == len(site.listed("due/"))
