"""Schedules, deadlines and the queue: what starts when, in which order, and what never does."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.errors import Conflict, InvalidRequest, RecorderError
from shared.domain.keys import marked
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.store.journal import current
from shared.usecases.stop import stop
from testing.callbacks import callback
from tests.shared.usecases.ticking import HOOK, HOUR_MS, MINUTE_MS, Site
from tests.world import CALLER_STORAGE

DAY_MS = 24 * HOUR_MS


def full() -> RecorderError:
    """Return what TRTC says at its quota."""
    return refusal("ResourceInsufficient.RequestRejection", "full", "req-9")


def at(ms: int) -> float:
    """Return epoch seconds."""
    return ms / 1000


class TestStartAt:
    """`start_at`: later, on time, once."""

    def test_the_future_is_only_written_down(self) -> None:
        """It is scheduled and durable; TRTC has heard nothing."""
        site = Site()
        outcome = site.start(start_at=at(site.clock.now + HOUR_MS))
        assert (False, State.SCHEDULED) == (outcome.created, outcome.recording.state)
        site.minutes(50)
        assert [] == site.trtc.started
        assert not [call for call in site.faults.log if "WebRecord" in call]
        assert State.SCHEDULED is site.recording().state

    @pytest.mark.parametrize("second", [1, 3, 4, 5, 6, 20, 35, 49, 50, 51, 54, 55, 56, 59, 60])
    def test_it_starts_on_time(self, second: int) -> None:
        """At whatever second of the minute: not earlier than 5 s before, not later than 60 s after."""
        site = Site()
        start_at = site.clock.now + 10 * MINUTE_MS + second * 1000
        site.start(start_at=at(start_at))
        while not site.trtc.started and site.clock.now < start_at + HOUR_MS:
            site.minutes()
        begun = site.recording().evidence.attempts["1"].at_ms
        assert begun is not None
        assert -5_000 <= begun - start_at <= 5_000, "the tick waits for what is due while it runs"

    def test_a_tick_that_came_late_still_starts_it(self) -> None:
        """The timer was out for half an hour: it starts at the first tick after that."""
        site = Site()
        site.start(start_at=at(site.clock.now + HOUR_MS))
        site.clock.now += HOUR_MS + 30 * MINUTE_MS
        assert 1 == site.tick().started
        assert State.STARTING is site.recording().state

    @pytest.mark.parametrize("late_ms", [1_000, HOUR_MS - 2_000])
    def test_a_start_that_is_a_little_late_is_made_at_once(self, late_ms: int) -> None:
        """As late as the deployment lets any start be."""
        site = Site()
        outcome = site.start(start_at=at(site.clock.now - late_ms))
        assert (True, State.STARTING) == (outcome.created, outcome.recording.state)

    @pytest.mark.parametrize("start_at", [0, "2001-01-01T00:00:00Z", "an hour ago"])
    def test_the_past_is_refused(self, start_at: object) -> None:
        """Last term's table starts nothing and bills nobody; the answer names the field, and nothing is stored."""
        site = Site()
        with pytest.raises(InvalidRequest) as error:
            site.start(start_at=at(site.clock.now - HOUR_MS) if start_at == "an hour ago" else start_at)
        ((path, message, _, _),) = error.value.errors
        assert ("StartAt", True, []) == (path, message.startswith("is in the past"), site.listed())

    def test_a_deployment_says_how_late_is_too_late(self) -> None:
        """WEBRECORD_START_WITHIN; or the request itself, by StartBy."""
        site = Site()
        start_at = at(site.clock.now - 3 * HOUR_MS)
        assert site.start("k2", start_at=start_at, start_by=at(site.clock.now + HOUR_MS)).created
        site.policy = site.policy._replace(start_within_s=4 * 3_600)
        assert site.start("k3", start_at=start_at).created

    def test_a_repeat_is_answered_long_after_the_start(self) -> None:
        """What was accepted then is compared before anything is refused now."""
        site = Site()
        fields: dict[str, Any] = {"start_at": at(site.clock.now + HOUR_MS)}
        site.start("k1", **fields)
        site.minutes(61)
        task_id = site.recording().task_id
        site.clock.now += DAY_MS
        again = site.start("k1", **fields)
        assert (False, task_id) == (again.created, again.recording.task_id)

    def test_the_past_does_not_jump_the_queue(self) -> None:
        """Order is that of acceptance, whatever start_at claims."""
        site = Site()
        site.trtc.refusals = [full(), full()]
        site.start("first")
        site.start("second", start_at=at(site.clock.now - HOUR_MS // 2))
        site.minutes(2)
        assert ["first", "second"] == [str(sent["RecordId"])[:-2] for sent in site.trtc.started]

    def test_a_year_ahead_is_kept(self) -> None:
        """It starts a year later; nothing is done in between."""
        site = Site()
        start_at = site.clock.now + 365 * DAY_MS
        site.start(start_at=datetime.fromtimestamp(start_at / 1000, tz=timezone.utc).isoformat())
        calls = site.faults.calls
        site.minutes(60)
        assert 5 * 60 + 1 == site.faults.calls - calls, (
            "a tick lists starts, looks, questions, messages, and starts again; one an hour lists wakes"
        )
        site.clock.now = start_at - 30_000
        site.tick()
        assert 1 == len(site.trtc.started)

    @pytest.mark.parametrize("name", ["StartAt", "StopAt", "StartBy"])
    def test_more_than_a_year_is_refused(self, name: str) -> None:
        """With the field's name, and nothing is stored."""
        site = Site()
        fields: dict[str, Any] = {name: at(site.clock.now + 367 * DAY_MS)}
        with pytest.raises(InvalidRequest) as error:
            site.start(**fields)
        assert [name] == [field.path for field in error.value.errors]
        assert [] == site.listed()

    @pytest.mark.parametrize("name", ["StopAt", "StartBy"])
    @pytest.mark.parametrize("value", [1_700_000_000, 0, "2001-01-01T00:00:00Z"])
    def test_an_end_in_the_past_is_refused(self, name: str, value: object) -> None:
        """Nothing could come of it; 0 is the year 1970, not an absent field."""
        fields: dict[str, Any] = {name: value}
        with pytest.raises(InvalidRequest) as error:
            Site().start(**fields)
        assert [name] == [field.path for field in error.value.errors]

    @pytest.mark.parametrize("name", ["stop_at", "start_by"])
    def test_an_end_before_the_start_is_refused(self, name: str) -> None:
        """In whatever spelling each of them comes."""
        site = Site()
        fields: dict[str, Any] = {name: "2027-01-15T09:00:00+01:00"}
        with pytest.raises(ValidationError, match="StartAt"):
            site.start(start_at=at(site.clock.now + 2 * HOUR_MS), **fields)

    def test_what_can_not_be_kept_can_not_wait(self) -> None:
        """The caller's keys are never stored: StartAt is a field error, and nothing is stored."""
        site = Site()
        with pytest.raises(InvalidRequest) as error:
            site.start(start_at=at(site.clock.now + HOUR_MS), StorageParams=CALLER_STORAGE)
        assert ["StartAt"] == [field.path for field in error.value.errors]
        assert [] == site.listed()

    def test_the_same_key_twice_is_one_schedule(self) -> None:
        """The same answer while it waits, one marker, one task in the end."""
        site = Site()
        fields: dict[str, Any] = {"start_at": at(site.clock.now + HOUR_MS)}
        first, second = site.start(**fields), site.start(**fields)
        assert first.recording == second.recording
        assert 1 == len(site.listed("due/"))
        site.minutes(61)
        assert 1 == len(site.trtc.started)

    @pytest.mark.parametrize("name", ["stop_at", "start_by"])
    def test_a_repeated_call_after_its_end_gets_the_same_answer(self, name: str) -> None:
        """The request was good when it was accepted: a late retry is told of its recording."""
        site = Site()
        fields: dict[str, Any] = {name: at(site.clock.now + HOUR_MS)}
        first = site.start(**fields)
        site.clock.now += 2 * HOUR_MS
        assert first.recording.task_id == site.start(**fields).recording.task_id


class TestCancel:
    """Stopping what has not started."""

    def test_what_is_cancelled_never_starts(self) -> None:
        """It is cancelled with that reason, TRTC is never called, and in the end no marker is left."""
        site = Site()
        site.start(start_at=at(site.clock.now + HOUR_MS))
        stop("k1", "asked by ops", site.ports)
        site.run_until_done()
        recording = site.recording()
        assert (State.CANCELLED, "stopped before it started: asked by ops") == (recording.state, recording.reason)
        assert not [call for call in site.faults.log if "WebRecord" in call]

    def test_the_same_key_after_that_is_answered_with_it(self) -> None:
        """Cancelled stays cancelled."""
        site = Site()
        fields: dict[str, Any] = {"start_at": at(site.clock.now + HOUR_MS)}
        site.start(**fields)
        stop("k1", "asked by ops", site.ports)
        assert State.CANCELLED is site.start(**fields).recording.state
        site.run_until_done()
        assert [] == site.trtc.started


class TestEnds:
    """`stop_at` and `start_by`."""

    def test_stop_at_ends_a_running_one(self) -> None:
        """Within a minute of its time, and the record says why."""
        site = Site()
        stop_at = site.clock.now + HOUR_MS
        task_id = site.begin(stop_at=at(stop_at))
        site.receive(callback(801, {"Status": 1}, site.clock.now + 5_000, task_id))
        while task_id in site.trtc.recording:
            site.minutes()
            assert site.clock.now <= stop_at + MINUTE_MS
        assert site.clock.now >= stop_at
        assert (site.clock.now, "its stop_at has come") == site.recording().evidence.stop

    def test_stop_at_ends_a_scheduled_one(self) -> None:
        """From start_at to stop_at, nobody has to call again."""
        site = Site()
        start_at = site.clock.now + HOUR_MS
        site.start(start_at=at(start_at), stop_at=at(start_at + HOUR_MS))
        site.minutes(110)
        assert 1 == len(site.trtc.recording)
        site.minutes(15)
        assert (1, 0) == (len(site.trtc.started), len(site.trtc.recording))

    @pytest.mark.parametrize("fields", [{}, {"start_by": 1_800_000_000 + 1_200}], ids=["setting", "request"])
    def test_what_can_not_start_in_time_fails(self, fields: dict[str, Any]) -> None:
        """At its deadline, the setting's or its own, with that reason; no later start is tried."""
        site = Site()
        site.trtc.refusals = [full() for _ in range(200)]
        outcome = site.start(**fields)
        assert State.QUEUED is outcome.recording.state
        deadline = site.clock.now + HOUR_MS if not fields else 1_800_001_200_000
        while site.recording().state is State.QUEUED:
            site.minutes()
            assert site.clock.now <= deadline + MINUTE_MS
        assert site.clock.now >= deadline
        recording = site.recording()
        assert State.FAILED is recording.state
        assert (recording.reason or "").startswith("it could not be started in time")
        site.trtc.refusals.clear()
        site.run_until_done()
        assert [] == site.trtc.started

    def test_the_deadline_of_one_behind_others_is_kept_too(self) -> None:
        """It never comes to its turn, and is told so in time."""
        site = Site()
        site.trtc.refusals = [full() for _ in range(200)]
        site.start("first")
        site.start("second", start_by=at(site.clock.now + 10 * MINUTE_MS))
        site.minutes(12)
        assert [State.QUEUED, State.FAILED] == [site.recording(key).state for key in ("first", "second")]


class TestQueue:
    """Starts that TRTC could not take."""

    def test_order_is_that_of_acceptance(self) -> None:
        """Whatever their names."""
        site = Site()
        names = ["zebra", "apple", "mango", "berry"]
        site.trtc.refusals = [full() for _ in names]
        for name in names:
            assert State.QUEUED is site.start(name).recording.state
        site.minutes()
        assert names == [str(sent["RecordId"]).rpartition("-")[0] for sent in site.trtc.started]

    def test_a_full_quota_ends_the_pass_and_the_next_tick_goes_on(self) -> None:
        """One refusal a tick, not one for each that waits; nobody is skipped."""
        site = Site()
        site.trtc.refusals = [full() for _ in range(5)]
        for n in range(5):
            site.start(f"k{n}")
        site.trtc.refusals = [full(), full()]
        first, second, third = site.minutes(3)
        assert [(0, 5), (0, 5), (5, 0)] == [(r.started, r.waiting) for r in (first, second, third)]
        assert [f"k{n}" for n in range(5)] == [str(sent["RecordId"]).rpartition("-")[0] for sent in site.trtc.started]

    def test_thirty_that_wait_start_in_one_tick_at_the_pace(self) -> None:
        """Each of TRTC's calls asks the pace first: no more calls than paced."""
        site = Site()
        site.trtc.refusals = [full() for _ in range(30)]
        for n in range(30):
            site.start(f"k{n:02}")
        site.faults.log.clear()
        assert 30 == site.minutes()[0].started
        calls = [call for call in site.faults.log if "WebRecord" in call]
        assert len(calls) == site.paced
        assert 30 == len(site.trtc.started) == len({str(sent["RecordId"]) for sent in site.trtc.started})

    def test_a_tick_stops_in_time(self) -> None:
        """A slow TRTC eats the budget: the rest is left to the next tick, in order."""
        site = Site()
        site.trtc.refusals = [full() for _ in range(5)]
        for n in range(5):
            site.start(f"k{n}")
        slow = Site(site.store, site.trtc, site.clock)
        slow.pace = lambda: slow.sleep(15)  # type: ignore[method-assign]  # this site's alone
        report = slow.minutes()[0]
        assert 0 < report.started < 5
        assert 5 - report.started == report.waiting
        site.minutes()
        assert [f"k{n}" for n in range(5)] == [str(sent["RecordId"]).rpartition("-")[0] for sent in site.trtc.started]

    def test_a_final_refusal_from_the_queue_fails_that_one_only(self) -> None:
        """TRTC's words are kept; those behind it start in the same tick."""
        site = Site()
        site.trtc.refusals = [full(), full()]
        site.start("bad")
        site.start("good")
        site.trtc.refusals = [refusal("InvalidParameter.RecordUrl", "no such page", "r")]
        site.minutes()
        assert (State.FAILED, "InvalidParameter.RecordUrl: no such page") == (
            site.recording("bad").state,
            site.recording("bad").reason,
        )
        assert State.STARTING is site.recording("good").state
        assert "bad" not in {marked(key)[1] for key in site.listed("due/")}


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.org/",
        "https://example.com/",
        "http://hooks.example.com/",
        "https://10.0.0.1/",
        "ftp:x",
    ],
)
def test_who_may_not_be_notified_is_refused(url: str) -> None:
    """Another host, no TLS, a private address: a field error, and nothing is stored."""
    site = Site()
    with pytest.raises(InvalidRequest) as error:
        site.start(notify_url=url)
    assert ["NotifyUrl"] == [field.path for field in error.value.errors]
    assert [] == site.listed()
    assert State.STARTING is site.start(notify_url=HOOK).recording.state


@pytest.mark.parametrize("url", ["https://example.com/class?room=1", "https://example.com/another"])
def test_a_repeat_a_minute_before_the_end_leaves_the_end_alone(url: str) -> None:
    """To the millisecond, where its own marker would have the name of the stop's: the recording is stopped in time."""
    site = Site()
    end_ms = site.clock.now + 12 * MINUTE_MS
    task_id = site.start(StopAt=end_ms / 1000).recording.task_id
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id or ""))
    while site.clock.now < end_ms - 2 * MINUTE_MS:
        site.clock.now += MINUTE_MS
        site.tick()
    site.clock.now = end_ms - MINUTE_MS - 1_000  # `start` comes a second later
    if "another" in url:
        with pytest.raises(Conflict):
            site.start(url=url, StopAt=end_ms / 1000)
    else:
        site.start(url=url, StopAt=end_ms / 1000)
    site.clock.now = end_ms
    site.tick()
    assert State.STOPPING is current(site.store, "k1").state
