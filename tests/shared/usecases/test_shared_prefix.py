"""A recording whose id is the prefix of others: its deletion takes its own films, in bounded work."""

from __future__ import annotations

from shared.store import tombstones
from shared.store.tombstones import Tombstone
from shared.usecases.remove import remove
from shared.usecases.tasks import MOST_OTHERS
from tests.fakes import MemoryFiles
from tests.rounds import RoundsStore
from tests.shared.usecases.test_read import finished, reading
from tests.shared.usecases.ticking import MINUTE_MS, Site


def test_others_are_asked_for_at_once() -> None:
    """Not one behind the other: a deletion has half a minute, however many have this prefix."""
    site, files = Site(store=RoundsStore()), MemoryFiles()
    for number in range(60):
        task_id = site.begin(f"l{number}", prefix="lessons")
        files.put(f"webrecord/files/lessons/l{number}/{task_id}/a.mp4", b"x")
    others = set(files.objects)
    files.put(f"webrecord/files/lessons/{finished(site, key='lessons')}/a.mp4", b"x")
    assert isinstance(site.store, RoundsStore)
    site.store.taken()
    assert remove("lessons", "asked", reading(site, files), files=True) is None
    assert others == set(files.objects)
    assert site.store.rounds < 40


def test_of_very_many_others_not_all_are_asked_for() -> None:
    """The known tasks' films are erased, by the deletion and by the timer's, and nobody else's."""
    site, films = Site(store=RoundsStore()), [f"files/lessons/A{number:05d}/t/a.mp4" for number in range(3_000)]
    for number, film in enumerate(films):
        tombstones.bury(site.store, f"A{number:05d}", Tombstone())
        site.store.put(film, b"x")
    task_id = finished(site, key="lessons")
    own = [f"files/lessons/{task_id}/{name}" for name in ("a.mp4", "late.mp4")]
    assert own[0] > films[-1]
    site.store.put(own[0], b"x")
    files = MemoryFiles()
    for film in (*films, own[0]):
        files.put(f"webrecord/{film}", b"x")
    assert isinstance(site.store, RoundsStore)
    site.store.taken()
    assert remove("lessons", "asked", reading(site, files), files=True) is None
    assert {f"webrecord/{film}" for film in films} == set(files.objects)
    site.store.put(own[1], b"x")
    site.clock.now += 22 * MINUTE_MS
    site.minutes()
    assert films == site.listed("files/")
    assert site.store.counts["GET"] < 4 * 3 * MOST_OTHERS + 500
