"""The film check in the product: a fact like any other, once, and in time for the notification."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain.errors import StoreError
from shared.domain.film.verdict import Flaw, Verdict
from shared.domain.policy import Policy
from shared.ports import StoredObject
from shared.store.journal import current
from shared.store.stored import accepted_of
from shared.usecases.films import Films
from shared.usecases.look import ReconcilePorts
from shared.usecases.replay import replay
from shared.usecases.woken import woken
from testing.callbacks import callback, mp4_stop
from tests.shared.domain.test_film_hostile import film
from tests.shared.usecases.ticking import HOOK, Site
from tests.world import POLICY


@dataclass
class Disc:
    """Ranges of the site's objects; some reads fail."""

    site: FilmSite
    failing: int = 0
    replaced_after: int | None = None
    reads: int = 0

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        self.reads += 1
        if self.failing:
            self.failing -= 1
            raise StoreError(f"COS GET {key}")
        if self.replaced_after is not None and self.reads > self.replaced_after:
            self.site.store.put(key, b"another one")
        stored = self.site.store.get(key)
        if stored is None or (etag and etag != stored.etag):
            raise StoreError(f"COS GET {key}: 412")
        return stored._replace(body=stored.body[offset : offset + length])


@dataclass
class FilmSite(Site):
    """A site that looks into films."""

    policy: Policy = field(default_factory=lambda: POLICY._replace(notify_hosts=("*.example.com",), check_films=True))
    off: tuple[Flaw, ...] = ()
    disc: Disc = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.disc = Disc(self)

    @property
    def timer(self) -> ReconcilePorts:
        return replace(super().timer, films=Films(self.disc, self.off, nullcontext()))

    def record(self, body: bytes | None, name: str = "a.mp4", **fields: Any) -> str:
        """Record twenty seconds, of which TRTC uploads these bytes."""
        task_id, now = self.begin(**fields), self.clock.now
        self.receive(callback(801, {"Status": 1}, now, task_id))
        self.clock.now = now = now + 20_000
        self.trtc.end(task_id)
        if body is not None:
            self.store.put(f"files/k1/{task_id}/{name}", body)
        self.receive(callback(802, {"Status": 1}, now, task_id))
        self.receive(mp4_stop(0, now + 1, name, now - 20_000, now, task_id))
        return task_id

    def verdict(self) -> tuple[Verdict | None, list[str]]:
        """What the document says."""
        document = current(self.store, "k1")
        return document.film, [one.code.value for one in document.film_findings or []]

    def wake(self) -> None:
        """Let the event of a wake come."""
        woken(["k1"], self.timer, 50)


def test_a_good_film_is_good_and_its_receiver_hears_of_it_with_the_state() -> None:
    """One wake: the film is looked into, then the receiver is told, once."""
    site = FilmSite()
    site.record(film(), NotifyUrl=HOOK)
    assert ((Verdict.UNCHECKED, []), []) == (site.verdict(), site.inbox.types)
    site.wake()
    assert (Verdict.GOOD, []) == site.verdict()
    assert ["good"] == [sent.document["data"]["film"] for sent in site.inbox.taken]
    site.wake()
    site.minutes(10)
    assert ["recording.completed"] == site.inbox.types


def test_the_timer_alone_does_it_too() -> None:
    """A lost event costs a minute."""
    site = FilmSite()
    site.record(b"", NotifyUrl=HOOK)
    site.tick()
    assert (Verdict.BAD, ["empty"]) == site.verdict()
    assert ["bad"] == [sent.document["data"]["film"] for sent in site.inbox.taken]
    site.minutes(10)
    assert [] == [*site.listed("open/"), *site.listed("tell/")]


def test_a_film_that_can_not_be_played_is_bad_whatever_the_state_says() -> None:
    """TRTC called it completed."""
    site = FilmSite()
    site.record(b"<Error>" * 40)
    site.wake()
    document = current(site.store, "k1")
    assert ("completed", (Verdict.BAD, ["unplayable"])) == (document.state.value, site.verdict())


def test_a_film_shorter_than_recorded_is_told() -> None:
    """By the times of its own event."""
    site = FilmSite()
    task_id = site.begin()
    now = site.clock.now
    site.receive(callback(801, {"Status": 1}, now, task_id))
    site.clock.now = now = now + 100_000
    site.trtc.end(task_id)
    site.store.put(f"files/k1/{task_id}/a.mp4", film())
    site.receive(callback(802, {"Status": 1}, now, task_id))
    site.receive(mp4_stop(0, now + 1, "a.mp4", now - 100_000, now, task_id))
    site.wake()
    assert (Verdict.SUSPECT, ["shorter"]) == site.verdict()


def test_a_store_that_fails_is_asked_again_three_times_at_most() -> None:
    """Then nobody looked into it, and the receiver heard of the state after a minute."""
    site = FilmSite()
    site.disc.failing = 99
    site.record(film(), NotifyUrl=HOOK)
    site.wake()
    assert (Verdict.UNCHECKED, []) == site.verdict()
    assert [] == site.inbox.types
    site.minutes(2)
    assert ["unchecked"] == [sent.document["data"]["film"] for sent in site.inbox.taken]
    site.minutes(20)
    assert 3 == sum(label == "film" for label in current(site.store, "k1").evidence.facts.values())
    assert [] == [*site.listed("open/"), *site.listed("tell/")]


def test_a_store_that_fails_once_is_no_finding() -> None:
    """A minute later the film is looked into after all."""
    site = FilmSite()
    site.disc.failing = 1
    site.record(film())
    site.wake()
    site.minutes(2)
    assert (Verdict.GOOD, []) == site.verdict()


def test_an_object_that_is_replaced_meanwhile_is_not_judged_by_halves() -> None:
    """Each read asks for the object that the first one saw."""
    site = FilmSite()
    site.disc.replaced_after = 1
    index, media = film().index(b"moov") - 4, film().index(b"mdat") - 4
    site.record(film()[:index] + film()[media:] + film()[index:media])  # too far behind for one read
    site.wake()
    assert (Verdict.UNCHECKED, []) == site.verdict()


def test_two_looks_at_once_say_the_same_as_one_and_a_replay_gives_the_same_bytes() -> None:
    """Facts join."""
    site = FilmSite()
    site.record(b"")
    site.wake()
    before = site.store.objects["recordings/k1/recording.json"].body
    site.wake()
    replay(site.store, ["k1"], site.clock.now)
    assert before == site.store.objects["recordings/k1/recording.json"].body


def test_findings_that_are_switched_off_or_meant_are_not_told() -> None:
    """By a setting, or by the request."""
    site = FilmSite(off=(Flaw.EMPTY,))
    site.record(b"")
    site.wake()
    assert (Verdict.GOOD, []) == site.verdict()
    assert not current_accepted(Expect={"Sound": False})[0]
    assert not current_accepted(expect={"motion": False})[1]


def current_accepted(**fields: Any) -> tuple[bool, bool]:
    """What a request says it expects."""
    site = FilmSite()
    site.begin(**fields)
    accepted = accepted_of(site.store, "k1")
    assert accepted is not None
    return accepted.expect_sound, accepted.expect_motion


def test_a_stop_does_not_wait_for_films() -> None:
    """However long they take, and how many became due before it."""
    site = FilmSite()

    class Slow(Disc):
        def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
            site.clock.now += 14_000
            return super().part(key, offset, length, etag)

    site.disc, stop_ms = Slow(site), site.clock.now + 240_000
    site.begin("last", StopAt=stop_ms / 1000)
    site.minutes(2)
    for number in range(8):
        task_id, now = site.begin(f"k{number}"), site.clock.now
        site.upload(task_id, key=f"k{number}")
        for body in (
            callback(801, {"Status": 1}, now, task_id),
            callback(802, {"Status": 1}, now + 20_000, task_id),
            mp4_stop(0, now + 20_001, "a.mp4", now, now + 20_000, task_id),
        ):
            site.receive(body)
    site.clock.now = stop_ms + 1_000
    site.tick()
    assert (stop_ms + 1_000, "its stop_at has come") == site.recording("last").evidence.stop
    site.run_until_done()
    assert {Verdict.BAD} == {site.recording(f"k{number}").film for number in range(8)}
