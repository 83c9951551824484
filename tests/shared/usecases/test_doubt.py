"""What a callback alone tells of a task's end is asked of TRTC before anybody acts on it; its times are plausible."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.errors import RecorderBusy
from shared.domain.states import State
from shared.ports import Described
from shared.store import journal
from shared.usecases.stop import stop
from shared.usecases.woken import woken
from testing.callbacks import callback, mp4_stop
from testing.trtc import Trtc
from tests.shared.usecases.ticking import HOOK, HOUR_MS, MINUTE_MS, Site

FAILED = {"Status": 2, "EventMessage": "Goto url timeout"}
CRASHED = {"Status": 5, "EventMessage": "Chrome exception, exit task"}


@dataclass
class Mute(Trtc):
    """TRTC that answers no question about a task."""

    asked: list[str] = field(default_factory=list)

    def describe_task(self, task_id: str) -> Described:
        self.asked.append(task_id)
        raise RecorderBusy("InternalError", "no answer", answered=True)


def patient(trtc: Trtc | None = None) -> Site:
    """Return a site that starts a recording up to three times."""
    site = Site(trtc=trtc or Trtc())
    return replace(site, policy=site.policy._replace(max_attempts=3))


def recording(site: Site, **fields: Any) -> str:
    """Return the TaskId of a recording with its first picture."""
    task_id = site.begin(notify_url=HOOK, **fields)
    site.clock.now += 5_000
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.clock.now += MINUTE_MS
    return task_id


def told_completed(site: Site, task_id: str) -> None:
    """Let somebody who has the key tell the task's end and its film's upload."""
    now = site.clock.now
    site.receive(callback(802, {"Status": 1}, now, task_id))
    site.receive(mp4_stop(0, now, "a.mp4", now - MINUTE_MS, now, task_id))


@pytest.mark.parametrize("payload", [FAILED, CRASHED])
def test_what_is_told_to_have_failed_and_records_has_no_second_task(payload: dict[str, object]) -> None:
    """Whether a wake or the timer is to start it again; it is watched on, and stopped when its caller asks."""
    site = patient()
    task_id = site.begin()
    site.receive(callback(801, payload, site.clock.now, task_id))
    woken(["k1"], site.timer, 50)
    site.minutes(15)
    assert (1, State.STARTING) == (len(site.trtc.started), site.recording().state)
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    assert (State.RECORDING, None) == (site.recording().state, site.recording().reason)
    stop("k1", "asked", site.ports)
    assert {} == site.trtc.recording


@pytest.mark.parametrize("payload", [FAILED, CRASHED])
def test_what_failed_is_started_again_at_once(payload: dict[str, object]) -> None:
    """The wake asks, and starts."""
    site = patient()
    task_id = site.begin()
    site.trtc.end(task_id)
    site.receive(callback(801, payload, site.clock.now, task_id))
    woken([key.removeprefix("wake/") for key in site.listed("wake/")], site.timer, 50)
    assert 2 == len(site.trtc.started)


def test_where_trtc_cannot_say_the_signed_callback_counts_after_five_minutes() -> None:
    """A question without an answer is no reason to record nothing."""
    site = patient(Mute())
    task_id = site.begin()
    site.receive(callback(801, FAILED, site.clock.now, task_id))
    site.minutes(4)
    assert 1 == len(site.trtc.started)
    site.minutes(2)
    assert 2 == len(site.trtc.started)


@pytest.mark.parametrize("waking", [True, False])
def test_nobody_is_told_completed_while_the_task_records(*, waking: bool) -> None:
    """Neither by a wake nor by the timer; what records is completed by its own end."""
    site = Site()
    task_id = recording(site)
    told_completed(site, task_id)
    if waking:
        woken(["k1"], site.timer, 50)
    site.minutes(5)
    assert ([], State.RECORDING) == (site.inbox.types, site.recording().state)
    site.trtc.end(task_id)
    site.upload(task_id)
    site.run_until_done()
    assert ["recording.completed"] == site.inbox.types


def test_a_failure_that_is_told_of_the_last_attempt_is_asked_about_too() -> None:
    """The receiver does not hear of a failure, and the recording is stopped at its time."""
    site = patient()
    stop_ms = site.clock.now + 20 * MINUTE_MS
    site.begin(notify_url=HOOK, stop_at=stop_ms / 1000)
    for _ in range(site.policy.max_attempts - 1):
        (task_id,) = site.trtc.recording
        site.trtc.end(task_id)
        site.receive(callback(801, FAILED, site.clock.now, task_id))
        site.minutes(2)
    (task_id,) = site.trtc.recording
    site.receive(callback(801, FAILED, site.clock.now, task_id))
    site.minutes(25)
    assert ({}, site.policy.max_attempts) == (site.trtc.recording, len(site.trtc.started))
    assert "recording.failed" not in site.inbox.types


def test_an_unexpected_end_is_told_by_its_wake() -> None:
    """One question, and it is told."""
    site = Site()
    task_id = recording(site)
    site.trtc.end(task_id)
    told_completed(site, task_id)
    woken(["k1"], site.timer, 50)
    assert (["recording.completed"], 1) == (site.inbox.types, site.paced)


def test_what_its_caller_stopped_is_told_without_a_question() -> None:
    """Its end is no surprise."""
    site = Site()
    task_id = recording(site)
    stop("k1", "asked", site.ports)
    told_completed(site, task_id)
    woken(["k1"], site.timer, 50)
    assert (["recording.completed"], 0) == (site.inbox.types, site.paced)


@pytest.mark.parametrize("uploaded", [False, True], ids=["an end", "an end and an upload"])
def test_a_stop_after_a_false_end_stops_the_task(*, uploaded: bool) -> None:
    """Before TRTC was asked: a stop that comes later than the told end does not explain it, and is carried out."""
    site = Site()
    task_id = recording(site)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    if uploaded:
        told_completed(site, task_id)
    site.clock.now += 30_000
    stop("k1", "asked", site.ports)
    site.minutes(3)
    assert {} == site.trtc.recording


def test_a_stop_that_a_start_overtook_is_carried_out_after_a_false_end() -> None:
    """It found no task to stop; the task's callbacks, one of them false, were read only later."""
    site = Site()
    task_id = recording(site)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    site.clock.now += MINUTE_MS
    journal.record(site.store, journal.find(site.store, "k1"), facts.stop_requested(site.clock.now, "asked"))
    site.upload(task_id)
    site.receive(mp4_stop(0, site.clock.now, "a.mp4", 1, site.clock.now, task_id))
    site.minutes(8)
    assert {} == site.trtc.recording


def test_where_trtc_cannot_say_completed_is_told_three_minutes_late() -> None:
    """It is asked each minute meanwhile."""
    site = Site(trtc=Mute())
    task_id = recording(site)
    told_completed(site, task_id)
    site.minutes(2)
    assert [] == site.inbox.types
    site.minutes(2)
    assert ["recording.completed"] == site.inbox.types
    assert isinstance(site.trtc, Mute)
    assert 2 <= len(site.trtc.asked) <= 5


def test_stop_at_is_met_after_a_false_end() -> None:
    """Whose upload nobody told: the last look is an hour away, and the caller's StopAt is not."""
    site = Site()
    stop_ms = site.clock.now + 20 * MINUTE_MS
    task_id = recording(site, stop_at=stop_ms / 1000)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    while site.clock.now < stop_ms:
        assert task_id in site.trtc.recording
        site.minutes()
    site.minutes()
    assert {} == site.trtc.recording


@pytest.mark.parametrize("behind_ms", [4 * MINUTE_MS, 3 * HOUR_MS, 23 * HOUR_MS])
def test_a_clock_that_is_behind_settles_no_end(behind_ms: int) -> None:
    """The grace time counts from when the end was heard of, and a film that comes in it completes the recording."""
    site = Site()
    task_id = recording(site)
    site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, site.clock.now - behind_ms, task_id))
    site.minutes(20)
    assert State.UPLOADING is site.recording().state
    now = site.clock.now
    site.receive(mp4_stop(0, now, "a.mp4", now - 21 * MINUTE_MS, now, task_id))
    assert State.COMPLETED is site.recording().state


@pytest.mark.parametrize("behind_ms", [2 * MINUTE_MS, 11 * HOUR_MS, 23 * HOUR_MS])
def test_a_clock_that_is_behind_stops_no_task(behind_ms: int) -> None:
    """The limit counts from when the task was asked for, at the earliest."""
    site = Site()
    task_id = site.begin(MaxDurationLimit=36_000)
    site.receive(callback(801, {"Status": 1}, site.clock.now - behind_ms, task_id))
    site.minutes(30)
    assert [task_id] == [*site.trtc.recording]


def test_a_second_attempt_that_is_told_completed_is_asked_about_while_the_first_one_is_looked_for() -> None:
    """The first one's files keep the recording open for an hour; the question is not put off till then."""
    site = patient()
    task_id = recording(site)
    site.trtc.end(task_id)
    site.receive(callback(801, CRASHED, site.clock.now, task_id))
    site.minutes(2)
    (task_id,) = site.trtc.recording
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.clock.now += MINUTE_MS
    told_completed(site, task_id)
    site.minutes(90)
    assert ([], State.RECORDING) == (site.inbox.types, site.recording().state)


def test_whoever_notifies_asks_where_no_look_did() -> None:
    """Looks may fail for minutes; then the message's own turn comes first."""
    site = Site()
    task_id = recording(site)
    told_completed(site, task_id)
    for key in [*site.listed("open/"), *site.listed("ask/")]:
        site.store.delete(key)
    site.clock.now += 4 * MINUTE_MS
    site.minutes()
    assert ([], State.RECORDING) == (site.inbox.types, site.recording().state)
    site.minutes(2)
    assert [] == site.inbox.types
    site.trtc.end(task_id)
    site.upload(task_id)
    site.run_until_done()
    assert ["recording.completed"] == site.inbox.types
