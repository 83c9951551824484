"""One look at a recording: it ends, it keeps what it found, and callers hear of it."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from shared.domain.detail import detail
from shared.domain.document import decide
from shared.domain.keys import document_key, open_key
from shared.domain.outbox import RETRY_AFTER_S
from shared.domain.refusals import refusal
from shared.domain.request import RecordingRequest
from shared.domain.states import State
from shared.domain.steps import Start, Wait
from shared.store import journal
from shared.usecases.look import look
from shared.usecases.start import start
from shared.usecases.stop import stop
from testing.callbacks import callback, mp4_stop
from tests.shared.usecases.ticking import HOOK, HOUR_MS, MINUTE_MS, Site

DAY_MS = 24 * HOUR_MS
BORN_MS = 1_800_000_001_000


def finish(site: Site, task_id: str, name: str = "a.mp4") -> None:
    """Let TRTC report the end and the file."""
    now = site.clock.now
    if task_id in site.trtc.recording:
        site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, now, task_id))
    site.receive(mp4_stop(0, now + 10, name, now - 1_000, now, task_id))


def completed(**fields: Any) -> Site:
    """Return a site with a completed recording that nobody was told of yet."""
    site = Site()
    finish(site, site.begin(notify_url=HOOK, **fields))
    return site


class TestLook:
    """Gather, decide, carry out."""

    def test_nothing_is_known_of_an_unknown_id(self) -> None:
        """And nothing is written."""
        site = Site()
        assert journal.read(site.store, "nobody") is None
        assert [] == site.listed()

    def test_a_look_goes_on_until_it_has_to_wait(self) -> None:
        """Gone, looked for, completed, told: one look after a long silence does it all."""
        site = Site()
        task_id = site.begin(notify_url=HOOK)
        site.trtc.end(task_id)
        site.upload(task_id)
        site.minutes(1)
        site.clock.now += HOUR_MS
        site.minutes(61)
        assert State.COMPLETED is site.recording().state
        assert ["recording.completed"] == site.inbox.types

    def test_a_look_ends_with_a_start_or_a_wait(self) -> None:
        """Starting is the queue's: a look does not jump it."""
        site = Site()
        site.faults.plan = {7: "fail"}
        site.start()
        known = journal.find(site.store, "k1")
        _, step = look(known, site.timer)
        assert Start(1, recheck=1) == step
        assert [] == site.trtc.started

    def test_a_second_look_at_once_does_nothing(self) -> None:
        """What was found is stored: no call to TRTC, no message, no fact."""
        site = completed()
        site.minutes()
        known = journal.find(site.store, "k1")
        before, tries, paced = dict(site.store.objects), len(site.inbox.tries), site.paced
        after, step = look(known, site.timer)
        assert isinstance(step, Wait)
        assert known == after == known._replace(documented=known.evidence)
        assert (before, tries, paced) == (site.store.objects, len(site.inbox.tries), site.paced)


class TestFinal:
    """The message about the end."""

    def test_it_is_sent_once(self) -> None:
        """To the caller's URL, at the next tick, and never again."""
        site = completed()
        at = site.clock.now
        site.run_until_done()
        site.minutes(5)
        (sent,) = site.inbox.tries
        assert (HOOK, f"k1-{BORN_MS}-completed") == (sent.url, sent.webhook_id)
        assert sent.at_ms - at <= MINUTE_MS

    def test_its_body_is_the_recording_and_nothing_inside(self) -> None:
        """Type, timestamp, states and data; data is what the API shows, without evidence and outbox."""
        site = completed()
        site.run_until_done()
        document = site.inbox.taken[0].document
        assert {"type", "timestamp", "state", "current_state", "data"} == set(document)
        assert "recording.completed" == document["type"]
        assert document["timestamp"].endswith("+00:00")
        shown = json.loads(site.recording().model_dump_json(exclude_none=True))
        expected = {name: value for name, value in shown.items() if name not in ("evidence", "notifications")}
        assert expected == document["data"]
        assert ["a.mp4"] == [file["name"] for file in document["data"]["files"]]

    def test_it_is_sent_in_the_callers_trace(self) -> None:
        """What came with the start goes with the end, and its id is in the recording."""
        site, trace = Site(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        asked = RecordingRequest.model_validate({"RecordUrl": "https://example.com/", "NotifyUrl": HOOK})
        outcome = start(asked, "k1", "http:test", site.ports, trace)
        finish(site, outcome.recording.task_id or "")
        site.run_until_done()
        assert [trace] == [sent.traceparent for sent in site.inbox.tries]
        assert "0af7651916cd43dd8448eb211c80319c" == site.recording().trace_id

    def test_a_notification_has_its_own_state_and_the_current_one(self) -> None:
        """A message about a state that is over carries the recording as it is now, and says both."""
        site = Site()
        task_id = site.begin(notify_url=HOOK, notify_on="changes")
        site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
        finish(site, task_id)
        site.run_until_done()
        said = [(sent.document["state"], sent.document["current_state"]) for sent in site.inbox.taken]
        assert {("starting", "completed"), ("recording", "completed"), ("completed", "completed")} <= set(said)
        for sent in site.inbox.taken:
            document = sent.document
            assert f"recording.{document['state']}" == document["type"]
            assert document["current_state"] == document["data"]["state"]

    def test_nobody_asked_nobody_is_told(self) -> None:
        """Without a URL, neither the caller's nor the deployment's."""
        site = Site()
        finish(site, site.begin())
        site.run_until_done()
        assert [] == site.inbox.tries

    def test_the_deployments_own_receiver_hears_of_all(self) -> None:
        """A configured URL is used where the caller names none, and is not checked against callers' hosts."""
        site = Site()
        site.policy = site.policy._replace(notify_url="http://10.0.0.7/hook")
        finish(site, site.begin())
        site.run_until_done()
        assert ["http://10.0.0.7/hook"] == [sent.url for sent in site.inbox.taken]

    @pytest.mark.parametrize("story", ["failed", "lost"])
    def test_a_bad_end_is_told_as_well(self, story: str) -> None:
        """With its reason."""
        site = Site()
        task_id = site.begin(notify_url=HOOK)
        if story == "failed":
            site.receive(callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, site.clock.now, task_id))
        site.trtc.end(task_id)
        site.run_until_done()
        (sent,) = site.inbox.taken
        assert f"recording.{story}" == sent.document["type"]
        assert site.recording().reason == sent.document["data"]["reason"]

    def test_lost_then_completed_is_told_twice(self) -> None:
        """A late file is news, also after everything had been settled."""
        site = Site()
        task_id = site.begin(notify_url=HOOK)
        site.trtc.end(task_id)
        site.run_until_done()
        site.clock.now += DAY_MS
        finish(site, task_id)
        site.run_until_done()
        assert ["recording.lost", "recording.completed"] == site.inbox.types
        assert [f"k1-{BORN_MS}-lost", f"k1-{BORN_MS}-completed"] == [sent.webhook_id for sent in site.inbox.taken]


class TestRetry:
    """A receiver that does not answer."""

    def test_it_is_tried_again_later_and_later_for_three_days(self) -> None:
        """The same webhook-id each time; then it is undelivered, visible in the recording, and over."""
        site = completed()
        site.inbox.down = True
        site.run_until_done()
        times = [sent.at_ms for sent in site.inbox.tries]
        waits = [(b - a) / 1000 for a, b in pairwise(times)]
        assert len(RETRY_AFTER_S) == len(waits)
        assert all(planned <= real <= planned + 60 for planned, real in zip(RETRY_AFTER_S, waits, strict=True))
        assert sorted(waits) == waits
        assert 2.9 * DAY_MS <= times[-1] - times[0] <= 3.1 * DAY_MS
        assert {f"k1-{BORN_MS}-completed"} == {sent.webhook_id for sent in site.inbox.tries}
        (message,) = site.recording().notifications
        assert (True, "answered 500", None) == (message.undelivered, message.error, message.delivered_ms)
        site.inbox.down = False
        site.minutes(10)
        assert [] == site.inbox.taken

    def test_it_arrives_when_the_receiver_is_back(self) -> None:
        """Once, and the recording says when and after how many tries."""
        site = completed()
        site.inbox.down = True
        site.minutes(20)
        site.inbox.down = False
        site.run_until_done()
        (message,) = site.recording().notifications
        assert 1 == len(site.inbox.taken)
        assert (len(site.inbox.tries), site.inbox.taken[0].at_ms) == (message.attempts, message.delivered_ms)
        assert (False, None) == (message.undelivered, message.error)

    def test_a_message_that_is_refused_does_not_hold_up_the_end(self) -> None:
        """The receiver can't take one state: it hears of the end within a minute all the same."""
        site = Site()
        task_id = site.begin(notify_url=HOOK, notify_on="changes")
        site.inbox.refusing = {f"k1-{site.clock.now:013d}-starting"}
        site.minutes(10)
        finish(site, task_id)
        at = site.clock.now
        site.minutes(1)
        assert "recording.completed" in site.inbox.types
        assert at < site.inbox.taken[-1].at_ms <= at + MINUTE_MS


class TestEnded:
    """A receiver that answers 410."""

    def test_nothing_more_is_sent_about_the_recording(self) -> None:
        """Not the same again, not what comes later; the recording says so, in words, and nothing is left to do."""
        site = Site()
        task_id = site.begin(notify_url=HOOK, notify_on="changes")
        site.inbox.gone = {f"k1-{site.clock.now:013d}-starting"}
        site.minutes(1)
        site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
        site.minutes(5)
        finish(site, task_id)
        site.run_until_done()
        assert (1, []) == (len(site.inbox.tries), site.inbox.taken)
        told = site.recording().notifications
        assert {"starting", "recording", "completed"} <= {message.state.value for message in told}
        assert [(True, "answered 410", None)] * len(told) == [(m.undelivered, m.error, m.next_ms) for m in told]
        assert {site.inbox.tries[0].at_ms} == {message.ended_ms for message in told}
        assert [1] + [0] * (len(told) - 1) == [message.attempts for message in told]
        assert "notifications about this recording ended: answered 410" in [
            one.text for one in detail(site.recording()).timeline
        ]

    def test_what_was_taken_before_stays_taken(self) -> None:
        """Lost was told; the file that came late is not."""
        site = Site()
        task_id = site.begin(notify_url=HOOK)
        site.trtc.end(task_id)
        site.inbox.gone = {"k1-completed"}
        site.run_until_done()
        finish(site, task_id)
        site.run_until_done()
        assert ["recording.lost", "recording.completed"] == [sent.document["type"] for sent in site.inbox.tries]
        states = {message.state: message for message in site.recording().notifications}
        assert (True, None) == (states[State.COMPLETED].undelivered, states[State.COMPLETED].next_ms)

    def test_other_recordings_are_told(self) -> None:
        """Each asks for its own: a receiver that is done with one may want the next."""
        site = Site()
        site.inbox.gone = {"k1-completed"}
        for key in ("k1", "k2"):
            finish(site, site.begin(key, notify_url=HOOK), f"{key}.mp4")
        site.run_until_done()
        assert ["k2"] == [sent.document["data"]["recording_id"] for sent in site.inbox.taken]

    def test_a_failed_try_is_told_as_one(self) -> None:
        """The timeline does not call sent what was not taken."""
        site = completed()
        site.inbox.down = True
        site.minutes(1)
        site.inbox.down = False
        site.minutes(3)
        told = [one.text for one in detail(site.recording()).timeline if one.kind == "notified"]
        assert ["a notification was not accepted: answered 500", "a notification was sent"] == told


class TestChanges:
    """Whoever asked for it hears of every state."""

    def test_each_state_once(self) -> None:
        """In order, from the first to the last."""
        site = Site()
        task_id = site.begin(notify_url=HOOK, notify_on="changes")
        site.minutes(1)
        site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
        site.minutes(1)
        site.receive(callback(803, {"Status": 2}, site.clock.now, task_id))
        site.minutes(2)
        site.receive(callback(803, {"Status": 3}, site.clock.now, task_id))
        site.minutes(2)
        stop("k1", "asked", site.ports)
        site.minutes(1)
        finish(site, task_id)
        site.run_until_done()
        told = [kind.removeprefix("recording.") for kind in site.inbox.types]
        assert ["starting", "recording", "paused", "recording", "stopping", "uploading", "completed"] == told
        assert len(told) == len({sent.webhook_id for sent in site.inbox.tries})

    def test_a_state_between_two_ticks_is_notified_too(self) -> None:
        """Every document that was written is a state the caller hears of."""
        site = Site()
        task_id = site.begin(notify_url=HOOK, notify_on="changes")
        site.receive(callback(801, {"Status": 1}, site.clock.now + 10, task_id))
        site.clock.now += 2_000
        finish(site, task_id)
        site.run_until_done()
        told = [kind.removeprefix("recording.") for kind in site.inbox.types]
        assert ["starting", "recording", "uploading", "completed"] == told

    def test_a_scheduled_recording_is_told_as_such(self) -> None:
        """At once, not when it starts."""
        site = Site()
        start_at = site.clock.now + HOUR_MS + 30_000
        site.start(notify_url=HOOK, notify_on="changes", start_at=start_at / 1000)
        site.minutes(2)
        assert ["recording.scheduled"] == site.inbox.types

    def test_a_start_does_not_wait_for_a_message(self) -> None:
        """A receiver that is down delays no recording."""
        site = Site()
        start_at = site.clock.now + HOUR_MS + 30_000
        site.inbox.down = True
        site.start(notify_url=HOOK, notify_on="changes", start_at=start_at / 1000)
        while not site.trtc.started:
            site.minutes()
        begun = site.recording().evidence.attempts["1"].at_ms
        assert begun is not None
        assert -5_000 <= begun - start_at <= 5_000

    @pytest.mark.long
    def test_the_notification_of_a_queued_recording_is_retried(self) -> None:
        """While the quota is full its message is retried like any other."""
        site = Site()
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r") for _ in range(500)]
        site.inbox.down = True
        site.start(notify_url=HOOK, notify_on="changes", start_by=site.clock.now / 1000 + 5 * 3_600)
        site.minutes(50)
        waits = [
            round((b.at_ms - a.at_ms) / 1000) for a, b in zip(site.inbox.tries, site.inbox.tries[1:], strict=False)
        ]
        assert [60, 300, 1_800] == waits
        site.inbox.down = False
        site.minutes(130)
        assert ["recording.queued"] == site.inbox.types

    def test_a_message_to_be_sent_again_is_not_forgotten_while_the_start_is_far(self) -> None:
        """A day before the start the receiver comes back: it hears of the schedule then."""
        site = Site()
        site.inbox.down = True
        site.start(notify_url=HOOK, notify_on="changes", start_at=site.clock.now / 1000 + 24 * 3_600)
        site.store.put(open_key(site.clock.now, "k1"), b"")
        site.minutes(3)
        assert 2 == len(site.inbox.tries)
        site.inbox.down = False
        site.minutes(10)
        assert ["recording.scheduled"] == site.inbox.types


class TestAgain:
    """What was decided of a recording is found again."""

    def test_what_was_written_is_not_decided_anew_when_it_is_read(self) -> None:
        """Whoever reads the document, the request, or both, has what its writer decided; not where it is another's."""
        site = completed(labels={"asked": "again"})
        recording_id = site.listed("recordings/")[0].split("/")[1]
        seen, known = journal.glanced(site.store, recording_id), journal.read(site.store, recording_id)
        assert seen is not None
        assert known is not None
        assert decide(seen.accepted, seen.evidence) is decide(known.accepted, known.evidence)
        key = document_key(recording_id)
        site.store.put(key, site.store.objects[key].body.replace(b'"a.mp4"', b'"b.mp4"'))
        other = journal.glanced(site.store, recording_id)
        assert other is not None
        assert ["b.mp4"] == [file.name for file in decide(other.accepted, other.evidence).files]
