"""What can't be read any more of a recording: it is not started a second time, and nobody is answered by its film."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain import keys
from shared.domain.errors import Conflict, Damaged
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.store import tombstones
from shared.store.tombstones import Tombstone
from shared.usecases.replay import replay
from shared.usecases.stop import stop
from testing.callbacks import callback
from tests.shared.usecases.ticking import HOUR_MS, Site

OTHER = "https://example.com/other"


def recorded() -> Site:
    """Return a site with a recording that was stopped, and whose film has come."""
    site = Site()
    task_id = site.begin()
    site.receive(callback(801, {"Status": 1}, site.clock.now, task_id))
    site.clock.now += 60_000
    stop("k1", "asked", site.ports)
    site.upload(task_id)
    site.receive(callback(802, {"Status": 1}, site.clock.now, task_id))
    return site


def spoil(site: Site, *words: str, body: bytes = b"garbage") -> None:
    """Write over the recording's own facts of these kinds."""
    spoilt = [key for key in site.listed(keys.recording_facts("k1")) if any(f"-{word}-" in key for word in words)]
    assert spoilt
    for key in spoilt:
        site.store.put(key, body)


class TestRequest:
    """It is gone, and the document is there."""

    @pytest.mark.parametrize("url", ["https://example.com/class?room=1", OTHER])
    @pytest.mark.parametrize("document", [None, b"{"], ids=["whole", "damaged"])
    @pytest.mark.parametrize("later", [{}, {"StartAt": 1_900_000_000}], ids=["now", "later"])
    def test_nothing_is_started_under_its_key(self, url: str, document: bytes | None, later: dict[str, Any]) -> None:
        """Another request was answered by the old film; the same one began anew."""
        site = recorded()
        site.store.delete(keys.request_key("k1"))
        if document is not None:
            site.store.put(keys.document_key("k1"), document)
        before, started = site.store.objects[keys.document_key("k1")], len(site.trtc.started)
        for _ in range(2):
            with pytest.raises(Damaged, match="k1 is gone, and its document is there"):
                site.start(url=url, **later)
            site.minutes(3)
        assert (started, before) == (len(site.trtc.started), site.store.objects[keys.document_key("k1")])
        assert keys.request_key("k1") not in site.store.objects

    def test_a_replay_and_a_reader_are_told(self) -> None:
        """It was called absent, as if nobody had ever asked for it."""
        site = recorded()
        site.store.delete(keys.request_key("k1"))
        result = replay(site.store, ["k1"], site.clock())
        assert (["k1"], []) == (result.damaged, result.absent)
        with pytest.raises(Damaged):
            site.recording()

    def test_put_back_it_goes_on(self) -> None:
        """Its markers are kept until then."""
        site = Site()
        task_id = site.begin(StopAt=site.clock.now / 1000 + 1_800)
        request = site.store.objects[keys.request_key("k1")]
        site.store.delete(keys.request_key("k1"))
        site.minutes(10)
        assert [task_id] == [*site.trtc.recording]
        site.store.put(keys.request_key("k1"), request.body)
        site.minutes(60)
        assert [] == [*site.trtc.recording]

    def test_a_deleted_id_stays_used(self) -> None:
        """A deletion may die between the two objects, or have erased one of them only so far."""
        site = recorded()
        site.store.delete(keys.request_key("k1"))
        tombstones.bury(site.store, "k1", Tombstone(at_ms=site.clock()))
        with pytest.raises(Conflict, match="deleted"):
            site.start(url=OTHER)
        assert ["k1"] == replay(site.store, ["k1"], site.clock()).absent


class TestFacts:
    """They are there and can't be read, and no document says what they said."""

    @pytest.mark.parametrize("asked", [False, True], ids=["by the timer", "by the caller"])
    @pytest.mark.parametrize("words", [("attempt", "accepted"), ("attempt", "accepted", "stop_requested", "gave_up")])
    def test_it_is_not_started_again(self, words: tuple[str, ...], *, asked: bool) -> None:
        """Its film is found all the same."""
        site = recorded()
        spoil(site, *words)
        site.store.delete(keys.document_key("k1"))
        site.trtc.known.clear()  # or else it would answer by the task of then
        assert ["k1"] == replay(site.store, ["k1"], site.clock()).damaged
        if asked:
            assert not site.start().created
        site.minutes(90)
        assert (1, State.COMPLETED) == (len(site.trtc.started), site.recording().state)
        assert ["a.mp4"] == [file.name for file in site.recording().files]

    def test_what_was_called_off_is_not_started(self) -> None:
        """Its stop can't be read."""
        site = Site()
        site.start(StartAt=site.clock.now / 1000 + 600)
        stop("k1", "asked", site.ports)
        spoil(site, "stop_requested", "gave_up")
        site.store.delete(keys.document_key("k1"))
        replay(site.store, ["k1"], site.clock())
        site.minutes(30)
        assert ([], State.FAILED) == (site.trtc.started, site.recording().state)

    @pytest.mark.parametrize("words", [("attempt",), ("attempt", "accepted")])
    def test_a_task_that_runs_is_found_and_goes_on(self, words: tuple[str, ...]) -> None:
        """TRTC has it under the recording's id; that nothing says when it began is no reason to stop it."""
        site = Site()
        task_id = site.begin()
        spoil(site, *words)
        site.store.delete(keys.document_key("k1"))
        replay(site.store, ["k1"], site.clock())
        site.minutes(30)
        assert [task_id] == [*site.trtc.recording]
        assert (1, task_id) == (len(site.trtc.started), site.recording().task_id)

    def test_what_the_document_had_read_is_known(self) -> None:
        """A start that waits is made in the end."""
        site = Site()
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        site.start()
        spoil(site, "refused")
        assert ["k1"] == replay(site.store, ["k1"], site.clock()).damaged
        site.minutes(3)
        assert 1 == len(site.trtc.recording)
        site.clock.now += HOUR_MS
        assert ["k1"] == replay(site.store, ["k1"], site.clock()).damaged, "it is still named"
