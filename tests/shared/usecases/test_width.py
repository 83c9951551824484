"""How many starts go out at once: more as long as TRTC takes them, so that many are soon made; few where it is full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

from shared.domain.request import RecordingRequest
from shared.usecases.start import start
from shared.usecases.tick import tick
from testing.trtc import Trtc
from tests.shared.usecases.ticking import MINUTE_MS, Site
from tests.world import POLICY

PAGE = {"RecordUrl": "https://example.com/"}


def queued(count: int, site: Site | None = None) -> Site:
    """Have so many starts wait, of which none was tried."""
    site = site or Site()
    for number in range(count):
        request = RecordingRequest.model_validate(PAGE)
        start(request, f"n{number:02}", "test", site.ports, later=True)
    return site


def widths(site: Site) -> list[int]:
    """Run a tick; return how many starts went out at once each time there were several."""
    seen: list[int] = []

    def many(do: Callable[[str], Any], items: Iterable[str]) -> list[Any]:
        together = list(items)
        if all(item.startswith("due/") for item in together):
            seen.append(len(together))
        return [do(item) for item in together]

    tick(replace(site.timer, many=many), 50)
    return seen


def test_twice_as_many_each_time_up_to_eight() -> None:
    """TRTC takes them all: the first goes alone, for TRTC may be full."""
    site = queued(23)
    assert ([2, 4, 8, 8], 23) == (widths(site), len(site.trtc.recording))


def test_a_full_trtc_is_tried_once() -> None:
    """Each that is refused waits half a minute, and could miss a place."""
    alone = POLICY._replace(sdk_app_ids=POLICY.sdk_app_ids[:1])  # another application may have a place
    site = queued(20, Site(trtc=Trtc(quota=0), policy=alone))
    assert [] == widths(site)
    assert 1 == sum(bool(site.recording(f"n{number:02}").evidence.attempts) for number in range(20))


def test_they_begin_in_order() -> None:
    """The oldest first."""
    site = queued(12)
    widths(site)
    assert [f"n{number:02}" for number in range(12)] == [task_id.split("/")[1][:3] for task_id in site.trtc.recording]


def test_starts_at_once_are_counted_each() -> None:
    """By threads that are all on their way together."""
    site = queued(15)

    def many(do: Callable[[str], Any], items: Iterable[str]) -> list[Any]:
        together = list(items)
        meeting = Barrier(len(together))
        threads = [Thread(target=lambda item=item: (meeting.wait(), do(item))) for item in together]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return []

    assert 15 == tick(replace(site.timer, many=many), 50).started
    site.clock.now += MINUTE_MS
    assert 0 == site.tick().started
