"""Removing a recording: what waits is cancelled, what is over is deleted, whatever it dies at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from shared.domain.accepted import Accepted
from shared.domain.errors import Conflict, NotFound, StoreError
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import ListedObject
from shared.store.journal import current
from shared.store.markers import mark_look, mark_start
from shared.usecases.remove import remove
from shared.usecases.replay import replay
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback
from tests.fakes import MemoryFiles
from tests.faults import Died, Faults
from tests.shared.usecases.test_read import finished, reading
from tests.shared.usecases.ticking import HOOK, MINUTE_MS, Inbox, Site
from tests.world import CALLER_STORAGE, World


@pytest.mark.parametrize("kind", ["queued", "scheduled"])
def test_what_waits_is_cancelled(kind: str) -> None:
    """It never starts, and says by whom it was called off; nothing is deleted."""
    world = World()
    if kind == "queued":
        world.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        world.start()
    else:
        world.start(StartAt=world.clock.now / 1000 + 3_600)
    cancelled = remove("k1", "asked by backend", reading(world), files=True)
    assert cancelled is not None
    assert State.CANCELLED is cancelled.state is current(world.store, "k1").state
    assert "asked by backend" in (cancelled.reason or "")


def left_of(world: World) -> set[str]:
    """Everything in the bucket but markers and tombstones."""
    return {key for key in world.store.objects if not key.startswith(("open/", "gone/"))}


def test_what_records_has_to_be_stopped_first() -> None:
    """409; nothing is lost by mistake."""
    world = World()
    world.start()
    before = dict(world.store.objects)
    with pytest.raises(Conflict, match="is starting: stop it"):
        remove("k1", "asked", reading(world), files=True)
    assert before == world.store.objects


@pytest.mark.parametrize("files", [True, False])
def test_what_is_over_is_deleted(files: bool) -> None:
    """Every object but another recording's; the film only when that is said."""
    world, films = World(), MemoryFiles()
    finished(world, "other")
    others = left_of(world)
    task_id = finished(world)
    film, segment = (f"webrecord/files/k1/{task_id}/{name}" for name in ("film.mp4", "film_0.ts"))
    for key in (film, segment, "webrecord/files/other/x/film.mp4"):
        films.put(key, b"picture")
    assert remove("k1", "asked", reading(world, films), files=files) is None
    assert others == left_of(world)
    kept = {"webrecord/files/other/x/film.mp4"} if files else {film, segment, "webrecord/files/other/x/film.mp4"}
    assert kept == set(films.objects)
    with pytest.raises(NotFound):
        current(world.store, "k1")


@pytest.mark.parametrize("swept", [False, True])
def test_films_that_were_kept_are_not_said_to_be_deleted(swept: bool) -> None:
    """A deletion with the films, after one without: 409 that says where they are, now and for ever."""
    site, films = Site(), MemoryFiles()
    film = f"webrecord/files/k1/{finished(site)}/film.mp4"
    films.put(film, b"picture")
    assert remove("k1", "asked", reading(site, films), files=False) is None
    if swept:
        site.clock.now += 20 * MINUTE_MS
        site.tick()
    assert remove("k1", "asked", reading(site, films), files=False) is None
    with pytest.raises(Conflict, match="its files were kept"):
        remove("k1", "asked", reading(site, films), files=True)
    assert {film} == set(films.objects)


def test_a_deletion_with_the_films_may_be_repeated_in_either_way() -> None:
    """They are gone: both are answered as the first one was."""
    site, films = Site(), MemoryFiles()
    films.put(f"webrecord/files/k1/{finished(site)}/film.mp4", b"picture")
    for files in (True, True, False, True):
        assert remove("k1", "asked", reading(site, films), files=files) is None
    assert not films.objects


def test_a_callers_own_bucket_is_left_alone() -> None:
    """We never had the right."""
    world, films = World(), MemoryFiles()
    task_id = finished(world, StorageParams=CALLER_STORAGE)
    films.put(f"record/video/{task_id}/film.mp4", b"somebody's")
    remove("k1", "asked", reading(world, films), files=True)
    assert [f"record/video/{task_id}/film.mp4"] == list(films.objects)


def test_whatever_it_dies_at_the_same_call_goes_on() -> None:
    """Before the tombstone nothing is deleted; from it on a repeat erases the rest, and so does the timer."""
    for at in count():
        world, films = World(), MemoryFiles()
        task_id = finished(world)
        films.put(f"webrecord/files/k1/{task_id}/film.mp4", b"picture")
        world.faults = Faults({world.faults.calls + at: "die"}, calls=world.faults.calls)
        try:
            remove("k1", "asked", reading(world, films), files=True)
        except Died:
            world.faults = Faults()
            assert remove("k1", "asked", reading(world, films), files=True) is None
            assert set() == left_of(world), at
            assert {} == films.objects
            continue
        break
    assert at > 10


def test_a_deleted_id_is_never_used_again() -> None:
    """409 that says so, for another page and for the same one; the old film is nobody's new recording."""
    world = World()
    finished(world)
    remove("k1", "asked", reading(world), files=False)
    for url in ("https://example.com/new", "https://example.com/class?room=1"):
        with pytest.raises(Conflict, match="deleted"):
            world.start("k1", url)
    assert 1 == len(world.trtc.started)


@pytest.mark.parametrize("minutes", [0, 5, 60])
def test_nothing_of_a_deleted_recording_comes_back(minutes: int) -> None:
    """A late callback is acknowledged and not kept; after the sweep only tombstones are left, which name nobody."""
    site = Site()
    task_id = finished(site, Labels={"patient": "Jane"})
    remove("k1", "asked", reading(site), files=True)
    site.clock.now += minutes * MINUTE_MS
    late = callback(803, {"Status": 1, "EventMessage": "patient"}, site.clock.now, task_id)
    assert "its recording was deleted" == site.receive(late).left
    site.run_until_done()
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}
    assert b"k1" not in site.everything()
    assert b"patient" not in site.everything()


def test_what_a_call_under_way_writes_goes_with_the_sweep() -> None:
    """A look, a callback or a repeated start that had read the recording before its deletion."""
    site = Site()
    finished(site)
    before = dict(site.store.objects)
    remove("k1", "asked", reading(site), files=False)
    site.store.objects.update(before)
    site.store.objects.pop("recordings/k1/request.json")
    site.run_until_done()
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}


def test_what_a_repeat_that_died_left_beside_a_deletion_is_never_started() -> None:
    """It looked for the tombstone too early, stored the request again, and died: it is erased, with its entry."""
    site = Site()
    finished(site)
    request = site.store.objects["recordings/k1/request.json"].body
    remove("k1", "asked", reading(site), files=True)
    site.store.put("recordings/k1/request.json", request)
    mark_look(site.store, "k1", site.clock.now + MINUTE_MS)
    mark_start(site.store, Accepted.model_validate_json(request), site.clock.now)
    with pytest.raises(NotFound):
        site.recording()
    assert 0 == replay(site.store, ["k1"], site.clock.now).recordings
    site.run_until_done()
    assert 1 == len(site.trtc.started)
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}


def test_a_stop_that_read_the_request_before_a_deletion_finds_nothing() -> None:
    """The document is erased with the request: what is left for a moment is not told as the recording's state."""
    site = Site()
    finished(site)
    request = site.store.objects["recordings/k1/request.json"]
    facts = {key: stored for key, stored in site.store.objects.items() if "/facts/" in key}
    remove("k1", "asked", reading(site), files=True)
    site.store.objects.update({**facts, "recordings/k1/request.json": request})
    with pytest.raises(NotFound):
        stop("k1", "asked", site.ports)
    assert remove("k1", "asked", reading(site), files=True) is None
    assert "recordings/k1/recording.json" not in site.store.objects


def test_the_sweep_finds_what_listings_name_late() -> None:
    """A film that TRTC uploads just before it: no listing names it for a minute and a half."""
    site = Site(store=Bucket(late_ms=90_000))
    site.store.clock = site.clock
    task_id = finished(site)
    remove("k1", "asked", reading(site), files=True)
    site.clock.now += 15 * MINUTE_MS + 30_000
    site.upload(task_id, "late.mp4")
    site.run_until_done()
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}


def test_a_receiver_may_delete_what_it_is_notified_of() -> None:
    """Within its own webhook: the notification is over, and nothing stays."""
    site = Site()

    class Deleting(Inbox):
        def send(self, *sent: Any) -> None:
            super().send(*sent)
            remove("k1", "asked", reading(site), files=True)

    site.inbox = Deleting(site)
    finished(site, notify_url=HOOK, Labels={"patient": "Jane"})
    site.run_until_done()
    assert ["recording.completed"] == site.inbox.types
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}
    assert b"Jane" not in site.everything()


def test_a_deletion_that_could_not_erase_the_request_is_not_acknowledged() -> None:
    """The caller calls again; meanwhile the timer finds the tombstone, and the id starts nothing."""
    site = Site()
    finished(site)
    site.faults = Faults({_erasing(): "fail"})
    with pytest.raises(StoreError):
        remove("k1", "asked", reading(site), files=True)
    with pytest.raises(Conflict, match="deleted"):
        site.start()
    site.faults = Faults()
    site.run_until_done()
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}


def _erasing() -> int:
    """Return which call of a deletion erases the request, and the document, which holds it, too."""
    site = Site()
    finished(site)
    site.faults = Faults()
    remove("k1", "asked", reading(site), files=True)
    return site.faults.log.index("delete 2")


def test_what_a_call_may_still_start_is_not_deleted() -> None:
    """Cancelled between the timer's read and its call: 409 until the task that came of it is over."""
    site, refused = Site(), list[str]()
    site.start(StartAt=site.clock.now / 1000 + 300)
    site.clock.now += 300_000

    def deleted() -> None:
        remove("k1", "asked", reading(site), files=True)
        with pytest.raises(Conflict, match="may still start it: delete it in 60 s") as conflict:
            remove("k1", "asked", reading(site), files=True)
        refused.append(str(conflict.value))

    site.faults = Faults({_attempt(): "overlap"}, overlap=deleted)
    site.tick()
    assert 1 == len(refused) == len(site.trtc.started)
    site.run_until_done()
    assert {} == site.trtc.recording
    assert remove("k1", "asked", reading(site), files=True) is None


def test_what_a_first_call_may_still_start_is_not_deleted() -> None:
    """Stopped and deleted before the call that accepted it has asked TRTC: the id is deleted after its task only."""
    world, refused = World(), list[str]()

    def deleted() -> None:
        stop("k1", "asked", reading(world))
        with pytest.raises(Conflict, match="may still start it") as conflict:
            remove("k1", "asked", reading(world), files=True)
        refused.append(str(conflict.value))

    world.faults = Faults({world.faults.calls + 5: "overlap"}, overlap=deleted)
    world.start()
    assert 1 == len(refused) == len(world.trtc.started)
    assert current(world.store, "k1").evidence.stop


def test_what_was_cancelled_long_before_its_time_is_deleted_at_once() -> None:
    """No call can be about to start it."""
    world = World()
    world.start(StartAt=world.clock.now / 1000 + 300)
    assert remove("k1", "asked", reading(world), files=True) is not None
    assert remove("k1", "asked", reading(world), files=True) is None


def test_what_was_cancelled_in_the_queue_is_deleted_after_a_minute() -> None:
    """By then no call that had read it before is under way."""
    world = World()
    world.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
    world.start()
    assert remove("k1", "asked", reading(world), files=True) is not None
    world.clock.now += MINUTE_MS
    assert remove("k1", "asked", reading(world), files=True) is None


def test_a_start_that_outlived_the_deletion_records_nothing_on() -> None:
    """However that came about: its task is ended, and nothing stays."""
    site = Site()
    site.start(StartAt=site.clock.now / 1000 + 300)
    site.clock.now += 300_000

    def deleted() -> None:
        remove("k1", "asked", reading(site), files=True)
        site.clock.now += MINUTE_MS
        remove("k1", "asked", reading(site), files=True)

    site.faults = Faults({_attempt(): "overlap"}, overlap=deleted)
    site.tick()
    assert 1 == len(site.trtc.started)
    site.run_until_done()
    assert {} == site.trtc.recording
    assert {"gone"} == {key.split("/")[0] for key in site.store.objects}


def _attempt() -> int:
    """Return which call of a tick writes the attempt of a scheduled start."""
    return next(n for n in range(40) if "-attempt-" in _call_of_a_tick(n))


def _call_of_a_tick(number: int) -> str:
    """Return the call of this number of the tick that makes a scheduled start."""
    site = Site()
    site.start(StartAt=site.clock.now / 1000 + 300)
    site.clock.now += 300_000
    site.faults = Faults()
    site.tick()
    return (site.faults.log[number : number + 1] or [""])[0]


@dataclass
class SlowBucket(Bucket):
    """A bucket of which a page of a listing takes 0.2 s and 1,000 deletions 4 s, until the invocation is over."""

    site: Site | None = None
    until_ms: int = 2**60

    def take(self, ms: int) -> None:
        """Let a call take its time, or end with the budget."""
        if self.site is None:
            return
        self.site.clock.now += ms
        if self.site.clock.now > self.until_ms:
            raise StoreError("COS did not answer within what is left of the invocation")

    def page(self, prefix: str, after: str, size: int) -> tuple[Sequence[ListedObject], bool]:
        assert size <= 1_000
        self.take(200)
        return super().page(prefix, after, size)

    def delete_many(self, keys: Sequence[str]) -> None:
        self.take(len(keys) * 4)
        super().delete_many(keys)


class Films(MemoryFiles):
    """The whole of the same bucket: what the store calls `files/` is `webrecord/files/` here."""

    def __init__(self, store: Bucket) -> None:
        super().__init__()
        self.store = store

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        inner = self.store.list(prefix.removeprefix("webrecord/"), after.removeprefix("webrecord/"), limit)
        yield from (ListedObject(f"webrecord/{item.key}", item.size) for item in inner)

    def delete_many(self, keys: Sequence[str]) -> None:
        self.store.delete_many([key.removeprefix("webrecord/") for key in keys])


def test_ten_hours_of_segments_are_deleted_within_the_budgets() -> None:
    """One call of 25 s acknowledges it, the ticks after it erase the rest: 9,000 segments take 36 s of deleting."""
    store = SlowBucket()
    site = Site(store=store)
    task_id = finished(site, format="hls")
    for number in range(9_000):
        site.store.put(f"files/k1/{task_id}/film_{number}.ts", b"x")
    site.store.put("files/k2/other.ts", b"x")
    store.site, store.until_ms = site, site.clock.now + 25_000
    assert remove("k1", "asked", reading(site, Films(store)), files=True) is None
    store.until_ms = 2**60
    assert 2_000 < len(site.listed("files/k1/")) < 9_000
    for _ in range(3):
        site.clock.now = (site.clock.now // MINUTE_MS + 1) * MINUTE_MS
        store.until_ms = site.clock.now + 50_000
        site.tick()
    store.site = None
    assert [] == site.listed("files/k1/")
    assert ["files/k2/other.ts"] == site.listed("files/")


def test_films_of_a_former_releases_folder_go_before_anything_else() -> None:
    """Reconcile may not erase there: while one is left the recording is, and the same call deletes it."""

    class Failing(MemoryFiles):
        refused = 1

        def delete_many(self, keys: Sequence[str]) -> None:
            if self.refused:
                self.refused -= 1
                raise StoreError("COS did not answer")
            super().delete_many(keys)

    world, films = World(), Failing()
    task_id = finished(world)
    accepted = json.loads(world.store.objects["recordings/k1/request.json"].body)
    accepted["place"] |= {"prefix": ["lessons", "k1"], "folder": None}
    world.store.put("recordings/k1/request.json", json.dumps(accepted).encode())
    films.put(f"lessons/k1/{task_id}/film.mp4", b"film")
    with pytest.raises(StoreError):
        remove("k1", "asked", reading(world, films), files=True)
    assert State.COMPLETED is current(world.store, "k1").state
    assert remove("k1", "asked", reading(world, films), files=True) is None
    assert {} == dict(films.objects)
