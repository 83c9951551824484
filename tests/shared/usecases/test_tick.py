"""The tick: what was cut off is finished, what fell silent is found out, and other recordings never suffer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, get_args

import pytest

from shared.domain import facts, keys
from shared.domain.errors import StoreError
from shared.domain.ids import task_key_of
from shared.domain.keys import marked
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import ListedObject, StoredObject
from shared.store import journal, writer
from shared.usecases.stop import stop
from shared.usecases.tick import tick
from testing.callbacks import callback, mp4_stop
from tests.fakes import FakeTrtc, MemoryStore
from tests.faults import Died, Faults, Kind
from tests.shared.usecases.ticking import HOOK, HOUR_MS, MINUTE_MS, Site
from tests.world import CALLER_STORAGE

BEGAN = {"Status": 1, "EventMessage": "Success"}
OVER = {"Status": 1}


def recording() -> tuple[Site, str]:
    """Return a site with one recording that records."""
    site = Site()
    task_id = site.begin()
    site.clock.now += 5_000
    site.receive(callback(801, BEGAN, site.clock.now, task_id))
    return site, task_id


def ended(*more: Callable[[Site, str], object]) -> tuple[Site, str]:
    """Return a site whose recording ended without another word, apart from what `more` does."""
    site, task_id = recording()
    site.trtc.end(task_id)
    for do in more:
        do(site, task_id)
    return site, task_id


def test_a_told_end_of_a_task_that_runs_ends_nothing() -> None:
    """Before it becomes final TRTC is asked; what records is watched, stopped and completed as if nothing was told."""
    site, task_id = recording()
    site.receive(callback(802, OVER, site.clock.now, task_id))
    assert State.UPLOADING is site.recording().state
    until_ms = site.clock.now + 2 * HOUR_MS
    while site.clock.now < until_ms:
        assert not site.recording().state.final
        site.clock.now += MINUTE_MS
        site.tick()
    assert (State.RECORDING, None) == (site.recording().state, site.recording().ended_ms)
    site.trtc.end(task_id)
    site.upload(task_id, "a.mp4", 1_234)
    site.run_until_done()
    assert State.COMPLETED is site.recording().state
    before = site.store.objects["recordings/k1/recording.json"].body
    writer.rebuild(site.store, "k1", site.clock())
    assert before == site.store.objects["recordings/k1/recording.json"].body


def test_a_task_that_records_on_is_asked_for_before_its_files_are_listed() -> None:
    """At the last look: a long HLS recording lists many pages, and would list them at each told end in vain."""
    site, task_id = recording()
    site.receive(callback(802, OVER, site.clock.now, task_id))
    while State.RECORDING is not site.recording().state:
        site.faults.log.clear()
        site.minutes()
    files = "list files/"
    calls = [name for name in site.faults.log if name.startswith(files) or name == "DescribeWebRecord"]
    assert {"DescribeWebRecord"} == set(calls)


def test_a_told_end_counts_where_trtc_can_not_say() -> None:
    """It is signed: an outage of TRTC keeps no recording open for it."""
    site, task_id = recording()
    site.receive(callback(802, OVER, site.clock.now, task_id))
    site.trtc.describe_task = _refusing  # type: ignore[method-assign]
    site.run_until_done()
    assert State.LOST is site.recording().state


@pytest.mark.parametrize("code", ["InternalError", "AuthFailure.SecretIdNotFound"], ids=["an outage", "wrong keys"])
def test_a_told_end_waits_for_trtc_to_say(code: str) -> None:
    """It fails at the last look and answers half an hour later: the task that records all the same is not lost."""
    site, task_id = recording()
    site.receive(callback(802, OVER, site.clock.now, task_id))
    answers = site.trtc.describe_task
    site.trtc.describe_task = partial(_refusing, code=code)  # type: ignore[method-assign]
    site.minutes(90)
    assert State.UPLOADING is site.recording().state
    site.trtc.describe_task = answers  # type: ignore[method-assign]
    site.minutes(30)
    assert State.RECORDING is site.recording().state


def _refusing(task_id: str, code: str = "InternalError") -> Any:
    raise refusal(code, f"{task_id}?", "r")


class TestTaskNotExist:
    """The truth table of "task not exist": it cannot say how the task ended, so the bucket has to."""

    def test_files_are_there(self) -> None:
        """Completed from the listing, with names, sizes and keys."""
        site, task_id = ended()
        site.upload(task_id, "a.mp4", 1_234)
        site.upload(task_id, "b.mp4", 99)
        site.run_until_done()
        told = site.recording()
        assert State.COMPLETED is told.state
        expected = [(f"webrecord/files/k1/{task_id}/{name}", size) for name, size in (("a.mp4", 1_234), ("b.mp4", 99))]
        assert expected == [(file.key, file.size) for file in told.files]

    @pytest.mark.parametrize(("told", "unheard"), [(False, 1), (True, 0)], ids=["no callback", "a callback"])
    def test_an_end_that_no_callback_told_is_counted(self, told: bool, unheard: int) -> None:
        """Once, when the recording is over, whether its files lie there or come later; told late, not at all."""
        for early in (True, False):
            site, task_id = ended()
            if early:
                site.upload(task_id)
            reports = site.minutes(30)
            if told:
                site.receive(callback(802, OVER, site.clock.now, task_id))
            if not early:
                site.upload(task_id)
            reports += site.minutes(60)
            assert State.COMPLETED is site.recording().state
            assert (1, unheard) == (sum(report.ended.total() for report in reports), sum(r.unheard for r in reports))

    def test_files_come_late(self) -> None:
        """Within the grace time they are waited for."""
        site, task_id = ended()
        site.minutes(40)
        assert State.UPLOADING is site.recording().state
        site.upload(task_id)
        site.run_until_done()
        assert (State.COMPLETED, 1) == (site.recording().state, len(site.recording().files))

    def test_no_file_after_the_grace_time(self) -> None:
        """Lost, and not before the grace time is over."""
        site, _ = ended()
        gone = None
        while site.recording().state is not State.LOST:
            if gone is None and site.recording().state is State.UPLOADING:
                gone = site.clock.now
            site.minutes()
        assert gone is not None
        assert site.timing.lost_after <= site.clock.now - gone <= site.timing.lost_after + MINUTE_MS
        assert "the task is gone and no file came" == site.recording().reason

    def test_what_was_stopped_at_once_is_over_at_once(self) -> None:
        """No picture, no file: final with the end's event, told within a minute, nothing left to do an hour later."""
        site = Site()
        task_id = site.begin(notify_url=HOOK)
        stop("k1", "asked by ops", site.ports)
        site.clock.now += 900
        site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
        told = site.recording()
        why = "it ended before it began: asked by ops; nothing was recorded"
        assert (State.CANCELLED, why) == (told.state, told.reason)
        site.minutes(1)
        assert ["recording.cancelled"] == site.inbox.types
        site.run_until_done()
        assert (State.CANCELLED, why) == (site.recording().state, site.recording().reason)
        assert ["recording.cancelled"] == site.inbox.types

    def test_a_late_file_completes_a_recording_stopped_at_once(self) -> None:
        """Told by an event, or found by a look."""
        for told in (True, False):
            site = Site()
            task_id = site.begin()
            stop("k1", "asked by ops", site.ports)
            site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
            site.upload(task_id)
            if told:
                site.receive(mp4_stop(0, site.clock.now + 9, "a.mp4", 1, site.clock.now, task_id))
            else:
                site.run_until_done()
            assert State.COMPLETED is site.recording().state

    @pytest.mark.parametrize("stopped_s", [0, 20], ids=["at once", "before its picture, as far as anybody said"])
    def test_a_film_that_nobody_tells_of_is_found_an_hour_later(self, stopped_s: int) -> None:
        """No event came but that of the end: silence is no proof that nothing was recorded."""
        site = Site()
        task_id = site.begin()
        site.clock.now += stopped_s * 1_000
        stop("k1", "asked by ops", site.ports)
        site.receive(callback(802, OVER, site.clock.now, task_id))
        site.minutes(15)
        assert State.CANCELLED is site.recording().state
        site.upload(task_id)
        site.minutes(60)
        assert (State.COMPLETED, 1) == (site.recording().state, len(site.recording().files))

    def test_a_stop_that_its_start_overtook_is_carried_out_later(self) -> None:
        """It was asked for before the start: the task that ran on until a tick stopped it may have a film."""
        site = Site()
        task_id = site.begin()
        site.receive(callback(802, OVER, site.clock.now + 44_000, task_id))
        stopped = facts.stop_requested(site.clock.now - 500, "asked by ops")
        journal.record(site.store, journal.find(site.store, "k1"), stopped)
        site.clock.now += 44_000
        site.minutes(1)
        assert State.UPLOADING is site.recording().state

    def test_what_was_stopped_before_its_picture_is_not_waited_for_an_hour(self) -> None:
        """A page that loads slowly, a stop in the meantime: its event may be late by a minute, not by an hour."""
        site = Site()
        task_id = site.begin()
        site.clock.now += 20_000
        stop("k1", "asked by ops", site.ports)
        site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
        assert State.UPLOADING is site.recording().state
        site.minutes(7)
        assert "it ended before it began: asked by ops; nothing was recorded" == site.recording().reason

    def test_a_late_event_completes_a_lost_recording(self) -> None:
        """A file that TRTC reports a day later counts."""
        site, task_id = ended()
        site.run_until_done()
        assert State.LOST is site.recording().state
        site.clock.now += 24 * HOUR_MS
        site.receive(mp4_stop(0, site.clock.now, "a.mp4", 1, site.clock.now, task_id))
        assert State.COMPLETED is site.recording().state

    def test_held_files_are_waited_for(self) -> None:
        """310 status 1: uploading for as long as held_for says, then what lies there counts."""
        site, task_id = ended(lambda site, task: site.receive(mp4_stop(1, site.clock.now, task=task)))
        site.minutes(20 * 60)
        assert State.UPLOADING is site.recording().state
        site.upload(task_id)
        site.run_until_done()
        assert State.COMPLETED is site.recording().state

    def test_held_files_that_never_come_are_lost(self) -> None:
        """TRTC named them, but they are not there: the recording must not be called completed."""
        site, _ = ended(lambda site, task: site.receive(mp4_stop(1, site.clock.now, task=task)))
        site.run_until_done()
        assert State.LOST is site.recording().state

    def test_a_name_is_not_a_file(self) -> None:
        """304 names the playlist when it is begun; when nothing was uploaded in the end it is lost."""
        site, task_id = recording()
        site.receive(callback(304, {"FileList": "a.m3u8"}, site.clock.now, task_id))
        site.trtc.end(task_id)
        site.run_until_done()
        assert State.LOST is site.recording().state

    def test_uploaded_files_that_can_not_be_listed_count(self) -> None:
        """The caller's bucket is closed to us: what TRTC said is uploaded is believed, its end or not."""
        site = Site()
        task_id = site.begin(StorageParams=CALLER_STORAGE)
        site.receive(callback(801, BEGAN, site.clock.now, task_id))
        site.receive(mp4_stop(0, site.clock.now + 1_000, "a.mp4", 1, 2, task_id))
        site.trtc.end(task_id)
        site.run_until_done()
        assert (State.COMPLETED, ["a.mp4"]) == (site.recording().state, [f.name for f in site.recording().files])

    def test_every_callback_was_lost(self) -> None:
        """Started, recorded, uploaded, and nobody could tell us: found out all the same."""
        site = Site()
        task_id = site.begin()
        site.minutes(3)
        assert State.STARTING is site.recording().state
        site.trtc.end(task_id)
        site.upload(task_id)
        site.run_until_done()
        assert State.COMPLETED is site.recording().state


class TestHalfWritten:
    """What a start that died has left."""

    @pytest.mark.parametrize("kind", get_args(Kind))
    @pytest.mark.parametrize("at", range(11))
    def test_wherever_a_start_broke_off_ticks_finish_it(self, at: int, kind: Kind) -> None:
        """Nobody calls again: what was accepted records once and knows its task, and no marker stays."""
        site = Site()
        site.faults.plan = {at: kind}
        with suppress(Died, StoreError):
            site.start()
        site.faults.plan = {}
        accepted = keys.request_key("k1") in site.store.objects
        assert accepted or not site.trtc.started
        site.minutes(4)
        assert int(accepted) == len(site.trtc.started)
        if accepted:
            (task_id,) = site.trtc.recording
            site.receive(callback(801, BEGAN, site.clock.now, task_id))
            assert (State.RECORDING, task_id) == (site.recording().state, site.recording().task_id)
            site.trtc.end(task_id)
        site.run_until_done()
        assert [] == site.listed("open/") + site.listed("due/")

    def test_a_claim_without_a_request_is_dropped_after_ten_minutes(self) -> None:
        """Not before: the start may be about to write it."""
        site = Site()
        site.store.put(keys.open_key(site.clock.now, "ghost"), b"")
        site.store.put(keys.due_key(site.clock.now, "ghost"), b"")
        site.minutes(9)
        assert 2 == len(site.listed("open/") + site.listed("due/"))
        site.minutes(1)
        assert [] == site.listed()

    def test_a_task_without_a_pointer_is_linked(self) -> None:
        """Its next callback finds the recording."""
        site, task_id = self._unlinked()
        site.minutes(2)
        site.receive(callback(801, BEGAN, site.clock.now, task_id))
        assert State.RECORDING is site.recording().state

    def test_it_is_linked_even_when_a_callback_came_first(self) -> None:
        """A callback that overtook the pointer is found, and those after it need one all the same."""
        site, task_id = self._unlinked()
        assert site.receive(callback(801, BEGAN, site.clock.now, task_id)).recording is None
        site.minutes(2)
        received = site.receive(callback(803, {"Status": 2}, site.clock.now, task_id))
        assert received.recording is not None
        assert State.PAUSED is site.recording().state

    @staticmethod
    def _unlinked() -> tuple[Site, str]:
        """Return a site whose start died between TRTC's answer and the pointer."""
        site = Site()
        site.faults.plan = {9: "die"}
        with suppress(Died):
            site.start()
        site.faults.plan = {}
        (task_id,) = site.trtc.recording
        assert keys.pointer_key(task_key_of(task_id)) not in site.store.objects
        assert any("-accepted-" in key for key in site.listed("recordings/k1/facts/"))
        return site, task_id

    def test_an_attempt_without_outcome_is_found_by_its_record_id(self) -> None:
        """The reply was lost: TRTC names the task, and no second one is started."""
        site = Site()
        site.faults.plan = {7: "lose"}
        site.start()
        assert State.QUEUED is site.recording().state
        site.minutes(2)
        assert (1, list(site.trtc.recording)[0]) == (len(site.trtc.started), site.recording().task_id)  # noqa: RUF015

    def test_an_attempt_without_outcome_is_found_by_its_files(self) -> None:
        """The task is over before anybody asked: its folder names it, slash and all."""
        site = Site()
        site.faults.plan = {7: "lose"}
        site.start()
        (task_id,) = site.trtc.recording
        assert "/" in task_id
        site.trtc.end(task_id)
        site.upload(task_id)
        site.run_until_done()
        told = site.recording()
        assert (State.COMPLETED, task_id, 1) == (told.state, told.task_id, len(site.trtc.started))

    def test_an_attempt_that_never_arrived_is_made_again_under_the_same_record_id(self) -> None:
        """TRTC knows nothing of it and no file is there."""
        site = Site()
        site.faults.plan = {7: "fail"}
        site.start()
        site.minutes(2)
        assert ["k1-1"] == [sent["RecordId"] for sent in site.trtc.started]

    def test_a_stale_document_is_rebuilt(self) -> None:
        """Whatever a lost write left out is in the document after an hour: a fact, or a look, has its own marker."""
        site, task_id = recording()
        stale = site.store.objects[keys.document_key("k1")]
        site.receive(callback(803, {"Status": 2}, site.clock.now + 1, task_id))
        site.store.objects[keys.document_key("k1")] = stale
        site.minutes(75)
        document = json.loads(site.store.objects[keys.document_key("k1")].body)
        assert "paused" == document["state"]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"evidence": 7}', b"\xff"])
    def test_an_unreadable_document_is_rebuilt(self, body: bytes) -> None:
        """It is derived: the facts have everything."""
        site, _ = recording()
        before = site.store.objects[keys.document_key("k1")].body
        site.store.put(keys.document_key("k1"), body)
        assert [] == site.minutes()[0].errors + site.minutes()[0].errors
        assert before == site.store.objects[keys.document_key("k1")].body

    def test_leftover_markers_go(self) -> None:
        """Markers of any time for a recording that is over are removed."""
        site, task_id = ended()
        site.upload(task_id)
        site.run_until_done()
        for ms in (1, site.clock.now, site.clock.now + HOUR_MS):
            site.store.put(keys.open_key(ms, "k1"), b"")
            site.store.put(keys.due_key(ms, "k1"), b"")
        site.run_until_done()
        assert (State.COMPLETED, 1) == (site.recording().state, len(site.trtc.started))


class TestRestart:
    """A task that failed is started again, as often as is allowed."""

    def _failing(self, status: int, **fields: Any) -> Site:
        site = Site()
        site.policy = site.policy._replace(max_attempts=3)
        site.start(**fields)
        for _ in range(40):
            for task_id in list(site.trtc.recording):
                site.trtc.end(task_id)
                site.receive(callback(801, {"Status": status, "EventMessage": "no"}, site.clock.now, task_id))
            site.minutes()
        return site

    @pytest.mark.parametrize("status", [2, 5])
    def test_up_to_max_attempts(self, status: int) -> None:
        """Each under its own RecordId; then it is final, with the reason."""
        site = self._failing(status)
        assert ["k1-1", "k1-2", "k1-3"] == [sent["RecordId"] for sent in site.trtc.started]
        site.run_until_done()
        assert State.FAILED is site.recording().state
        assert "no" in (site.recording().reason or "")

    def test_never_with_the_callers_keys(self) -> None:
        """They are not kept."""
        assert 1 == len(self._failing(5, StorageParams=CALLER_STORAGE).trtc.started)

    def test_never_after_a_stop(self) -> None:
        """Who asked for its end does not want another."""
        site = Site()
        site.policy = site.policy._replace(max_attempts=3)
        task_id = site.begin()
        site.trtc.end(task_id)
        site.receive(callback(801, {"Status": 5, "EventMessage": "no"}, site.clock.now, task_id))
        assert State.QUEUED is site.recording().state
        stop("k1", "asked", site.ports)
        site.run_until_done()
        assert 1 == len(site.trtc.started)


class TestSilence:
    """Asking TRTC."""

    def _described(self, site: Site) -> int:
        return sum("DescribeWebRecord" in call for call in site.faults.log)

    def test_a_silent_recording_is_asked_for_every_alive_every_only(self) -> None:
        """An hour of ticks is six questions."""
        site, _ = recording()
        site.minutes(60)
        assert 5 <= self._described(site) <= 6
        assert self._described(site) == site.paced

    def test_a_question_about_a_quiet_recording_takes_three_requests(self) -> None:
        """Its document is read, its marker moved; nothing is listed for it."""
        site, _ = recording()
        site.minutes(60)
        asked = [n for n, call in enumerate(site.faults.log) if "DescribeWebRecord" in call]
        around = [[call.split("/")[0] for call in site.faults.log[n - 1 : n + 3]] for n in asked]
        assert around
        assert [["get recordings", "DescribeWebRecord", "put ask", "delete ask"]] * len(around) == around

    @pytest.mark.parametrize("at", range(8))
    def test_a_stop_whose_caller_died_is_made_by_the_timer(self, at: int) -> None:
        """The fact alone was written, and no document tells of it: its marker was there before."""
        site, _ = recording()
        site.minutes(2)
        site.faults.calls, site.faults.plan = 0, {at: "die"}
        with suppress(Died):
            stop("k1", "asked", site.ports)
        site.faults.plan = {}
        asked = any("-stop_requested-" in key for key in site.listed("recordings/k1/facts/"))
        site.minutes(2)
        assert asked is (site.trtc.recording == {})

    def test_a_recording_with_news_is_not_asked_for(self) -> None:
        """Callbacks are proof enough."""
        site, task_id = recording()
        for n in range(30):
            site.receive(callback(803, {"Status": 2 + n % 2}, site.clock.now, task_id))
            site.minutes()
        assert 0 == self._described(site)

    def test_a_stop_that_came_before_the_start_of_a_dead_process(self) -> None:
        """It found an attempt without a task; the one that started all the same is found and stopped."""
        site = Site()

        def stop_and_die() -> None:
            stop("k1", "asked", site.ports)
            site.faults.plan = {site.faults.calls: "die_after"}

        site.faults.plan, site.faults.overlap = {6: "overlap"}, stop_and_die
        with pytest.raises(Died):
            site.start()
        assert (State.STARTING, 1) == (site.recording().state, len(site.trtc.recording))
        site.clock.now += 6 * MINUTE_MS
        site.minutes(10)
        assert {} == site.trtc.recording
        (task_id,) = (f"Task+0/{sent['RecordId']}=" for sent in site.trtc.started)
        site.upload(task_id)
        site.run_until_done()
        assert State.COMPLETED is site.recording().state

    def test_a_stop_is_repeated_until_the_task_is_gone(self) -> None:
        """TRTC takes the call and does nothing, minute after minute; then the task is seen gone."""
        site = Site(trtc=DeafTrtc())
        task_id = site.begin()
        stop("k1", "asked", site.ports)
        site.minutes(4)
        assert 1 + 4 == sum("StopWebRecord" in call for call in site.faults.log)
        assert State.STOPPING is site.recording().state
        site.trtc.end(task_id)
        site.minutes(1)
        assert State.UPLOADING is site.recording().state

    def test_a_task_past_its_limit_is_stopped(self) -> None:
        """TRTC should have ended it by itself."""
        site = Site()
        site.begin(MaxDurationLimit=1800)
        site.minutes(31)
        assert 1 == len(site.trtc.recording)
        site.minutes(4)
        assert {} == site.trtc.recording


class TestOthers:
    """One recording's trouble is its own, and cost follows what is active."""

    def test_a_tick_costs_nothing_for_what_is_over(self) -> None:
        """The same calls with no, one and twenty finished recordings."""
        costs = []
        for finished in (0, 1, 20):
            site = Site()
            for n in range(finished):
                task_id = site.begin(f"old{n}")
                site.trtc.end(task_id)
                site.upload(task_id, key=f"old{n}")
            site.run_until_done()
            site.begin("active")
            site.faults.log.clear()
            site.minutes(30)
            costs.append(len(site.faults.log))
        assert 1 == len(set(costs)), costs

    def test_one_recordings_storage_does_not_stop_the_others(self) -> None:
        """Its marker stands and the report says so; looks and starts of the others are made; later it is finished."""
        site = Site()
        site.begin("bad")
        good = site.begin("good")
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        site.start("queued")
        site.trtc.end(good)
        site.store = broken = BrokenStore(site.store.objects, broken="/bad/")
        reports = site.minutes(3)
        assert all(any(e.startswith("bad: StoreError") for e in report.errors) for report in reports[1:])
        assert State.UPLOADING is site.recording("good").state
        assert State.STARTING is site.recording("queued").state
        broken.broken = "nothing"
        site.minutes()
        assert [] == site.minutes()[0].errors
        assert State.STARTING is site.recording("bad").state

    @pytest.mark.parametrize(("code", "blocked"), [("FailedOperation.NotAbility", 1), ("LimitExceeded", None)])
    def test_a_start_that_waits_for_somebody_to_mend_the_deployment_is_counted(
        self, code: str, blocked: int | None
    ) -> None:
        """An alarm reads the number; a full TRTC is no such fault, and needs nobody."""
        site = Site()
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r"), refusal(code, "no", "r")]
        site.start("queued")
        (told,) = [told for report in site.minutes() if (told := report.noted())["refused"]]
        assert (f"{code} 1", blocked) == (told["refused"], told["starts_blocked"])

    def test_one_unreadable_request_does_not_stop_the_others(self) -> None:
        """What a future version wrote is left alone, and reported."""
        site = Site()
        site.begin("bad")
        good = site.begin("good")
        site.store.put(keys.request_key("bad"), b'{"version": 9}')
        site.store.delete(keys.document_key("bad"))
        site.trtc.end(good)
        site.minutes(3)
        assert State.UPLOADING is site.recording("good").state
        assert "bad" in {marked(key)[1] for key in site.listed("open/")}

    def test_looks_may_run_in_threads(self) -> None:
        """The function runs them in a pool: the same end."""
        site = Site(store=SharedStore())
        for n in range(20):
            site.trtc.end(site.begin(f"k{n}"))
        site.clock.now += 2 * MINUTE_MS
        with ThreadPoolExecutor(8) as pool:
            report = tick(site.timer, 50, pool.map)
        assert (20, []) == (report.looked, report.errors)
        assert {State.UPLOADING} == {site.recording(f"k{n}").state for n in range(20)}

    def test_a_tick_ends_when_its_time_is_over(self) -> None:
        """What it did not come to is the next tick's."""
        site = Site()
        for n in range(10):
            site.trtc.end(site.begin(f"k{n}"))
        site.pace = lambda: site.sleep(20)  # type: ignore[method-assign]  # this site's alone
        site.clock.now += 2 * MINUTE_MS
        assert 3 == site.tick().looked
        for _ in range(4):
            site.tick()
        assert {State.UPLOADING} == {site.recording(f"k{n}").state for n in range(10)}


class Meddler(Faults):
    """At one call to a port, a whole other tick runs before that call is made."""

    def __init__(self, at: int, meddle: Callable[[], object]) -> None:
        super().__init__()
        self.at, self.meddle = at, meddle

    def around(self, name: str, error: Callable[[], Exception], call: Callable[[], Any]) -> Any:
        if self.calls == self.at:
            self.calls += 1
            self.meddle()
        return super().around(name, error, call)


class TestOverlap:
    """Two ticks at once."""

    @staticmethod
    def _queued() -> Site:
        site = Site()
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        site.start()
        return site

    @staticmethod
    def _cut_off() -> Site:
        site = Site()
        site.faults.plan = {7: "lose"}
        site.start()
        site.faults.plan = {}
        return site

    @staticmethod
    def _over() -> Site:
        site = Site()
        task_id = site.begin(notify_url="https://hooks.example.com/")
        site.trtc.end(task_id)
        site.upload(task_id)
        return site

    def test_two_in_a_row_do_what_one_does(self) -> None:
        """The second finds nothing to do."""
        site = self._queued()
        site.minutes()
        before = dict(site.store.objects)
        assert (0, 0) == (site.tick().looked, site.tick().started)
        assert before == site.store.objects

    def test_a_task_that_one_started_and_the_other_was_refused_is_found_by_its_files(self) -> None:
        """One tick died after its start, the other was refused under the same RecordId: nobody knows the task."""
        site = self._queued()
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        site.minutes()
        unknown = site.trtc.start({"RecordId": "k1-2"}).task_id
        site.trtc.end(unknown)
        site.minutes()
        assert "k1-3" == site.trtc.started[-1]["RecordId"]
        site.trtc.end(site.recording().task_id or "")
        site.upload(unknown)
        site.run_until_done()
        assert State.COMPLETED is site.recording().state
        assert [unknown] == [file.task_id for file in site.recording().files]

    @pytest.mark.parametrize(("made", "ticks"), [("_queued", 0), ("_cut_off", 0), ("_over", 1), ("_over", 6)])
    def test_a_tick_in_the_middle_of_another_does_no_harm(self, made: str, ticks: int) -> None:
        """At whichever of its calls: one task, the same end, no marker left, and nobody is told two things."""
        for at in count():
            site: Site = getattr(self, made)()
            site.minutes(ticks)
            other = Site(site.store, site.trtc, site.clock)
            other.inbox = site.inbox
            site.clock.now += MINUTE_MS
            site.faults = Meddler(at, other.tick)
            site.tick()
            calls = site.faults.calls
            site.minutes(2)
            assert 1 == len(site.trtc.started), at
            for task_id in list(site.trtc.recording):
                site.trtc.end(task_id)
                site.upload(task_id)
            site.run_until_done()
            assert State.COMPLETED is site.recording().state, at
            assert int(made == "_over") == len({sent.webhook_id for sent in site.inbox.taken}), at
            assert journal.find(site.store, "k1").evidence == site.recording().evidence, "the document has every fact"
            if at >= calls:
                break
        assert at > 10, "the other tick came in at several places"


@dataclass
class BrokenStore(MemoryStore):
    """A bucket whose objects with `broken` in their keys fail."""

    broken: str = ""

    def _check(self, key: str) -> None:
        if self.broken in key:
            raise StoreError(f"the bucket failed at {key}")

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._check(key)
        super().put(key, body, metadata)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        self._check(key)
        return super().create(key, body, metadata)

    def get(self, key: str) -> StoredObject | None:
        self._check(key)
        return super().get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self._check(prefix)
        return super().list(prefix, after, limit)

    def delete(self, key: str) -> None:
        self._check(key)
        super().delete(key)


@dataclass
class SharedStore(MemoryStore):
    """A bucket that several threads may list and write at once, as COS is."""

    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        with self.lock:
            super().put(key, body, metadata)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        with self.lock:
            return iter(list(super().list(prefix, after, limit)))

    def delete(self, key: str) -> None:
        with self.lock:
            super().delete(key)


class DeafTrtc(FakeTrtc):
    """TRTC that takes StopWebRecord and does nothing."""

    def stop(self, task_id: str) -> None:
        self.describe_task(task_id)
