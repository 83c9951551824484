"""The passes of a tick: a receiver that hangs, starts that TRTC never takes, what always fails, hold up nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared.domain import keys
from shared.domain.notify_hosts import NotificationError
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import Described, Started
from testing.callbacks import SDK_APP_ID, callback, mp4_stop
from tests.fakes import FakeTrtc
from tests.shared.usecases.ticking import HOUR_MS, MINUTE_MS, Inbox, Site

OTHER_APP = SDK_APP_ID + 1


class HangingInbox(Inbox):
    """`hang.example.com` takes the connection and says nothing."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        if "//hang." in url:
            self.site.clock.now += 5_000
            raise NotificationError("hang.example.com did not answer in time")
        super().send(url, webhook_id, at_s, body, traceparent)


def hanging(owed: int) -> Site:
    """Return a site on which so many recordings are over whose receiver hangs."""
    site = Site()
    site.inbox = HangingInbox(site)
    for number in range(owed):
        over(site, f"n{number}", "https://hang.example.com/hook")
    return site


def over(site: Site, key: str, hook: str) -> None:
    """Let a recording begin and end."""
    task_id = site.begin(key, notify_url=hook)
    site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    site.receive(mp4_stop(0, site.clock.now + 10, "a.mp4", site.clock.now - 1_000, site.clock.now, task_id))


class TestHangingReceiver:
    """Whoever does not answer costs only those who wait for the same host."""

    def test_it_is_given_up_after_two_tries_in_a_tick(self) -> None:
        """The rest of what it is owed waits for the next tick; the report names it."""
        site = hanging(20)
        report = site.minutes()[0]
        assert (2, {"hang.example.com"}) == (report.notify_failures, report.given_up)

    def test_stops_are_on_time(self) -> None:
        """A stop_at is met in the first tick after it, however many messages are owed."""
        site = hanging(60)
        stop_at = site.clock.now + 3 * MINUTE_MS
        task_id = site.begin("other", stop_at=stop_at / 1000)
        while task_id in site.trtc.recording:
            site.minutes()
            assert site.clock.now <= stop_at + 2 * MINUTE_MS

    def test_other_hosts_are_told_in_the_same_tick(self) -> None:
        """Also what stands behind it in the queue."""
        site = hanging(30)
        over(site, "good", "https://hooks.example.com/hook")
        site.minutes()
        assert ["recording.completed"] == site.inbox.types

    def test_everything_is_told_when_it_answers_again(self) -> None:
        """Nothing that was moved to later is lost."""
        site = hanging(10)
        site.minutes(3)
        site.inbox = Inbox(site)
        site.run_until_done()
        assert {f"n{number}" for number in range(10)} == {
            sent.document["data"]["recording_id"] for sent in site.inbox.taken
        }


class PickyTrtc(FakeTrtc):
    """TRTC that never takes pages with `poison` in their address."""

    def start(self, parameters: Mapping[str, Any]) -> Started:
        if "poison" in str(parameters["RecordUrl"]):
            raise refusal("InternalError.PageParse", "cannot parse the page", "r")
        return super().start(parameters)


class TestHeadOfTheQueue:
    """A start that is refused for its own sake goes behind those not yet tried."""

    def test_others_start_on_time(self) -> None:
        """However many are at the head."""
        site = Site(trtc=PickyTrtc())
        for number in range(12):
            site.start(f"p{number}", url=f"https://example.com/poison{number}")
        for number in range(5):
            site.start(f"lesson{number}", start_at=(site.clock.now + 2 * MINUTE_MS) / 1000)
        site.minutes(4)
        assert {State.STARTING} == {site.recording(f"lesson{number}").state for number in range(5)}

    def test_it_is_tried_rarer_and_rarer(self) -> None:
        """And given up at its deadline, with what TRTC said."""
        site = Site(trtc=PickyTrtc())
        site.start("p0", url="https://example.com/poison")
        site.minutes(59)
        assert 5 <= site.recording("p0").attempts <= 15
        site.run_until_done()
        told = site.recording("p0")
        assert (State.FAILED, True) == (told.state, "cannot parse the page" in (told.reason or ""))

    def test_what_waits_behind_a_full_quota_is_given_up_in_time(self) -> None:
        """A scheduled start that never comes to its turn, for no room ever comes, ends at its deadline."""
        site = Site()
        site.trtc.refusals = [refusal("ResourceInsufficient.RequestRejection", "full", "r") for _ in range(500)]
        site.start("first", start_by=(site.clock.now + 3 * HOUR_MS) / 1000)
        start_at = site.clock.now + 5 * MINUTE_MS
        site.start("second", start_at=start_at / 1000)
        site.minutes(64)
        site.minutes(3)
        assert (State.QUEUED, State.FAILED) == (site.recording("first").state, site.recording("second").state)


class TwoApps(FakeTrtc):
    """The site's SdkAppId is `full`, by this code; the other has room. `asking` is what a question is refused with."""

    full = "ResourceInsufficient.RequestRejection"
    asking = ""
    calls = 0

    def start(self, parameters: Mapping[str, Any]) -> Started:
        self.calls += 1
        if parameters["SdkAppId"] == SDK_APP_ID:
            raise refusal(self.full, "full", "r")
        return super().start(parameters)

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        if self.asking:
            raise refusal(self.asking, "no", "r")
        return super().describe(sdk_app_id, record_id)


def two_apps(waiting: int) -> tuple[Site, TwoApps]:
    """Return a site where so many wait for a full SdkAppId, and one behind them for the other."""
    trtc = TwoApps()
    site = Site(trtc=trtc, policy=Site().policy._replace(sdk_app_ids=(SDK_APP_ID, OTHER_APP)))
    for number in range(waiting):
        site.start(f"full{number}", start_at=(site.clock.now + 2 * MINUTE_MS) / 1000)
    site.clock.now += 1_000
    site.start("other", start_at=(site.clock.now + 2 * MINUTE_MS) / 1000, sdk_app_id=OTHER_APP)
    trtc.calls = 0
    return site, trtc


class TestFull:
    """Recordings at once are counted per SdkAppId, calls of an action per account."""

    def test_a_full_sdk_app_id_leaves_the_others_alone(self) -> None:
        """However many wait for it in front of them; it is asked once a tick itself."""
        site, trtc = two_apps(150)
        site.minutes(3)
        assert (State.STARTING, State.QUEUED) == (site.recording("other").state, site.recording("full0").state)
        before = trtc.calls
        site.minutes()
        assert 1 == trtc.calls - before

    def test_a_rate_is_everybodys(self) -> None:
        """Whoever is behind waits for the next tick, too."""
        site, trtc = two_apps(1)
        trtc.full = "RequestLimitExceeded"
        site.minutes(3)
        assert State.SCHEDULED is site.recording("other").state

    def test_a_question_too_many_holds_up_no_start(self) -> None:
        """TRTC counts DescribeWebRecord by itself: who has nothing to ask is started."""
        site, trtc = two_apps(5)
        trtc.full = "InternalError"
        site.minutes(2)
        trtc.full, trtc.asking = "ResourceInsufficient", "RequestLimitExceeded"
        site.clock.now += MINUTE_MS
        site.start("late", start_at=(site.clock.now + MINUTE_MS) / 1000, sdk_app_id=OTHER_APP)
        site.minutes(2)
        assert State.STARTING is site.recording("late").state


def test_what_always_fails_is_tried_rarer_and_rarer() -> None:
    """A request that nobody can read costs a dozen looks in a day, not one in each minute; it is looked at again when
    it can be read.
    """
    site = Site()
    site.begin("bad")
    good = site.store.objects[keys.request_key("bad")].body
    site.store.put(keys.request_key("bad"), b"{")
    site.store.delete(keys.document_key("bad"))  # that holds it, too
    errors = Counter[str]()
    for report in site.minutes(8 * 60):
        errors.update(error.split(":")[0] for error in report.errors)
    assert 8 <= errors["bad"] <= 20
    site.store.put(keys.request_key("bad"), good)
    assert [] == [error for report in site.minutes(61) for error in report.errors]
    site.trtc.end(site.recording("bad").task_id or "")
    site.run_until_done()
    assert State.LOST is site.recording("bad").state
