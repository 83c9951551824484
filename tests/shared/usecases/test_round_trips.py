"""How many storage calls stand one behind the other, and that nothing in shared/ holds a lock over a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.refusals import refusal
from shared.store.journal import current
from shared.usecases.tick import tick
from testing.callbacks import callback, mp4_stop
from tests.rounds import RoundsStore
from tests.shared.usecases.ticking import HOOK, MINUTE_MS, Site

SHARED = Path(__file__).parents[3] / "shared"
CALLS = {"put", "create", "get", "list", "delete", "delete_many", "at_once", "start", "stop", "describe", "send"}


@pytest.fixture
def site() -> Site:
    """A deployment whose storage calls are counted."""
    return Site(store=RoundsStore())


def rounds(site: Site) -> int:
    """Return how many calls stood one behind the other since the last time."""
    assert isinstance(site.store, RoundsStore)
    found = site.store.rounds
    site.store.taken()
    return found


@pytest.mark.parametrize("key", ["k1", None])
def test_a_start_waits_for_storage_four_times(site: Site, key: str | None) -> None:
    """Besides StartWebRecord, whether the caller names the recording or not."""
    site.start(key)
    assert 4 == rounds(site)


def test_a_start_that_was_made_is_found_in_four_round_trips(site: Site) -> None:
    """A repeated call only reads, and takes its marker away again."""
    site.start()
    markers = site.listed("open/")
    rounds(site)
    site.start()
    assert 4 >= rounds(site)
    assert markers == site.listed("open/")


def test_callbacks_wait_for_storage_four_times(site: Site) -> None:
    """The first one, one that ends the task, and the one by which its receiver is owed a notification."""
    task = site.start(NotifyUrl=HOOK).recording.task_id or ""
    begun = site.clock.now
    told = [
        callback(801, {"Status": 1}, begun, task),
        callback(802, {"Status": 1}, begun + 9_000, task),
        mp4_stop(0, begun + 9_500, start_ms=begun, end_ms=begun + 9_000, task=task),
    ]
    for body in told:
        rounds(site)
        site.receive(body)
        assert 4 >= rounds(site)
    assert current(site.store, "k1").state.final
    assert site.listed("tell/")


def test_a_recording_is_read_in_one_round_trip(site: Site) -> None:
    """Request and document are read at once."""
    site.start()
    rounds(site)
    current(site.store, "k1")
    assert 1 == rounds(site)


def test_an_idle_tick_lists_twice(site: Site) -> None:
    """All queues at once, and at its end once more what became due."""
    site.clock.now += 60_000  # one an hour also clears wakes
    tick(site.timer, 50)
    assert 2 == rounds(site)


def held() -> Iterator[str]:
    """Yield every call out in `shared/` that is made while a lock is held."""
    for path in SHARED.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.With) or "lock" not in ast.unparse(node.items[0].context_expr).lower():
                continue
            for inner in (each for line in node.body for each in ast.walk(line)):
                if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in CALLS:
                    yield f"{path.name}:{inner.lineno}: {ast.unparse(inner)}"


def test_no_lock_is_held_over_a_call() -> None:
    """One that waits for storage, TRTC or a receiver would make everybody wait."""
    assert [] == list(held())


def test_a_thousand_markers_of_one_recording_go_at_once(site: Site) -> None:
    """A caller who repeats a start that waits leaves one each time: no tick deletes them one by one."""
    site.trtc.refusals = [refusal("ResourceInsufficient.RequestRejection", "full", "r") for _ in range(500)]
    for _ in range(1_000):
        site.start()
        site.clock.now += 10
    assert len(site.listed("open/")) > 900
    site.clock.now += MINUTE_MS
    rounds(site)
    site.minutes()
    assert rounds(site) < 60
    assert len(site.listed("open/")) < 5
