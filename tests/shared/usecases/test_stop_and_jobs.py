"""Stopping, and starting from job objects."""

from __future__ import annotations

import json
from itertools import count

import pytest

from shared.domain.errors import NotFound, StoreError, TooLarge
from shared.domain.job_lines import MAX_JOB_LINES, read_job
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.store import journal
from shared.usecases.jobs import run_job
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback
from tests.fakes import Clock
from tests.faults import Faults, FaultyStore
from tests.world import World

URL = "https://example.com/"


class TestStop:
    """POST /recordings/{id}/stop."""

    def test_a_running_task_is_stopped(self) -> None:
        """TRTC is asked, and the request is a fact with its reason."""
        world = World()
        world.start()
        recording = stop("k1", "asked by ops", world.ports)
        assert State.STOPPING is recording.state
        assert {} == world.trtc.recording
        assert any("-stop_requested-" in key for key in world.listed("recordings/k1/facts/"))

    def test_a_task_that_the_listing_does_not_name_yet_is_stopped(self) -> None:
        """Right after its start, too, where listings are behind."""
        clock = Clock()
        world = World(store=Bucket(clock=clock, late_ms=90_000), clock=clock)
        world.start()
        assert State.STOPPING is stop("k1", "asked by ops", world.ports).state
        assert {} == world.trtc.recording

    def test_stopping_twice_does_no_harm(self) -> None:
        """The second finds the task gone, which is what was asked for."""
        world = World()
        world.start()
        assert stop("k1", "a", world.ports).state is stop("k1", "b", world.ports).state

    def test_stopping_over_and_over_leaves_no_more_than_once(self) -> None:
        """Facts and markers are read by every callback and tick: a caller who polls by stopping makes none of them."""
        world = World()
        world.start()
        stop("k1", "asked by ops", world.ports)
        left = world.listed()
        for _ in range(20):
            world.clock.now += 500
            assert State.STOPPING is stop("k1", "asked by ops", world.ports).state
        assert left == world.listed()

    def test_a_queued_recording_is_given_up(self) -> None:
        """What has not started never will."""
        world = World()
        world.trtc.refusals.append(refusal("ResourceInsufficient.RequestRejection", "full", "r"))
        world.start()
        recording = stop("k1", "asked by ops", world.ports)
        assert (State.CANCELLED, "stopped before it started: asked by ops") == (recording.state, recording.reason)

    def test_of_a_stop_and_a_callback_at_once_neither_is_lost(self) -> None:
        """Whichever call of the stop the callback falls into: the document holds both."""
        calls = next(call for call in count() if not self._met(call))
        assert calls > 5

    def _met(self, call: int) -> bool:
        """Receive the first callback before some call of a stop; tell whether there was such a call."""
        world, met = World(), []
        body = callback(801, {"Status": 1, "EventMessage": "Success"}, 5_000, world.start().recording.task_id or "")
        world.faults.plan = {world.faults.calls + call: "overlap"}
        world.faults.overlap = lambda: met.append(world.receive(body))
        stop("k1", "asked by ops", world.ports)
        if met:
            known = journal.find(world.store, "k1")
            assert known.documented == known.evidence, f"before call {call}"
            assert known.evidence.tasks
        return bool(met)

    def test_an_unknown_id_is_not_found(self) -> None:
        """Nothing is written for it."""
        world = World()
        with pytest.raises(NotFound):
            stop("nope", "a", world.ports)
        assert [] == world.listed()


def run(world: World, body: bytes, key: str = "jobs/a.json") -> tuple[int, list[dict[str, object]]]:
    """Put a job object and run it; return how many recordings it names and its problems."""
    world.store.put(f"../{key}", body)
    result = run_job(FaultyStore(world.store, Faults()), "b-1", [f"../{key}"], world.ports)
    return len(result.outcomes), result.problems


class TestJobs:
    """COS job objects."""

    def test_one_document_is_one_recording(self) -> None:
        """Pretty-printed JSON too."""
        world = World()
        assert (1, []) == run(world, json.dumps({"RecordUrl": URL}, indent=2).encode())
        assert 1 == len(world.trtc.started)

    def test_json_lines_are_many(self) -> None:
        """One recording a line; empty lines and a byte order mark do not matter."""
        world = World()
        lines = [json.dumps({"record_url": f"{URL}{n}"}) for n in range(3)]
        assert (3, []) == run(world, b"\xef\xbb\xbf" + "\n\n".join(lines).encode() + b"\n")
        assert [f"{URL}{n}" for n in range(3)] == [sent["RecordUrl"] for sent in world.trtc.started]

    def test_the_same_event_again_starts_nothing(self) -> None:
        """COS delivers at least once; bucket, key and ETag are the identity."""
        world = World()
        body = json.dumps({"RecordUrl": URL}).encode()
        for _ in range(3):
            assert (1, []) == run(world, body)
        assert 1 == len(world.trtc.started)

    def test_a_changed_object_is_another_job(self) -> None:
        """Another ETag, another recording."""
        world = World()
        run(world, json.dumps({"RecordUrl": URL}).encode())
        run(world, json.dumps({"RecordUrl": URL + "2"}).encode())
        assert 2 == len(world.trtc.started)

    def test_a_bad_line_does_not_stop_the_others(self) -> None:
        """Each problem is reported with its line and path next to the results; the rest starts."""
        world = World()
        lines = [
            json.dumps({"RecordUrl": URL}),
            json.dumps({"RecordUrl": URL, "ReadyTimeout": 61, "Colour": 1}),
            '{"RecordUrl": "http://localhost/"}',
        ]
        started, problems = run(world, "\n".join(lines).encode())
        assert 1 == started
        assert [(2, "InvalidRequest"), (3, "PageNotAllowed")] == [(p["line"], p["error"]) for p in problems]
        report = json.loads(world.store.objects["../jobs/a.json.error.json"].body)
        assert ["ReadyTimeout", "Colour"] == [field["path"] for field in report["errors"][0]["fields"]]

    def test_a_report_about_another_buckets_object_stays(self) -> None:
        """Two buckets may have jobs under one name: one that is right takes away its own report alone."""
        world, key = World(), "jobs/a.json"
        buckets = {name: Bucket() for name in ("one-1250000000", "two-1250000000")}

        def put(name: str, body: bytes) -> list[str]:
            buckets[name].put(key, body)
            run_job(buckets[name], name, [key], world.ports)
            return world.listed("jobs/")

        right = json.dumps({"RecordUrl": URL}).encode()
        assert [f"{key}.error.json"] == put("one-1250000000", b"{")
        assert [f"{key}.error.json"] == put("two-1250000000", right)
        assert [] == put("one-1250000000", right)
        world.store.put(f"{key}.error.json", b"no report")
        assert [] == put("one-1250000000", right + b" ")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"{}"])
    def test_what_is_no_job_is_reported(self, body: bytes) -> None:
        """Not JSON, not an object, without a page: a report, no exception, no recording."""
        world = World()
        started, problems = run(world, body)
        assert (0, 1) == (started, len(problems))
        assert "../jobs/a.json.error.json" in world.listed()

    def test_a_deleted_object_asks_for_nothing(self) -> None:
        """The object is gone before the event came: nothing to do, nothing to report."""
        world = World()
        assert 0 == len(run_job(world.store, "b-1", ["jobs/gone.json"], world.ports).outcomes)

    def test_a_storage_failure_is_raised_after_the_other_lines(self) -> None:
        """What a retry can mend is raised, so that SCF retries; the retry starts only what is missing."""
        world = World()
        body = "\n".join(json.dumps({"RecordUrl": f"{URL}{n}"}) for n in range(3)).encode()
        world.faults.plan = {1: "fail"}
        with pytest.raises(StoreError):
            run(world, body)
        assert 2 == len(world.trtc.started)
        assert (3, []) == run(world, body)
        assert 3 == len(world.trtc.started)

    def test_too_many_lines_are_refused_whole(self) -> None:
        """A limit that is said beats a function that times out half-way."""
        with pytest.raises(TooLarge, match=str(MAX_JOB_LINES)):
            list(read_job(b"{}\n" * (MAX_JOB_LINES + 1)))
