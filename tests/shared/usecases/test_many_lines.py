"""Job objects of more lines than one invocation has time for: good ones become recordings, bad ones are told."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.domain.errors import StoreError, StoreRefused
from shared.domain.job_keys import report_key
from shared.ports import StoredObject
from shared.usecases.jobs import GIVE_UP_MS, JobResult, go_on, run_job
from shared.usecases.look import ReconcilePorts
from shared.usecases.tick import tick
from testing.bucket import Bucket
from tests.shared.usecases.ticking import Site

KEY = "jobs/many.jsonl"
CALL_MS = 20


@dataclass
class Slow:
    """A bucket whose every call takes a while of virtual time."""

    site: Jobs

    def __getattr__(self, name: str) -> Any:
        self.site.clock.now += self.site.call_ms
        return getattr(self.site.store, name)


@dataclass
class Broken(Slow):
    """Takes everything but requests."""

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        raise StoreError(f"COS PUT {key}: {len(body)} {metadata}")


class Kill(BaseException):
    """The instance is gone."""


@dataclass
class Killed(Slow):
    """A bucket that is written to so many times; then the instance dies."""

    left: int = 0

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Kill

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._count()
        self.site.store.put(key, body, metadata)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        self._count()
        return self.site.store.create(key, body, metadata)


@dataclass
class Jobs(Site):
    """A deployment, and the bucket that jobs are put into."""

    jobs: Bucket = field(default_factory=Bucket)
    call_ms: int = CALL_MS

    @property
    def timer(self) -> ReconcilePorts:
        return replace(super().timer, store=Slow(self), job_store=lambda _bucket, _region: self.jobs)

    def put(self, *lines: str) -> JobResult:
        """Put a job object, and hand over its event."""
        self.jobs.put(KEY, "\n".join(lines).encode())
        return self.event()

    def event(self) -> JobResult:
        return run_job(self.jobs, "jobs-1", (KEY,), replace(self.ports, store=Slow(self)))

    def finish(self) -> int:
        """Let the timer run until nothing is left of the job; return how often."""
        for ticks in range(100):
            if not self.listed("work/"):
                return ticks
            self.clock.now += 60_000
            tick(self.timer, 50)
        raise AssertionError("never done")

    @property
    def pages(self) -> list[str]:
        """The pages of all that was accepted."""
        requests = [body for key, body in self.store.objects.items() if key.endswith("/request.json")]
        return sorted(json.loads(one.body)["request"]["RecordUrl"] for one in requests)

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.store.objects[report_key(KEY)].body))


@pytest.fixture
def site() -> Jobs:
    return Jobs()


def good(count: int) -> list[str]:
    return [json.dumps({"RecordUrl": f"https://example.com/{number:05}"}) for number in range(count)]


def pages(count: int) -> list[str]:
    return [f"https://example.com/{number:05}" for number in range(count)]


@pytest.mark.long
def test_every_line_of_a_long_object_is_taken(site: Jobs) -> None:
    """In several invocations; the report is complete in the end, whichever of them found what; nothing stays behind."""
    site.call_ms = 3 * CALL_MS
    lines = good(400)
    wide = json.dumps({f"f{number}": 1 for number in range(20_000)})
    first = site.put("{nope", "[" * 100_000, *lines[:200], wide, *lines[200:], "{}")
    assert 0 < first.left < 400
    assert {1, 2} == {problem["line"] for problem in site.report["errors"]}
    assert site.report["left"] == first.left
    assert site.finish() > 1
    assert pages(400) == site.pages
    assert [1, 2, 203, 404] == [problem["line"] for problem in site.report["errors"]]
    assert "left" not in site.report


def test_many_are_accepted_and_the_timer_starts_them(site: Jobs) -> None:
    """Nobody waits for TRTC while others of the job are not even stored; in the end all are recording."""
    site.put(*good(30))
    assert (pages(30), []) == (site.pages, site.trtc.started)
    site.clock.now += 60_000
    tick(site.timer, 50)
    assert pages(30) == sorted(str(sent["RecordUrl"]) for sent in site.trtc.started)


def test_a_few_start_at_once(site: Jobs) -> None:
    """One document or some lines do not wait for the timer."""
    assert 3 == site.put(*good(3)).starts
    assert pages(3) == sorted(str(sent["RecordUrl"]) for sent in site.trtc.started)


def test_killed_within_the_first_lines_nothing_vanishes(site: Jobs) -> None:
    """Whatever write it dies at: the timer takes the lines, though no event comes again."""
    site.jobs.put(KEY, "\n".join(["{nope", *good(30)]).encode())
    for write in range(2, 12):  # the first two make the job known: before them the platform tries again
        killed = Killed(site, left=write)
        with pytest.raises(Kill):
            run_job(site.jobs, "jobs-1", (KEY,), replace(site.ports, store=killed))
        site.finish()
        assert pages(30) == site.pages
        assert [1] == [problem["line"] for problem in site.report["errors"]]
        site.store.objects.clear()


def test_another_leaves_lines_alone_that_are_being_taken(site: Jobs) -> None:
    """Two invocations at one job would do its work twice."""
    site.put(*good(600))
    (work,) = site.listed("work/")
    job = json.loads(site.store.objects[work].body)
    body = json.dumps({**job, "until_ms": site.clock.now + 20_000}).encode()
    site.store.put(work, body)
    before = site.pages
    assert (
        go_on(
            job_id := work.rsplit("/", 1)[-1].removesuffix(".json"), site.timer, map, lambda _bucket, _region: site.jobs
        )
        is None
    )
    assert before == site.pages
    site.clock.now += 20_000
    assert go_on(job_id, site.timer, map, lambda _bucket, _region: site.jobs) is not None
    assert len(before) < len(site.pages)


@pytest.mark.long
def test_the_event_again_starts_nothing_twice(site: Jobs) -> None:
    """Neither while reconcile is at it, nor afterwards; a report without reason is not written."""
    site.call_ms = 3 * CALL_MS
    assert site.put(*good(200)).left
    site.event()
    site.finish()
    site.event()
    site.finish()
    assert pages(200) == site.pages
    assert [] == site.listed(report_key(KEY))


def test_an_object_that_is_gone_is_told(site: Jobs) -> None:
    """Somebody deletes or replaces it halfway: the lines that nobody read are in the report."""
    left = site.put(*good(600)).left
    site.jobs.delete(KEY)
    site.finish()
    assert 600 - left == len(site.pages)
    assert left == len(site.report["errors"]) + site.report.get("more", 0)
    assert "deleted or replaced" in site.report["errors"][0]["message"]


def test_lines_that_storage_did_not_take_are_tried_again(site: Jobs) -> None:
    """A minute without storage costs no line; a day without is told."""
    site.jobs.put(KEY, "\n".join(good(30)).encode())

    with pytest.raises(StoreError):
        run_job(site.jobs, "jobs-1", (KEY,), replace(site.ports, store=Broken(site)))
    assert [] == site.pages
    site.finish()
    assert pages(30) == site.pages


def test_a_job_is_given_up_after_a_day(site: Jobs) -> None:
    """What can't be accepted for so long is reported, and not tried for ever."""
    site.jobs.put(KEY, "\n".join(good(30)).encode())

    broken = Broken(site)
    with pytest.raises(StoreError):
        run_job(site.jobs, "jobs-1", (KEY,), replace(site.ports, store=broken))
    site.clock.now += GIVE_UP_MS
    tick(replace(site.timer, store=broken), 50)
    assert ([], 30) == (site.listed("work/"), len(site.report["errors"]))
    assert "within a day" in site.report["errors"][0]["message"]


def test_a_line_with_thousands_of_mistakes_leaves_no_memory_behind(site: Jobs) -> None:
    """Its report is all that is kept of it: not even the collector of circles finds more."""
    wrong = json.dumps({f"f{number}": 1 for number in range(500)})
    site.put(wrong)  # what is made once, is made
    gc.collect()
    gc.disable()
    try:
        site.put(wrong, wrong)
        assert gc.collect() < 100
    finally:
        gc.enable()


class Unreadable(Bucket):
    """A bucket that was deleted, or that the role may not read any more."""

    def get(self, key: str) -> StoredObject | None:
        raise StoreRefused(f"GET {key}", 403, "AccessDenied")


def test_lines_of_an_object_that_can_not_be_read_any_more_are_reported_after_a_day(site: Jobs) -> None:
    """Until then it may be readable again; what was accepted is no problem."""
    left = site.put(*good(600)).left
    assert 0 < left < 600
    site.jobs = Unreadable()
    site.minutes(3)
    assert [] == site.listed(report_key(KEY))
    site.clock.now += GIVE_UP_MS
    site.finish()
    told = site.report
    assert left == len(told["errors"]) + told.get("more", 0)
    assert "within a day: COS GET" in told["errors"][0]["message"]
    assert 600 - left == len(site.pages)


@pytest.mark.long
def test_an_object_that_can_be_read_again_is_gone_on_with(site: Jobs) -> None:
    """A policy that is mended within the day costs no line."""
    site.put(*good(600))
    whole, site.jobs = site.jobs, Unreadable()
    site.minutes(3)
    site.jobs = whole
    site.finish()
    assert pages(600) == site.pages
