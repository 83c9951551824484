"""What can't be read any more of a recording: it is not started a second time, and nobody is answered by its film."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain import keys
from shared.domain.errors import Conflict, Damaged
from shared.store import tombstones
from shared.store.tombstones import Tombstone
from shared.usecases.replay import replay
from shared.usecases.stop import stop
from testing.callbacks import callback
from tests.shared.usecases.ticking import Site

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
