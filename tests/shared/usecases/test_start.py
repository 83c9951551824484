"""Starting: once, whatever happens on the way; and what the caller is told."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import Any, get_args

import pytest

from shared.domain import ids, keys
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    PageNotAllowed,
    ParametersRefused,
    RecorderMisconfigured,
    StoreError,
    WebRecordError,
)
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.store import journal
from shared.store.journal import current
from shared.usecases.attempt import Outcome
from testing.bucket import Bucket
from testing.callbacks import callback
from tests.fakes import Clock
from tests.faults import Died, Faults, Kind
from tests.shared.usecases.ticking import Site
from tests.world import CALLER_STORAGE, UPLOAD_KEY, World

BUSY = refusal("ResourceInsufficient.RequestRejection", "full", "req-9")


def test_a_start_is_durable_before_and_after_the_call() -> None:
    """The writes are those of the design, in its order."""
    world = World()
    outcome = world.start()
    assert (True, State.STARTING) == (outcome.created, outcome.recording.state)
    steps = [entry.split("-")[1] if ".json" in entry and "/facts/" in entry else entry for entry in world.faults.log]
    steps = [step.split("/")[0] for step in steps]
    assert [
        "get recordings",  # is the id in use?
        "get gone",  # or was it?
        "get recordings",  # or has its request gone, and its document is there?
        "create open",  # the claim
        "create recordings",
        "attempt",
        "get gone",  # has it been deleted between the first two?
        "StartWebRecord",
        "accepted",
        "put tasks",
        "put index",
        "create recordings",  # the document
        "list tasks",  # has a callback been there at the same time? a stop would see the document, or have one
    ] == steps


def test_trtc_gets_the_whole_request() -> None:
    """Target and keys are filled in from settings; the RecordId is the id and the attempt."""
    world = World()
    world.start(key="class-7", MaxDurationLimit=7200, format="hls", ReadyTimeout=30)
    (sent,) = world.trtc.started
    assert "class-7-1" == sent["RecordId"]
    assert 7200 == sent["MaxDurationLimit"]
    assert 30 == sent["ReadyTimeout"]
    storage = sent["StorageParams"]["CloudStorage"]
    assert ("webrecord-1250000000", UPLOAD_KEY) == (storage["Bucket"], storage["SecretKey"])
    assert ["webrecord", "files", "class-7"] == storage["FileNamePrefix"]
    assert {"Width": 1280, "Height": 720, "Format": "hls", "MaxMediaFileDuration": 1440} == sent["WebRecordVideoParams"]


def test_no_key_is_ever_stored() -> None:
    """Neither our upload key nor the caller's is in any object."""
    world = World()
    world.start()
    world.start(key="k2", StorageParams=CALLER_STORAGE)
    assert "caller-secret-key" == world.trtc.started[1]["StorageParams"]["CloudStorage"]["SecretKey"]
    for secret in (UPLOAD_KEY, "AKIDupload", "caller-secret-key", "AKIDcaller"):
        assert secret.encode() not in world.everything()


def test_the_same_key_starts_one_task_and_gives_the_same_answer() -> None:
    """A repeated call is answered with the recording of the first."""
    world = World()
    first, second = world.start(), world.start()
    assert (True, False) == (first.created, second.created)
    assert first.recording.task_id == second.recording.task_id
    assert 1 == len(world.trtc.started)


def test_the_same_key_with_another_request_is_a_conflict() -> None:
    """The first recording is untouched."""
    world = World()
    first = world.start()
    with pytest.raises(Conflict, match="k1"):
        world.start(url="https://example.com/other")
    assert first.recording == current(world.store, "k1")


def test_without_a_key_every_call_is_a_separate_recording() -> None:
    """Ids of ours differ and sort by time."""
    world = World()
    ids = [world.start(key=None).recording.recording_id for _ in range(3)]
    assert sorted(set(ids)) == ids


def test_a_long_key_still_names_one_recording() -> None:
    """A UUID does not fit TRTC's RecordId; it is accepted all the same, and means the same each time."""
    world = World()
    key = "123e4567-e89b-12d3-a456-426614174000"
    first, second = world.start(key=key), world.start(key=key)
    assert first.recording.recording_id == second.recording.recording_id
    assert len(world.trtc.started[0]["RecordId"].encode()) < 32


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"url": "https://10.0.0.1/"}, PageNotAllowed),
        ({"SdkAppId": 99}, InvalidRequest),
        ({"MaxDurationLimit": 36_001}, InvalidRequest),
    ],
)
def test_what_is_refused_leaves_nothing(fields: dict[str, object], error: type[WebRecordError]) -> None:
    """Our own refusals store nothing and call nobody."""
    world = World()
    with pytest.raises(error):
        world.start(**fields)  # type: ignore[arg-type]  # fields of a request, and its url
    assert ([], []) == (world.listed(), world.trtc.started)


def test_missing_upload_keys_are_said_before_anything_is_stored() -> None:
    """A deployment without upload keys still records to VOD and to callers' buckets."""
    world = World()
    world.policy = world.policy._replace(upload_keys=None)
    with pytest.raises(ConfigurationError, match="WEBRECORD_STORAGE_SECRET_ID"):
        world.start()
    assert [] == world.listed()
    assert State.STARTING is world.start(storage="vod").recording.state
    assert State.STARTING is world.start(key="k2", StorageParams=CALLER_STORAGE).recording.state


@pytest.mark.parametrize(
    ("code", "error"),
    [("InvalidParameterValue.RecordUrl", ParametersRefused), ("FailedOperation.NotAbility", RecorderMisconfigured)],
)
def test_a_final_refusal_is_told_kept_and_told_again(code: str, error: type[WebRecordError]) -> None:
    """The recording is failed with TRTC's words; repeating the call does not call TRTC again."""
    world = World()
    world.trtc.refusals.append(refusal(code, "words", "req-1"))
    for _ in range(2):
        with pytest.raises(error, match=f"{code}: words"):
            world.start()
    recording = current(world.store, "k1")
    assert (State.FAILED, f"{code}: words") == (recording.state, recording.reason)
    assert [] == world.trtc.started


def test_a_full_quota_queues() -> None:
    """What TRTC can't take now is accepted: durable, marked as due, state queued with the reason."""
    world = World()
    world.trtc.refusals.append(BUSY)
    outcome = world.start()
    assert State.QUEUED is outcome.recording.state
    assert "ResourceInsufficient.RequestRejection: full" == outcome.recording.reason
    assert 1 == len(world.listed("due/"))
    assert {"k1"} == {keys.marked(key)[1] for key in world.listed("open/")}


def test_a_repeated_call_knows_what_the_listing_does_not_name_yet() -> None:
    """A refused attempt is not made again under its RecordId, while the timer goes on to the next one."""
    clock = Clock()
    world = World(store=Bucket(clock=clock, late_ms=90_000), clock=clock)
    world.trtc.refusals.append(BUSY)
    outcomes = [world.start(), world.start()]
    assert [State.QUEUED] * 2 == [outcome.recording.state for outcome in outcomes]
    assert [] == world.trtc.started


def test_callers_keys_cannot_wait() -> None:
    """With the caller's storage a busy TRTC is an error that says when to retry; the retry is the next attempt."""
    world = World()
    world.trtc.refusals.append(BUSY)
    with pytest.raises(CallerMustRetry, match="Idempotency-Key k1") as refused:
        world.start(StorageParams=CALLER_STORAGE)
    assert State.FAILED is current(world.store, "k1").state
    with pytest.raises(CallerMustRetry, match="full"):
        world.start(StorageParams=CALLER_STORAGE)
    assert [] == world.trtc.started, "a call that came before may still get its task"
    world.clock.now += refused.value.after_s * 1000
    outcome = world.start(StorageParams=CALLER_STORAGE)
    assert (True, State.STARTING) == (outcome.created, outcome.recording.state)
    assert ["k1-2"] == [sent["RecordId"] for sent in world.trtc.started]


def test_of_two_callers_with_keys_of_their_own_one_gets_the_other_ones_task() -> None:
    """Refused while another call under the same key was not: whatever is listed, TRTC is asked before the next try."""
    clock = Clock()
    world = World(store=Bucket(clock=clock, late_ms=90_000), clock=clock)
    others: list[Outcome] = []
    world.trtc.refusals.append(BUSY)
    world.faults.plan = {8: "overlap"}
    world.faults.overlap = lambda: others.append(world.start(StorageParams=CALLER_STORAGE))
    with pytest.raises(CallerMustRetry) as refused:
        world.start(StorageParams=CALLER_STORAGE)
    world.clock.now += refused.value.after_s * 1000
    outcome = world.start(StorageParams=CALLER_STORAGE)
    (other,) = others
    assert (False, other.recording.task_id) == (outcome.created, outcome.recording.task_id)
    assert 1 == len(world.trtc.started)


def test_a_callback_may_overtake_the_start() -> None:
    """Events that came before the task was linked are in the document when the start returns."""
    world = World()
    task_id = "Task+0/k1-1="
    left = world.receive(callback(801, {"Status": 1, "EventMessage": "Success"}, 5_000, task_id))
    assert left.recording is None
    assert State.RECORDING is world.start().recording.state


def test_of_a_start_and_a_callback_at_once_neither_is_lost() -> None:
    """Whichever call of the start the callback falls into: the document holds both."""
    calls = next(call for call in count() if not _met(call))
    assert calls > 10


def _met(call: int) -> bool:
    """Receive the task's first callback before some call of its start; tell whether there was such a call."""
    world, met = World(), []
    body = callback(801, {"Status": 1, "EventMessage": "Success"}, 5_000, "Task+0/k1-1=")
    world.faults.plan = {call: "overlap"}
    world.faults.overlap = lambda: met.append(world.receive(body))
    assert "Task+0/k1-1=" == world.start().recording.task_id
    if met:
        assert State.RECORDING is current(world.store, "k1").state, f"before call {call}"
        known = journal.find(world.store, "k1")
        assert known.documented == known.evidence
    return bool(met)


def test_two_callers_at_once_get_one_task() -> None:
    """Both pass the look for the id before either has written: TRTC's RecordId arbitrates."""
    world, other = World(), World()
    other.store, other.trtc = world.store, world.trtc
    first = world.start()
    # The second caller read "no such id" before the first wrote it, on a bucket that ignores create-only.
    late = {
        key: item for key, item in world.store.objects.items() if not key.endswith(("request.json", "recording.json"))
    }
    world.store.objects.clear()
    world.store.objects.update(late)
    second = other.start()
    assert first.recording.task_id == second.recording.task_id
    assert 1 == len(world.trtc.started)


CALLS_OF_A_START = 13


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("at", range(CALLS_OF_A_START))
def test_wherever_a_start_breaks_off_the_same_key_finishes_it(at: int, kind: Kind) -> None:
    """A crash, failure or lost reply at any call: a retry gives one task, linked, with its document."""
    world = World()
    world.faults.plan = {at: kind}
    with suppress(Died, StoreError):
        world.start()
    markers = world.listed("open/")
    assert markers or not world.trtc.started, "nothing records without a marker"
    world.faults.plan = {}
    outcome = world.start()
    assert 1 >= len(world.trtc.started)
    if outcome.recording.state is State.QUEUED:  # the reply was lost and the timer will ask TRTC again
        assert world.listed("due/")
        return
    assert 1 == len(world.trtc.started)
    assert outcome.recording.task_id in world.trtc.recording
    assert world.store.get(keys.pointer_key(ids.task_key_of(outcome.recording.task_id or ""))) is not None
    assert current(world.store, "k1").state is outcome.recording.state


def test_a_start_makes_as_many_calls_as_the_faults_are_tried_at() -> None:
    """The test above leaves no call out."""
    world = World()
    world.start()
    assert CALLS_OF_A_START == world.faults.calls


@pytest.mark.parametrize("key", ["k1", None])
@pytest.mark.parametrize("kind", ["fail", "lose"])
def test_a_failure_of_storage_says_what_was_started(key: str | None, kind: Kind) -> None:
    """Whichever call fails: whether TRTC was asked, whether anything is stored; the repeat it names makes one task."""
    said = []
    for call in count():
        world = World(faults=Faults({call: kind}))
        try:
            world.start(key)
        except StoreError as error:
            said.append(meaning := error.meaning)
        else:
            if world.faults.calls <= call:
                break
            continue
        recording_id = key or meaning.partition("Idempotency-Key ")[2].partition(":")[0]
        assert bool(world.trtc.started) == meaning.startswith("TRTC was asked"), f"call {call}: {meaning}"
        if meaning.startswith("nothing was started"):
            assert not [stored for stored in world.listed() if stored.endswith("request.json")]
        world.faults.plan = {}
        world.start(recording_id)
        assert 1 == len(world.trtc.started), f"call {call}"
    for beginning in ("nothing was started", "it was accepted", "TRTC was asked"):
        assert [meaning for meaning in said if meaning.startswith(beginning)]


def test_another_request_with_the_same_key_names_the_fields_that_differ() -> None:
    """Names of fields, inside of others too, and what to do; no value, and no key of the caller's."""
    world = World()
    own: dict[str, Any] = {"StorageParams": CALLER_STORAGE}
    world.start(labels={"room": "a", "team": "x"}, **own)
    bucket = {**CALLER_STORAGE["CloudStorage"], "SecretKey": "s3cr3t", "Bucket": "b-1"}
    changed: dict[str, Any] = {"StorageParams": {"CloudStorage": bucket}}
    with pytest.raises(Conflict) as error:
        world.start(url="https://example.com/other?ticket=t0k3n", labels={"room": "b", "team": "x"}, **changed)
    told = str(error.value)
    assert "(it differs in Labels.room, RecordUrl, StorageParams.CloudStorage.Bucket)" in told
    assert "use another Idempotency-Key" in told
    assert not [value for value in ("s3cr3t", "t0k3n", "b-1") if value in told]
    with pytest.raises(Conflict, match="and more"):
        world.start(url="https://example.com/2", labels={str(n): "b" for n in range(8)}, **own)


@pytest.mark.parametrize(
    "code", ["ResourceNotFound.Template", "FailedOperation.TaskNotExist", "FailedOperation.TaskFinished"]
)
def test_a_refused_start_is_one_also_where_its_code_is_that_of_a_task_that_is_gone(code: str) -> None:
    """The caller hears that it failed, and it does not start behind his back; a start that waits says why it does."""
    world = World()
    world.trtc.refusals = [refusal(code, "no such thing", "r")]
    with pytest.raises(RecorderMisconfigured, match="no such thing"):
        world.start()
    assert State.FAILED is current(world.store, "k1").state
    site = Site()
    site.trtc.refusals = [refusal(code, "no such thing", "r") for _ in range(40)]
    site.start(StartAt=site.clock.now / 1000 + 60)
    site.minutes(5)
    told = site.recording()
    assert (State.QUEUED, f"{code}: no such thing") == (told.state, told.reason)
    site.trtc.refusals = []
    site.minutes(6)
    assert State.STARTING is site.recording().state
