"""Every recording comes to its end, whatever comes late and whatever TRTC does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.domain.errors import RecorderBusy
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import Described, Started
from shared.usecases.replay import replay
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback, mp4_stop
from testing.trtc import Trtc
from tests.faults import Died, Faults
from tests.shared.usecases.ticking import HOOK, HOUR_MS, Site


def ended(site: Site, **fields: Any) -> str:
    """Record for ten minutes; return the TaskId."""
    task_id = site.begin(**fields)
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.clock.now += 600_000
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    site.trtc.recording.clear()
    return task_id


@pytest.mark.parametrize(
    ("lost", "minutes", "state"), [(801, 3, "recording"), (802, 11, "uploading"), (803, 61, "paused")]
)
def test_news_of_a_callback_whose_function_died_are_found_by_the_timer(lost: int, minutes: int, state: str) -> None:
    """It was stored, no document was written, and nobody sent it again."""
    site = Site()
    task_id = site.begin()
    if lost != 801:
        site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
        site.minutes(15)
    if lost == 802:
        site.trtc.end(task_id)
    site.faults = Faults({1: "die"})
    with pytest.raises(Died):
        site.receive(callback(lost, {"Status": 2 if lost == 803 else 1}, site.clock.now, task_id))
    site.faults = Faults()
    assert state != site.recording().state.value
    site.minutes(minutes)
    assert state == site.recording().state.value


def test_news_after_the_end_are_looked_after() -> None:
    """A final recording has no marker; an event that says that files are on their way after all brings it one."""
    site = Site()
    task_id = ended(site)
    site.receive(callback(310, {"Status": 2}, site.clock.now, task_id))
    site.run_until_done()
    assert State.FAILED is site.recording().state
    site.clock.now += HOUR_MS
    site.receive(callback(310, {"Status": 1, "FileList": ["a.mp4"]}, site.clock.now, task_id))
    assert State.UPLOADING is site.recording().state
    site.run_until_done()
    assert State.LOST is site.recording().state


def test_a_page_that_begins_after_it_failed_is_looked_after() -> None:
    """801 status 1 may come long after status 2; the recording then runs, and ends."""
    site = Site()
    task_id = site.begin()
    site.trtc.end(task_id)
    site.receive(callback(801, {"Status": 2, "EventMessage": "Page load timeout"}, site.clock.now, task_id))
    site.run_until_done()
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    assert State.RECORDING is site.recording().state
    site.run_until_done()
    assert State.LOST is site.recording().state


def test_what_a_replay_finds_unfinished_is_looked_after() -> None:
    """Its document may have been final, and its markers gone."""
    site = Site()
    task_id = site.begin()
    for key in site.listed("open/"):
        site.store.delete(key)
    replay(site.store, ["k1"], site.clock())
    site.trtc.recording.clear()
    site.run_until_done()
    assert (State.LOST, task_id) == (site.recording().state, site.recording().task_id)


@pytest.mark.parametrize("name", ["9999999999999-x-0123456789abcdef", "9000000000000-802-0123456789abcdef"])
def test_a_strangers_fact_of_another_century_holds_nothing_open(name: str) -> None:
    """Its name is one of ours; the last look does not wait for five minutes after it."""
    site = Site()
    task_id = ended(site)
    site.upload(task_id)
    site.receive(mp4_stop(0, site.clock.now + 1_000, task=task_id))
    site.store.put(f"recordings/k1/facts/{name}.json", b"{")
    site.clock.now += 300_000
    site.minutes(10)
    assert ([], State.COMPLETED) == (site.listed("open/"), site.recording().state)


class Ours(Trtc):
    """The application is not of this account any more: TRTC answers no question about it."""

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        raise refusal("FailedOperation.SdkAppIdNotUnderAppId", "no", "r")

    def describe_task(self, task_id: str) -> Described:
        raise refusal("FailedOperation.SdkAppIdNotUnderAppId", "no", "r")

    def stop(self, task_id: str) -> None:
        raise refusal("FailedOperation.SdkAppIdNotUnderAppId", "no", "r")


class Unheard(Ours):
    """It does not answer to starts either."""

    def start(self, parameters: Mapping[str, Any]) -> Started:
        raise RecorderBusy("ClientNetworkError", "lost", answered=False)


def test_what_trtc_says_nothing_about_ends_when_no_task_can_run() -> None:
    """Until its longest time is over the refusal is an error that is seen; then the files decide."""
    site = Site(trtc=Ours())
    site.begin()
    site.clock.now += HOUR_MS
    assert site.tick().errors
    assert State.STARTING is site.recording().state
    site.clock.now += 12 * HOUR_MS
    site.run_until_done()
    assert State.LOST is site.recording().state


def test_a_start_that_trtc_says_nothing_about_is_given_up() -> None:
    """Its answer was lost; no task of it can run any more."""
    site = Site(trtc=Unheard())
    site.start()
    site.clock.now += 12 * HOUR_MS
    site.run_until_done()
    assert State.FAILED is site.recording().state


def test_a_queued_recording_ends_at_its_stop_at() -> None:
    """Behind others in a queue that does not move, long before its StartBy."""
    site = Site()
    site.trtc.refusals = [refusal("LimitExceeded", "full", "r")] * 1_000
    day_s = site.clock.now / 1000 + 86_400
    site.start("first", StartBy=day_s)
    site.start(StartBy=day_s, StopAt=site.clock.now / 1000 + 600)
    site.minutes(12)
    assert State.FAILED is site.recording().state
    assert "stop_at passed" in (site.recording().reason or "")


class Late(Bucket):
    """The film's event is stored right after the fact that settles the task as lost."""

    event: tuple[str, bytes] | None = None

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        super().put(key, body, metadata)
        if "-looked-" in key and self.event:
            (name, event), self.event = self.event, None
            super().put(name, event)


def test_news_between_the_verdict_and_its_notification() -> None:
    """The tick has no error, and the caller is told the state of now alone."""
    site = Site(store=Late())
    task_id = ended(site, notify_url=HOOK)
    event = mp4_stop(0, site.clock.now + 1_000, task=task_id)
    twin = Site()
    twin.receive(event)
    (name,) = twin.listed("tasks/")
    assert isinstance(site.store, Late)
    site.store.event = (name, event)
    site.clock.now += HOUR_MS + 60_000
    assert [[]] == [report.errors for report in site.minutes(1)]
    site.run_until_done()
    assert ["recording.completed"] == site.inbox.types


BUSY = [RecorderBusy("ClientNetworkError", "lost", answered=False), refusal("ResourceUnavailable.InArrears", "no", "r")]


class Busy(Trtc):
    """TRTC takes no question any more: each fails in this way, for ever."""

    why = BUSY[0]

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        raise self.why

    def describe_task(self, task_id: str) -> Described:
        raise self.why

    def stop(self, task_id: str) -> None:
        raise self.why


@pytest.mark.parametrize("why", BUSY, ids=lambda why: why.code)
@pytest.mark.parametrize("stopped", [False, True])
def test_an_outage_of_trtc_that_does_not_end_keeps_no_recording_open(why: RecorderBusy, stopped: bool) -> None:
    """An outage is waited for until a day after the longest time of the task; then the files decide."""
    site = Site(trtc=Busy())
    site.trtc.why = why  # type: ignore[attr-defined]
    task_id = site.begin(NotifyUrl=HOOK)
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    if stopped:
        stop("k1", "asked", site.ports)
    site.upload(task_id)
    site.clock.now += 30 * HOUR_MS
    site.minutes(2)
    assert State.STOPPING is site.recording().state
    site.clock.now += 5 * HOUR_MS
    site.run_until_done()
    assert (State.COMPLETED, ["recording.completed"]) == (site.recording().state, site.inbox.types)


def test_a_start_whose_answer_was_lost_in_an_outage_that_does_not_end_is_given_up() -> None:
    """Its caller is told; no task of it can run any more."""
    site = Site(trtc=Busy())
    site.trtc.refusals = [BUSY[0]] * 10_000
    site.start(NotifyUrl=HOOK)
    site.clock.now += 30 * HOUR_MS
    site.minutes(2)
    assert State.QUEUED is site.recording().state
    site.clock.now += 5 * HOUR_MS
    site.run_until_done()
    assert (State.FAILED, ["recording.failed"]) == (site.recording().state, site.inbox.types)
