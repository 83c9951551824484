"""Wakes: written where something is to be done at once, and nowhere else; handled once or often, to the same end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import pytest

from shared.domain.accepted import Accepted
from shared.domain.document import Recording, decide
from shared.domain.errors import ParametersRefused, StoreError
from shared.domain.evidence import Evidence
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import ListedObject
from shared.store import journal
from shared.usecases.jobs import run_job
from shared.usecases.report import Report
from shared.usecases.stop import stop
from shared.usecases.woken import woken
from testing.callbacks import callback, mp4_stop
from tests.faults import Faults, FaultyStore
from tests.shared.usecases.ticking import HOOK, MINUTE_MS, Site
from tests.world import POLICY


def ended(site: Site, task_id: str) -> None:
    """Let TRTC say that a task is over, with its film."""
    now = site.clock.now
    if task_id in site.trtc.recording:
        site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, now, task_id))
    site.receive(mp4_stop(0, now + 1, "a.mp4", now - 1_000, now, task_id))


def wake(site: Site, *abouts: str) -> Report:
    """Hand over the event of these wakes."""
    return woken(abouts, site.timer, 50)


@dataclass
class NoWakes(FaultyStore):
    """A bucket that takes everything but wakes."""

    faults: Faults = field(default_factory=Faults)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if key.startswith("wake/"):
            raise StoreError("COS PUT wake")
        super().put(key, body, metadata)


def full(site: Site, places: int = 1) -> Site:
    """Let TRTC have so many places."""
    site.trtc.quota = places
    return site


def test_a_final_state_writes_a_wake_and_its_receiver_is_notified_at_once() -> None:
    """One PUT when it is final, one DELETE when it is told; the tell marker goes with it."""
    site = Site()
    task_id = site.begin(NotifyUrl=HOOK)
    stop("k1", "asked", site.ports)
    assert [] == site.listed("wake/")
    ended(site, task_id)
    assert ["wake/k1"] == site.listed("wake/")
    wake(site, "k1")
    assert ["recording.completed"] == site.inbox.types
    assert ([], []) == (site.listed("wake/"), site.listed("tell/"))


def test_a_change_that_is_owed_wakes() -> None:
    """Whoever wants every change hears of each at once, of the start too."""
    site = Site()
    task_id = site.begin(NotifyUrl=HOOK, NotifyOn="changes")
    assert ["wake/k1"] == site.listed("wake/")
    wake(site, "k1")
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    assert ["wake/k1"] == site.listed("wake/")
    wake(site, "k1")
    assert ["recording.starting", "recording.recording"] == site.inbox.types


def test_a_refused_start_wakes_for_its_receiver() -> None:
    """What TRTC refuses for good is told at once, too."""
    site = Site()
    site.trtc.refusals = [refusal("InvalidParameter.RecordUrl", "no", "fake-request")]
    with pytest.raises(ParametersRefused):
        site.start(NotifyUrl=HOOK)
    assert ["wake/k1"] == site.listed("wake/")
    wake(site, "k1")
    assert ["recording.failed"] == site.inbox.types


def test_a_quiet_recording_writes_no_wake() -> None:
    """Nobody is to be told and nobody waits for its place: from its start to its film, and after."""
    site = Site()
    task_id = site.begin()
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    stop("k1", "asked", site.ports)
    ended(site, task_id)
    site.run_until_done()
    assert [] == [call for call in site.faults.log if "wake/" in call and not call.startswith("list")]


def test_a_freed_place_wakes_and_the_head_of_the_queue_starts() -> None:
    """Its own end makes room for one: the next but one is not even tried, since that would cost it half a minute."""
    site = full(Site())
    task_id = site.begin()
    for key in ("k2", "k3"):
        assert State.QUEUED is site.start(key).recording.state
    site.clock.now += MINUTE_MS
    tried = len(site.trtc.started)
    ended(site, task_id)
    assert ["wake/k1.place"] == site.listed("wake/")
    wake(site, "k1.place")
    assert [] == site.listed("wake/")
    assert State.STARTING is site.recording("k2").state
    assert State.QUEUED is site.recording("k3").state
    assert tried + 1 == len(site.trtc.started)


def test_a_doubled_event_of_a_free_place_starts_nothing() -> None:
    """The second event finds the place taken, so the last start of the queue is not refused and gets the next place."""
    site = full(Site(), 2)
    first, second = site.begin("a"), site.begin("b")
    for key in ("k1", "k2"):
        site.start(key)
    site.clock.now += MINUTE_MS
    ended(site, first)
    wake(site, "a.place")
    wake(site, "a.place")
    assert State.QUEUED is site.recording("k2").state
    site.clock.now += 1_000
    ended(site, second)
    wake(site, "b.place")
    assert (State.STARTING, []) == (site.recording("k2").state, site.slept)


def test_the_wake_of_a_receiver_gives_no_place_away() -> None:
    """The place came back with the task's end, and is given away; what is told later frees no other."""
    site = full(Site())
    task_id, now = site.begin(NotifyUrl=HOOK), site.clock.now
    for key in ("k2", "k3"):
        site.start(key)
    site.clock.now += MINUTE_MS
    site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, now, task_id))
    wake(site, "k1.place")
    site.receive(mp4_stop(0, now + 1, "a.mp4", now - 1_000, now, task_id))
    wake(site, "k1")
    assert (["recording.completed"], 1) == (site.inbox.types, len(site.recording("k3").evidence.attempts))


def test_who_was_refused_a_moment_ago_gets_the_place_that_became_free() -> None:
    """A tick tried the only one that waits just before: the news ends its half minute, and its RecordId stays."""
    site = full(Site())
    task_id = site.begin()
    site.start("k2")
    site.minutes()
    site.clock.now += 1_000
    ended(site, task_id)
    wake(site, "k1.place")
    assert (State.STARTING, []) == (site.recording("k2").state, site.slept)
    assert ["k1-1", "k2-2"] == [each["RecordId"] for each in site.trtc.started]


def test_a_place_that_trtc_still_counts_is_tried_again_in_a_second() -> None:
    """Its callback may overtake its count: one more try or two, then the next place's turn."""
    site = full(Site())
    task_id = site.begin()
    site.start("k2")
    site.clock.now += MINUTE_MS
    ended(site, task_id)
    site.trtc.quota = 0
    wake(site, "k1.place")
    assert (State.QUEUED, [1, 1]) == (site.recording("k2").state, site.slept)
    site.trtc.quota = 1
    site.clock.now += 25_000
    site.tick()
    assert State.QUEUED is site.recording("k2").state  # what was made again may be in somebody's hands
    site.minutes(2)
    assert State.STARTING is site.recording("k2").state


def test_two_places_at_once_start_two_though_both_try_the_same_head() -> None:
    """Whoever finds the head started by another goes on to the next one, whichever call the other falls into."""
    for call in count():
        site = full(Site(), 2)
        tasks, met = [site.begin(key) for key in ("a", "b")], list[bool]()
        for key in ("k1", "k2"):
            site.start(key)
        site.clock.now += MINUTE_MS
        for task_id in tasks:
            ended(site, task_id)
        site.faults.calls, site.faults.plan = 0, {call: "overlap"}
        site.faults.overlap = partial(_wake_other, site, met)
        wake(site, "a.place")
        if not met:
            break
        assert (State.STARTING, State.STARTING) == (site.recording("k1").state, site.recording("k2").state), call
    assert call > 5


def _wake_other(site: Site, met: list[bool]) -> None:
    met.append(True)
    wake(site, "b.place")


def test_what_failed_to_start_is_started_again_at_once() -> None:
    """801 with status 2: no tick is waited for."""
    site = Site(policy=POLICY._replace(max_attempts=2))
    task_id = site.begin()
    site.trtc.end(task_id)
    site.receive(callback(801, {"Status": 2, "EventMessage": "browser died"}, site.clock.now, task_id))
    assert ["wake/k1"] == site.listed("wake/")
    wake(site, "k1")
    recording = site.recording()
    assert (State.STARTING, 2) == (recording.state, len(recording.evidence.attempts))


def test_a_second_try_needs_no_listing() -> None:
    """Its marker was written a moment ago: a listing may not have it yet."""
    site = Site(policy=POLICY._replace(max_attempts=2))
    task_id = site.begin()
    site.trtc.end(task_id)
    site.store.late_ms = MINUTE_MS
    site.receive(callback(801, {"Status": 2, "EventMessage": "browser died"}, site.clock.now, task_id))
    wake(site, "k1")
    assert 2 == len(site.recording().evidence.attempts)


def test_what_trtc_refused_keeps_its_half_minute() -> None:
    """Another attempt may be in somebody's hands: it wakes nobody, and a wake of others does not try it."""
    site = full(Site(), 0)
    site.start()
    assert [] == site.listed("wake/")
    site.trtc.quota = 1
    wake(site, "k1")
    assert State.QUEUED is site.recording().state


def test_a_large_job_wakes_and_all_of_it_starts() -> None:
    """Its lines are accepted by one invocation and started by the next."""
    site = Site()
    lines = b"\n".join(json.dumps({"RecordUrl": f"https://example.com/{n}"}).encode() for n in range(100))
    site.store.put("jobs/a.jsonl", lines)
    run_job(site.store, "jobs-1", ["jobs/a.jsonl"], site.ports, len(lines))
    (name,) = site.listed("wake/")
    wake(site, name.removeprefix("wake/"))
    assert (100, []) == (len(site.trtc.recording), site.listed("wake/"))


def test_a_job_that_did_not_fit_goes_on_at_once() -> None:
    """What an invocation had no time for is another's, and no minute passes in between."""
    site = Site()
    lines = b"\n".join(json.dumps({"RecordUrl": f"https://example.com/{n}"}).encode() for n in range(100))
    site.store.put("jobs/a.jsonl", lines)
    run_job(site.store, "jobs-1", ["jobs/a.jsonl"], site.ports, len(lines), until_ms=site.clock.now)
    (name,) = site.listed("wake/")
    woken([name.removeprefix("wake/")], replace(site.timer, job_store=lambda *_: site.store), 50)
    assert (100, []) == (len(site.trtc.recording), site.listed("work/"))


def test_twice_and_beside_a_tick_is_as_good_as_once() -> None:
    """Two events of one wake, a tick between them: one notification, one task."""
    site = full(Site())
    task_id = site.begin(NotifyUrl=HOOK)
    site.start("k2")
    site.clock.now += MINUTE_MS
    ended(site, task_id)
    wake(site, "k1", "k1", "k1.place")
    site.tick()
    wake(site, "k1.place", "k1")
    assert ["recording.completed"] == site.inbox.types
    assert 1 == len(site.trtc.recording)


def test_without_any_event_the_timer_does_it_all() -> None:
    """The trigger is off: the receiver is told, the head starts, and in an hour no wake is left."""
    site = full(Site())
    task_id = site.begin(NotifyUrl=HOOK)
    site.start("k2")
    ended(site, task_id)
    site.minutes(2)
    assert (["recording.completed"], State.STARTING) == (site.inbox.types, site.recording("k2").state)
    assert ["wake/k1", "wake/k1.place"] == site.listed("wake/")
    site.minutes(60)
    assert [] == site.listed("wake/")


def test_only_one_tick_an_hour_lists_wakes() -> None:
    """An idle tick costs what it cost; strangers' names stay, and stop nothing."""
    site = Site()
    site.store.put("wake/", b"")
    site.store.put("wake/not one of ours", b"")
    site.minutes(60)
    assert 1 == sum(call.startswith("list wake/") for call in site.faults.log)
    assert 2 == len(site.listed("wake/"))


def test_a_failed_write_of_a_wake_changes_no_reply() -> None:
    """A callback is answered 200: the timer has the marker."""
    site = Site()
    task_id = site.begin(NotifyUrl=HOOK)

    store = NoWakes(site.store)
    now = site.clock.now
    site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, now, task_id), store=store)
    received = site.receive(mp4_stop(0, now + 1, "a.mp4", now - 1_000, now, task_id), store=store)
    assert isinstance(received.recording, Recording)
    assert None is received.left
    site.minutes()
    assert ["recording.completed"] == site.inbox.types


def test_wakes_of_what_is_not_there_do_nothing() -> None:
    """Deleted since, never ours: nothing is stored, and the wake goes."""
    site = Site()
    site.store.put("wake/stranger", b"")
    before = site.listed()
    report = wake(site, "stranger")
    assert ([], 0) == (report.errors, report.failed)
    assert sorted(set(before) - {"wake/stranger"}) == site.listed()


def test_many_wakes_keep_to_the_budget() -> None:
    """What there is no time for is left to the timer; nothing is lost."""
    site = Site()
    for number in range(5):
        task_id = site.begin(f"n{number}", NotifyUrl=HOOK)
        ended(site, task_id)
    woken([f"n{number}" for number in range(5)], site.timer, 0)
    assert [] == site.inbox.types
    site.minutes()
    assert 5 == len(site.inbox.types)


@pytest.mark.parametrize("first", ["end", "film"])
def test_the_last_two_callbacks_at_once_complete_without_a_tick(first: str) -> None:
    """However late listings are: final, woken, told; no timer runs.

    Of two that write the document in the same moment, each without the other's news, the timer makes one.
    """
    for call in count():
        site = Site()
        site.store.late_ms = 10 * MINUTE_MS
        task_id, now = site.begin(NotifyUrl=HOOK), site.clock.now
        bodies = {
            "end": callback(802, {"Status": 1}, now, task_id),
            "film": mp4_stop(0, now + 1, "a.mp4", now - 1_000, now, task_id),
        }
        site.trtc.end(task_id)
        one, other = bodies.pop(first), bodies.popitem()[1]
        met: list[bool] = []
        site.faults.calls, site.faults.plan, site.faults.log = 0, {call: "overlap"}, []
        site.faults.overlap = partial(_meet, site, other, met)
        site.receive(one)
        if not met:
            break
        site.faults.plan = {}
        if site.faults.log[call].startswith("put recordings/k1/recording.json"):
            site.store.settle()
            site.run_until_done()
        wakes_left = [key for key in site.store.objects if key.startswith("wake/")]
        wake(site, *(key.removeprefix("wake/") for key in wakes_left))
        assert (State.COMPLETED, ["recording.completed"]) == (site.recording().state, site.inbox.types), call
    assert call > 4


def _meet(site: Site, body: bytes, met: list[bool]) -> None:
    met.append(True)
    site.receive(body)


@dataclass
class LateTells(FaultyStore):
    """A bucket whose listings do not have the markers of notifications yet."""

    faults: Faults = field(default_factory=Faults)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        return iter(()) if prefix.startswith("tell/") else super().list(prefix, after, limit)


def test_what_a_tick_finds_over_is_told_by_that_tick() -> None:
    """The tick was faster than the last callback, which finds nothing to write, and wakes nobody."""
    site = Site()
    bucket, site.store = site.store, LateTells(site.store)  # type: ignore[assignment]
    task_id = site.begin(NotifyUrl=HOOK)
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.minutes(2)
    stop("k1", "asked", site.ports)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    film = mp4_stop(0, site.clock.now + 1, "a.mp4", site.clock.now - 1_000, site.clock.now, task_id)

    def ticked() -> None:
        site.faults.plan = {}
        site.minutes()

    # Its bytes are stored, and nothing else.
    site.faults.calls, site.faults.plan, site.faults.overlap = 0, {1: "overlap"}, ticked
    site.receive(film)
    assert [] == [key for key in bucket.objects if key.startswith("wake/")]
    assert ["recording.completed"] == site.inbox.types


def test_two_that_tell_at_once_while_nothing_is_listed_lose_nothing() -> None:
    """Two events of one wake, whichever call of the one the other falls into: told, and the document knows it."""
    for call in count():
        site = Site()
        site.store.late_ms = 10 * MINUTE_MS
        task_id = site.begin(NotifyUrl=HOOK)
        stop("k1", "asked", site.ports)
        ended(site, task_id)
        met: list[bool] = []
        site.faults.calls, site.faults.plan = 0, {call: "overlap"}
        site.faults.overlap = partial(_wake_again, site, met)
        wake(site, "k1")
        if not met:
            break
        site.faults.plan = {}
        assert {"recording.completed"} == set(site.inbox.types), call
        assert 1 == len({sent.webhook_id for sent in site.inbox.taken}), call
        site.store.settle()
        site.minutes(3)
        owed = [message for message in decide(*_known(site)).notifications if message.next_ms is not None]
        assert ([], []) == (owed, site.listed("tell/")), call
    assert call > 5


def _wake_again(site: Site, met: list[bool]) -> None:
    met.append(True)
    wake(site, "k1")


def _known(site: Site) -> tuple[Accepted, Evidence]:
    known = journal.find(site.store, "k1")
    assert known.documented is not None
    return known.accepted, known.documented
