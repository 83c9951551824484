"""A job object of which two events tell, as COS delivers at least once: a line is a recording, or it is reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import pytest

from shared.domain import keys
from shared.domain.errors import StoreError
from shared.domain.job_keys import report_key
from shared.store import markers, tombstones
from shared.usecases.jobs import GIVE_UP_MS, run_job
from shared.usecases.ports import Ports
from shared.usecases.tick import tick
from testing.planned import Died, Faults, FaultyRecorder, FaultyStore, Kind
from tests.shared.usecases.test_many_lines import KEY, Jobs, Slow, good, pages

LINES = [*good(2), '{"RecordUrl": "none"}', *good(3)[2:]]
NAMED = [json.dumps({**json.loads(line), "RecordId": f"lesson-{number}"}) for number, line in enumerate(good(2))]


def put(site: Jobs, lines: list[str]) -> None:
    site.jobs.put(KEY, "\n".join(lines).encode())


def event(site: Jobs, ports: Ports) -> bool:
    """Hand over the event; tell whether it need not be handed over again."""
    with suppress(Died, StoreError):
        run_job(site.jobs, "jobs-1", (KEY,), ports)
        return True
    return False


def faulty(site: Jobs, faults: Faults) -> Ports:
    return Ports(FaultyStore(site.store, faults), FaultyRecorder(site.trtc, faults), site.policy, site.clock)


def cleared_away(site: Jobs) -> None:
    """Everything is recording, so the caller deletes the job object; the timer looks at what is left."""
    site.jobs.delete(KEY)
    for minutes in (1, 1, 1, 4, 8):
        site.clock.now += minutes * 60_000
        tick(site.timer, 50)
    assert [] == site.listed("work/")


def reported(site: Jobs) -> list[int]:
    return [problem["line"] for problem in site.report["errors"]] if site.listed(report_key(KEY)) else []


@pytest.mark.parametrize("lines", [LINES[:2], NAMED])
def test_what_a_second_event_finished_is_not_reported(lines: list[str]) -> None:
    """The first one could not store the end of a start, and left the line to the timer; the second one could."""
    for call in range(20):
        site = Jobs()
        put(site, lines)
        if not event(site, faulty(site, Faults({call: "fail"}))):
            assert event(site, site.ports)
        assert [] == site.listed("work/")
        cleared_away(site)
        assert (pages(2), []) == (site.pages, reported(site)), f"failed at {call}"


@pytest.mark.whole
@pytest.mark.parametrize("lines", [LINES, [*LINES, *["{}"] * 20]], ids=["few", "many"])
@pytest.mark.parametrize("kind", ["die", "die_after", "fail", "lose"])
def test_of_two_events_at_once_either_may_fail_anywhere(lines: list[str], kind: Kind) -> None:
    """Whichever call of the first the second falls into, and whichever call of either is the last."""
    calls = next(call for call in count() if not _met(lines, call, Faults(), Faults()))
    assert calls > 10
    for meets in range(calls):
        for faults in (Faults({meets + 1 + struck: kind}) for struck in range(meets % 8, 40, 8)):
            _met(lines, meets, faults, Faults())
            if _is_spared(faults):
                break
        for faults in (Faults({struck: kind}) for struck in range(meets % 8, 40, 8)):
            _met(lines, meets, Faults(), faults)
            if _is_spared(faults):
                break


def _is_spared(faults: Faults) -> bool:
    """Tell whether the call to be struck never came: behind the last one there is nothing new."""
    return faults.calls <= max(faults.plan)


def _met(lines: list[str], meets: int, first: Faults, second: Faults) -> bool:
    """Let the second event come before some call of the first; tell whether there was such a call."""
    site, done = Jobs(), list[bool]()
    put(site, lines)
    first.plan[meets] = "overlap"
    first.overlap = lambda: done.append(event(site, faulty(site, second)))
    ended = event(site, faulty(site, first))
    if not (ended or any(done)):  # the platform tries again
        assert event(site, site.ports)
    met = bool(done)
    cleared_away(site)
    bad = [number for number, line in enumerate(lines, 1) if "example.com" not in line]
    assert (pages(3), bad) == (site.pages, reported(site)), f"met at {meets}: {first.log} {second.log}"
    return met


@pytest.mark.parametrize("lines", [good(2), NAMED])
def test_what_is_left_of_a_deleted_object_is_looked_up(lines: list[str]) -> None:
    """The first event stored what it left after the second one was done: it knows nothing of that."""
    site = Jobs()
    put(site, lines)
    left = dict[str, bytes]()
    for call in count():
        if event(site, faulty(site, Faults({call: "fail"}))):
            break
        left |= {key: site.store.objects[key].body for key in site.listed("work/")}
    assert event(site, site.ports)
    assert left
    for key, body in left.items():
        site.store.put(key, body)
        markers.mark_look(site.store, key.removeprefix("work/").removesuffix(".json"), site.clock())
    cleared_away(site)
    assert (pages(2), []) == (site.pages, reported(site))


@dataclass
class Unlisted(Slow):
    """Takes everything but entries of the index."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if key.startswith("index/"):
            raise StoreError(f"COS PUT {key}")
        self.site.store.put(key, body, metadata)


def test_what_was_accepted_is_not_given_up() -> None:
    """Its request is stored, though no answer ever said so: the timer starts it."""
    site = Jobs()
    put(site, good(30))
    broken = Unlisted(site)
    assert not event(site, replace(site.ports, store=broken))
    site.clock.now += GIVE_UP_MS + 1
    tick(replace(site.timer, store=broken), 50)
    assert (pages(30), [], []) == (site.pages, site.listed("work/"), reported(site))


def test_the_event_again_of_what_is_deleted_reports_nothing() -> None:
    """Its recording was made, and then deleted: the same object asks for nothing more."""
    site = Jobs()
    put(site, good(1))
    assert event(site, site.ports)
    (recording_id,) = {key.split("/")[1] for key in site.listed("recordings/")}
    tombstones.bury(site.store, recording_id, tombstones.Tombstone(at_ms=site.clock()))
    site.store.delete(keys.request_key(recording_id))
    assert event(site, site.ports)
    assert ([], []) == (site.pages, reported(site))


def test_a_host_that_was_allowed_between_two_events_is_not_reported() -> None:
    """The first event was refused a line that the second one was not."""
    site = Jobs()
    put(site, ['{"RecordUrl": "https://other.example.net/"}', *good(30)])
    strict = replace(site.ports, policy=site.policy._replace(allowed_hosts=("example.com",)))
    assert not event(site, replace(strict, store=FaultyStore(site.store, Faults(dict.fromkeys(range(60, 70), "fail")))))
    (work,) = site.listed("work/")
    left, job_id = site.store.objects[work].body, work.removeprefix("work/").removesuffix(".json")
    assert [1] == reported(site)
    assert event(site, site.ports)
    site.store.put(work, left)
    markers.mark_look(site.store, job_id, site.clock())
    cleared_away(site)
    assert [] == reported(site)


def test_the_report_of_what_replaced_an_object_stays() -> None:
    """The timer goes on with the older one, which has nothing to report."""
    site = Jobs()
    put(site, good(600))
    assert site.event().left
    site.jobs.put(KEY, b'{"RecordUrl": "none"}')
    site.event()
    assert [0] == reported(site)
    (work,) = site.listed("work/")
    job = json.loads(site.store.objects[work].body)
    site.store.put(work, json.dumps({**job, "left": [1]}).encode())
    site.finish()
    assert [0] == reported(site)
