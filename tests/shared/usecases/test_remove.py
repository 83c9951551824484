"""Removing a recording: what waits is cancelled, what is over is deleted, whatever it dies at."""

from __future__ import annotations

from itertools import count

import pytest

from shared.domain.errors import Conflict, NotFound
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.usecases.remove import remove
from shared.usecases.start import current
from tests.fakes import MemoryFiles
from tests.faults import Died, Faults
from tests.shared.usecases.test_read import finished, reading
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
    assert State.FAILED is cancelled.state is current(world.store, "k1").state
    assert "asked by backend" in (cancelled.reason or "")


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
    others = {key for key in world.store.objects if not key.startswith("open/")}
    task_id = finished(world)
    film, segment = (f"webrecord/files/k1/{task_id}/{name}" for name in ("film.mp4", "film_0.ts"))
    for key in (film, segment, "webrecord/files/other/x/film.mp4"):
        films.put(key, b"picture")
    assert remove("k1", "asked", reading(world, films), files=files) is None
    assert others == {key for key in world.store.objects if not key.startswith("open/")}
    kept = {"webrecord/files/other/x/film.mp4"} if files else {film, segment, "webrecord/files/other/x/film.mp4"}
    assert kept == set(films.objects)
    with pytest.raises(NotFound):
        current(world.store, "k1")


def test_a_callers_own_bucket_is_left_alone() -> None:
    """We never had the right."""
    world, films = World(), MemoryFiles()
    task_id = finished(world, StorageParams=CALLER_STORAGE)
    films.put(f"record/video/{task_id}/film.mp4", b"somebody's")
    remove("k1", "asked", reading(world, films), files=True)
    assert [f"record/video/{task_id}/film.mp4"] == list(films.objects)


def test_whatever_it_dies_at_the_same_call_goes_on() -> None:
    """Until the last deletion the request is there, so that a repeat finds the rest."""
    for at in count():
        world, films = World(), MemoryFiles()
        task_id = finished(world)
        films.put(f"webrecord/files/k1/{task_id}/film.mp4", b"picture")
        world.faults = Faults({at: "die"})
        try:
            remove("k1", "asked", reading(world, films), files=True)
        except Died:
            world.faults = Faults()
            assert remove("k1", "asked", reading(world, films), files=True) is None
            assert [] == [key for key in world.store.objects if not key.startswith("open/")], at
            assert {} == films.objects
            continue
        break
    assert at > 10
