"""Receiving callbacks: authenticity first, then the raw bytes, then what is derived."""

from __future__ import annotations

import json
from itertools import count, permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.callbacks import parse_callback
from shared.domain.errors import NotStored, StoreError, Unauthorized
from shared.domain.keys import marked
from shared.domain.next_step import settles_ms
from shared.domain.states import State
from shared.store import journal, writer
from shared.store.journal import current
from testing.callbacks import TASK, callback, mp4_stop, signed
from tests.anything import json_values
from tests.faults import Died, Kind
from tests.world import World

T = 1_800_000_000_000
BEGAN = {"Status": 1, "EventMessage": "Success"}


def started() -> tuple[World, str]:
    world = World()
    task_id = world.start().recording.task_id
    assert task_id is not None
    world.faults.calls, world.faults.log = 0, []
    return world, task_id


def test_the_raw_bytes_are_stored_first_and_as_they_came() -> None:
    """The fact is byte for byte what TRTC sent, with its signature and the time it came."""
    world, task_id = started()
    body = callback(801, BEGAN, T + 5_000, task_id)
    world.receive(body)
    assert world.faults.log[0].startswith("create tasks/")
    (key,) = world.listed("tasks/Task~2B0~2Fk1-1~3D/facts/")
    stored = world.store.objects[key]
    assert body == stored.body
    assert {"received-ms": str(world.clock()), "sign": signed(body)["Sign"]} == stored.metadata


def test_the_document_follows() -> None:
    """Started, ended, uploaded: recording.json says so each time, with the file."""
    world, task_id = started()
    for body, state in (
        (callback(801, BEGAN, T + 5_000, task_id), State.RECORDING),
        (callback(802, {"Status": 1}, T + 9_000, task_id), State.UPLOADING),
        (mp4_stop(0, T + 9_500, "a.mp4", T + 5_000, T + 9_000, task_id), State.COMPLETED),
    ):
        received = world.receive(body)
        assert received.recording is not None
        assert state is received.recording.state
        document = json.loads(world.store.objects["recordings/k1/recording.json"].body)
        assert state.value == document["state"]
    assert f"webrecord/files/k1/{task_id}/a.mp4" == document["files"][0]["key"]
    assert 4_000 == document["duration_ms"]


def test_a_resend_is_the_same_fact() -> None:
    """Another CallbackTs makes another body, but not another fact."""
    world, task_id = started()
    for sent_ms in (5_005, 5_105, 15_105):
        world.receive(callback(801, BEGAN, T + 5_000, task_id, T + sent_ms))
    assert 1 == len(world.listed("tasks/Task~2B0~2Fk1-1~3D/facts/"))


def test_a_resend_leaves_the_first_receipt() -> None:
    """When a callback came first, and as what bytes, stays stored."""
    world, task_id = started()
    first = callback(801, BEGAN, T + 5_000, task_id, T + 5_005)
    came_ms = world.clock()
    world.receive(first)
    world.clock.now += 9_000
    world.receive(callback(801, BEGAN, T + 5_000, task_id, T + 14_005))
    (key,) = world.listed("tasks/Task~2B0~2Fk1-1~3D/facts/")
    assert (first, str(came_ms)) == (world.store.objects[key].body, world.store.objects[key].metadata["received-ms"])


@pytest.mark.parametrize("ahead_ms", [60_001, 3_600_000, 86_000_000, 86_400_000])
def test_an_end_that_lies_ahead_is_when_it_came(ahead_ms: int) -> None:
    """No callback is from the future: its recording ended when it was told, and its last looks are made from then."""
    world, task_id = started()
    world.receive(callback(801, BEGAN, T + 5_000, task_id))
    world.clock.now = T + 600_000
    received = world.receive(callback(802, {"Status": 1}, T + 600_000 + ahead_ms, task_id)).recording
    assert received is not None
    assert (State.UPLOADING, T + 600_000) == (received.state, received.ended_ms)
    known = journal.find(world.store, "k1")
    assert settles_ms(known.evidence, world.clock()) < T + 1_200_000


def test_a_resend_of_what_lies_ahead_says_the_same() -> None:
    """The end of a resend whose first sending was stored and not acknowledged is when that came: a replay agrees."""
    world, task_id = started()
    body = callback(804, {"Status": 1}, T + 7_200_000, task_id)
    world.faults.plan = {1: "fail"}
    with pytest.raises(NotStored):
        world.receive(body)
    came_ms, world.clock.now = world.clock(), world.clock() + 10_000
    world.receive(body)
    before = world.store.objects["recordings/k1/recording.json"].body
    assert came_ms == current(world.store, "k1").ended_ms
    writer.rebuild(world.store, "k1", world.clock())
    assert before == world.store.objects["recordings/k1/recording.json"].body


def test_two_sendings_at_once_of_what_lies_ahead_say_the_same_to_a_replay() -> None:
    """Storing is not atomic: each sending is stored as of when it came, and the earlier one counts."""
    world, task_id = started()
    world.clock.now += 60_000
    came_ms = world.clock()
    for _ in range(2):
        world.receive(callback(802, {"Status": 1}, T + 7_200_000, task_id))
        world.store.versioned = True  # the second one is not refused
        world.clock.now += 1_000
    before = world.store.objects["recordings/k1/recording.json"].body
    assert came_ms == current(world.store, "k1").ended_ms
    writer.rebuild(world.store, "k1", world.clock())
    assert before == world.store.objects["recordings/k1/recording.json"].body


def test_a_suffixed_task_id_is_the_same_task() -> None:
    """Event 310 names the task with `_StartTimeMs_…` behind it."""
    world, task_id = started()
    world.receive(mp4_stop(0, T + 9_500, task=task_id))
    assert ["Task~2B0~2Fk1-1~3D"] == sorted({key.split("/")[1] for key in world.listed("tasks/")})


@pytest.mark.parametrize(
    "replaced",
    [
        {"signature": None},
        {"signature": ""},
        {"signature": "not base64!"},
        {"keys": [SecretStr("another")]},
        {"keys": []},
        {"sdk_app_id": None},
        {"sdk_app_id": "1"},
    ],
    ids=str,
)
def test_what_is_not_from_trtc_is_refused_and_not_stored(replaced: dict[str, object]) -> None:
    """No signature, a wrong one, no key, another SdkAppId: unauthorized, and nothing is written."""
    world, task_id = started()
    with pytest.raises(Unauthorized):
        world.receive(callback(801, BEGAN, T + 5_000, task_id), **replaced)
    assert [] == world.faults.log


def test_a_changed_byte_is_refused() -> None:
    """The signature covers every byte."""
    world, task_id = started()
    body = callback(801, BEGAN, T + 5_000, task_id)
    with pytest.raises(Unauthorized):
        world.receive(body.replace(b"Success", b"success"), signature=signed(body)["Sign"])


def test_a_huge_body_is_kept() -> None:
    """Five megabytes that TRTC signed are a fact like any other."""
    world, task_id = started()
    body = callback(801, {**BEGAN, "Filler": "x" * 5_000_000}, T + 5_000, task_id)
    received = world.receive(body)
    assert received.recording is not None
    assert State.RECORDING is received.recording.state


@given(st.binary(max_size=200))
def test_whatever_is_signed_is_kept(body: bytes) -> None:
    """Not JSON, not UTF-8, not an object: stored byte for byte, acknowledged, and no error."""
    world = World()
    world.receive(body)
    (stored,) = world.store.objects.values()
    assert body == stored.body


@pytest.mark.parametrize("event_type", [103, 204, 899, 1101])
def test_unknown_types_are_kept(event_type: int) -> None:
    """Types and groups that no document names are facts, and change no state."""
    world, task_id = started()
    received = world.receive(callback(event_type, {"New": [1]}, T + 5_000, task_id))
    assert not received.callback.known
    assert 1 == len(world.listed("tasks/Task~2B0~2Fk1-1~3D/facts/"))
    assert State.STARTING is current(world.store, "k1").state


def test_without_a_durable_fact_there_is_no_acknowledgement() -> None:
    """The PUT of the raw bytes fails: the error goes up, so that TRTC sends again."""
    world, task_id = started()
    world.faults.plan = {0: "fail"}
    with pytest.raises(StoreError):
        world.receive(callback(801, BEGAN, T + 5_000, task_id))


@pytest.mark.parametrize("at", range(2, 5))
def test_once_durable_it_is_acknowledged_whatever_storage_does_next(at: int) -> None:
    """A failure behind the PUT of the raw bytes leaves the document behind, says so, and marks it for reconcile."""
    world, task_id = started()
    world.faults.plan = {at: "fail"}
    received = world.receive(callback(801, BEGAN, T + 5_000, task_id))
    assert received.left is not None
    assert 1 == len(world.listed("tasks/Task~2B0~2Fk1-1~3D/facts/"))
    assert (world.clock(), "k1") in [marked(key) for key in world.listed("open/")]


def test_what_reconcile_could_not_find_is_not_acknowledged() -> None:
    """Stored, but neither the document nor a marker could be written: TRTC sends again, which does no harm."""
    world, task_id = started()
    body = callback(801, BEGAN, T + 5_000, task_id)
    world.faults.plan = {1: "fail"}
    with pytest.raises(NotStored):
        world.receive(body)
    again = world.receive(body).recording
    assert again is not None
    assert State.RECORDING is again.state


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("at", range(8))
def test_the_last_callback_completes_a_document_that_lacks_one(at: int, kind: Kind) -> None:
    """Wherever one callback breaks off, its resend and the final callback complete the document."""
    world, task_id = started()
    bodies = [
        callback(801, BEGAN, T + 5_000, task_id),
        callback(802, {"Status": 1}, T + 9_000, task_id),
        mp4_stop(0, T + 9_500, "a.mp4", T + 5_000, T + 9_000, task_id),
    ]
    world.faults.plan = {at: kind}
    for body in bodies:
        try:
            world.receive(body)
        except (Died, StoreError):  # noqa: PERF203 (each callback by itself)
            world.receive(body)
    recording = current(world.store, "k1")
    assert State.COMPLETED is recording.state
    assert (T + 5_000, T + 9_000) == (recording.started_ms, recording.ended_ms)


@pytest.mark.parametrize("minutes", [0, 14, 60])
def test_the_next_callback_completes_a_document_that_lost_a_write(minutes: int) -> None:
    """A fact that was stored without its document is found by the next writer."""
    world, task_id = started()
    world.receive(callback(801, BEGAN, T + 5_000, task_id))
    lost = callback(803, {"Status": 2}, T + 7_000, task_id)
    world.faults.calls, world.faults.plan = 0, {1: "die"}
    with pytest.raises(Died):
        world.receive(lost)
    name = parse_callback(lost).name
    assert name not in current(world.store, "k1").evidence.facts
    world.receive(callback(802, {"Status": 1}, T + 7_000 + minutes * 60_000, task_id))
    assert name in current(world.store, "k1").evidence.facts


LAST = {
    "end": callback(802, {"Status": 1}, T + 9_000),
    "began uploading": callback(303, {"Status": 0}, T + 9_010),
    "named": callback(304, {"FileList": "a.m3u8"}, T + 9_020),
    "piece": callback(307, {"FileName": "a_0.ts"}, T + 9_015),
    "uploaded": callback(305, {"LeaveCode": 0}, T + 9_030),
}


@pytest.mark.parametrize(("one", "other"), list(permutations(LAST, 2)))
def test_of_two_callbacks_at_once_neither_is_lost(one: str, other: str) -> None:
    """Whichever call of the one the other falls into: the document holds both, and all that came before."""
    calls = next(call for call in count() if not _met(one, other, call))
    assert calls > 5


def _met(one: str, other: str, call: int) -> bool:
    """Receive the end of a task, one callback before some call of another; tell whether there was such a call."""
    world, task_id = started()
    bodies = {name: body.replace(TASK.encode(), task_id.encode()) for name, body in LAST.items()}
    for name in LAST.keys() - {one, other}:
        world.receive(bodies[name])
    met = []
    world.faults.calls, world.faults.plan = 0, {call: "overlap"}
    world.faults.overlap = lambda: met.append(world.receive(bodies[other]))
    world.receive(bodies[one])
    if not met:
        world.receive(bodies[other])
    assert State.COMPLETED is current(world.store, "k1").state, f"{other} before call {call}"
    known = journal.find(world.store, "k1")
    assert known.documented == known.evidence
    return bool(met)


@given(
    json_values(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))),
    st.sampled_from([303, 304, 305, 307, 310, 311, 312, 401, 801, 802, 803, 804, 899, "x"]),
)
def test_any_payload_is_kept_and_leaves_the_document_readable(payload: object, kind: object) -> None:
    """Whatever stands in the event's payload: its bytes are stored, and the recording is there as before."""
    world, task_id = started()
    info = {"EventMsTs": T + 5_000, "TaskId": task_id, "Payload": payload}
    body = json.dumps({"EventGroupId": 3, "EventType": kind, "EventInfo": info}).encode()
    assert world.receive(body).left is None
    assert body in [world.store.objects[key].body for key in world.listed("tasks/")]
    known = journal.find(world.store, "k1")
    assert known.documented == known.evidence
    assert parse_callback(body).name in known.evidence.facts
