"""Replay: documents are derived, so they can be derived again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from shared.domain import keys
from shared.domain.errors import NotFound, StoreError
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import StoredObject
from shared.usecases.replay import all_recordings, replay
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback, mp4_stop
from tests.shared.usecases.ticking import HOOK, HOUR_MS, Site

STORIES = ["completed", "lost", "paused", "scheduled", "cancelled", "queued", "refused", "told", "undelivered"]


def site_of_everything() -> Site:
    """Return a site with one recording of each kind, two days later."""
    site = Site()
    for key in ("completed", "lost"):
        task_id = site.begin(key)
        site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
        if key == "completed":
            site.receive(mp4_stop(0, site.clock.now + 1_000, "a.mp4", 1, site.clock.now + 1_000, task_id))
            site.receive(callback(802, {"Status": 1}, site.clock.now + 900, task_id))
        site.trtc.end(task_id)
    site.start("scheduled", start_at=site.clock.now / 1000 + 30 * 24 * 3600)
    site.start("cancelled", start_at=site.clock.now / 1000 + 30 * 24 * 3600)
    stop("cancelled", "asked", site.ports)
    site.trtc.refusals = [refusal("LimitExceeded", "full", "r"), refusal("LimitExceeded", "full", "r")]
    site.start("queued")
    site.start("refused", stop_at=site.clock.now / 1000 + 30)
    site.begin("told", notify_url=HOOK, notify_on="changes")
    site.inbox.refusing = {"undelivered-lost", "undelivered-completed"}
    site.trtc.end(site.begin("undelivered", notify_url=HOOK))
    site.minutes(3 * 60)
    site.clock.now += 48 * HOUR_MS
    task_id = site.begin("paused")
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.receive(callback(803, {"Status": 2}, site.clock.now + 1_000, task_id))
    site.minutes(3)
    return site


def unmarked(site: Site) -> dict[str, StoredObject]:
    """Everything in the bucket but the markers of what is to be looked at."""
    return {key: stored for key, stored in site.store.objects.items() if not key.startswith("open/")}


def test_documents_are_the_same_bytes() -> None:
    """Whatever the recordings have been through; nothing else is touched either."""
    site = site_of_everything()
    before = unmarked(site)
    result = replay(site.store, all_recordings(site.store), site.clock())
    assert (len(STORIES), []) == (result.recordings, result.changed)
    assert before == unmarked(site)
    states = {key: site.recording(key).state for key in STORIES}
    assert {State.COMPLETED, State.LOST, State.PAUSED, State.SCHEDULED, State.FAILED, State.CANCELLED} <= set(
        states.values()
    )


@pytest.mark.parametrize("body", [None, b"", b"{", b"null", b'{"state": "completed"}', b"\xff\xfe"])
def test_a_missing_or_corrupted_document_is_rebuilt(body: bytes | None) -> None:
    """From the facts alone, to the bytes it had; only that one is reported."""
    site = site_of_everything()
    key = keys.document_key("completed")
    good = site.store.objects[key]
    if body is None:
        site.store.delete(key)
    else:
        site.store.put(key, body)
    result = replay(site.store, all_recordings(site.store), site.clock())
    assert ["completed"] == result.changed
    assert good == site.store.objects[key]


def test_a_lie_in_a_document_does_not_survive() -> None:
    """What no fact supports is gone: replay does not start from the document."""
    site = site_of_everything()
    key = keys.document_key("completed")
    good = site.store.objects[key]
    site.store.put(key, good.body.replace(b"a.mp4", b"b.mp4"))
    assert good.body != site.store.objects[key].body
    replay(site.store, ["completed"], site.clock())
    assert good == site.store.objects[key]


def test_only_those_that_were_named_are_rebuilt() -> None:
    """An id without a recording is told."""
    site = site_of_everything()
    for key in ("completed", "lost"):
        site.store.delete(keys.document_key(key))
    result = replay(site.store, ["lost", "nobody"], site.clock())
    assert (1, ["lost"], ["nobody"]) == (result.recordings, result.changed, result.absent)
    assert keys.document_key("completed") not in site.store.objects


def test_every_recording_is_listed_once() -> None:
    """Over days, whatever is in its id."""
    site = Site()
    for key in ("a-b", "-", "0", "with_under-score"):
        site.start(key)
        site.clock.now += 20 * HOUR_MS
    assert ["-", "0", "a-b", "with_under-score"] == sorted(all_recordings(site.store))


def test_a_replay_stops_in_time_and_goes_on() -> None:
    """Many recordings: each call says how far it came, and the next goes on there, until all were taken once."""
    site = Site()
    for number in range(5):
        site.begin(f"k{number}")
    taken, after, calls = 0, "", 0
    while True:
        left = iter([True, True, False])
        has_time = partial(next, left)
        result = replay(site.store, all_recordings(site.store), site.clock(), after=after, has_time=has_time)
        taken, calls = taken + result.recordings, calls + 1
        if result.after is None:
            break
        after = result.after
    assert (5, 3) == (taken, calls)


def test_a_replay_that_does_not_know_where_to_go_on_says_so() -> None:
    """The recording that the last call ended with was deleted since: nothing is passed over in silence."""
    site = Site()
    site.begin("k1")
    with pytest.raises(NotFound, match="begin anew"):
        replay(site.store, all_recordings(site.store), site.clock(), after="gone")


@pytest.mark.parametrize(
    ("which", "body"),
    [
        *((which, body) for which in ("-attempt-", "-accepted-", "-801-", "-802-") for body in (b"garbage", None)),
        *(("-", body) for body in (b"garbage", b"", b"[]", b"null", b"[" * 5_000, None)),
    ],
)
def test_what_the_document_had_read_of_a_damaged_fact_stays(which: str, body: bytes | None) -> None:
    """A recording that is over stays over: nothing is recorded again. The facts are named."""
    site = site_of_everything()
    before, starts = site.recording("completed"), len(site.trtc.started)
    facts = [
        key
        for key in site.store.objects
        if which in key.rpartition("/")[2]
        and key.startswith((keys.recording_facts("completed"), *map(keys.task_facts, before.evidence.tasks)))
    ]
    assert facts
    for key in facts:
        if body is None:
            site.store.delete(key)
        else:
            site.store.put(key, body)
    names = sorted(f"completed/{key.rpartition('/')[2].removesuffix('.json')}" for key in facts)
    for _ in range(2):
        result = replay(site.store, ["completed"], site.clock())
        assert (["completed"], names) == (result.damaged, result.unread)
        after = site.recording("completed")
        assert (before.state, before.files, before.attempts) == (after.state, after.files, after.attempts)
    site.minutes(3)
    assert starts == len(site.trtc.started)
    assert before.state == site.recording("completed").state


def test_damaged_facts_without_a_document_are_named() -> None:
    """Nothing is left of what they said."""
    site = site_of_everything()
    key = min(key for key in site.store.objects if key.startswith(keys.recording_facts("cancelled")))
    site.store.put(key, b"garbage")
    site.store.delete(keys.document_key("cancelled"))
    result = replay(site.store, ["cancelled"], site.clock())
    assert (["cancelled"], [f"cancelled/{key.rpartition('/')[2].removesuffix('.json')}"]) == (
        result.damaged,
        result.unread,
    )


class Failing(Bucket):
    """A bucket that fails to read one object."""

    key = ""

    def get(self, key: str) -> StoredObject | None:
        if key == self.key:
            raise StoreError(f"GET {key}: InternalError")
        return super().get(key)


@pytest.mark.parametrize("key_of", [keys.document_key, keys.request_key])
def test_an_object_that_the_bucket_fails_to_read_costs_its_recording_alone(key_of: Callable[[str], str]) -> None:
    """It is named, the others are rebuilt."""
    site = site_of_everything()
    store = Failing(site.store.objects)
    store.key = key_of("completed")
    result = replay(store, all_recordings(store), site.clock())
    assert (len(STORIES) - 1, ["completed"], []) == (result.recordings, result.unanswered, result.damaged)
    assert ["completed"] == result.noted()["unanswered"]
