"""What every Recorder promises: proved on the fake and, through the official SDK, on the local TRTC API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.config import REGION, SDK_APP_ID
from shared.adapters.trtc import TrtcRecorder
from shared.domain.errors import (
    ParametersRefused,
    RecorderBusy,
    RecorderError,
    RecorderMisconfigured,
    TaskExists,
    TaskNotFound,
)
from shared.domain.refusals import refusal
from shared.ports import Recorder
from testing.timeline import Timeline
from testing.trtc import Trtc
from tests.cloud import RunningCloud

Refuse = Callable[[str], None]


def trtc_recorder(running: RunningCloud, **replaced: Any) -> TrtcRecorder:
    """Return the real adapter against the local TRTC API, with no pause between its short retries."""
    keys = running.cloud.keys
    arguments: dict[str, Any] = {
        "region": REGION,
        "endpoint": running.cloud.address.trtc,
        "credentials": lambda: (keys.role_id, keys.role_key, keys.role_token),
        "pause": lambda: None,
        **replaced,
    }
    return TrtcRecorder(**arguments)


Build = Callable[[str], dict[str, Any]]


@pytest.fixture
def parameters(running: RunningCloud) -> Build:
    """What `Policy.parameters` would build, with the keys that the local COS takes."""
    keys = running.cloud.keys

    def build(record_id: str) -> dict[str, Any]:
        storage = {
            "Vendor": 0,
            "Region": REGION,
            "Bucket": "contract-1250000000",
            "AccessKey": keys.upload_id,
            "SecretKey": keys.upload_key,
            "FileNamePrefix": ["contract"],
        }
        return {
            "RecordUrl": "https://example.com/",
            "SdkAppId": SDK_APP_ID,
            "RecordId": record_id,
            "StorageParams": {"CloudStorage": storage},
            "WebRecordVideoParams": {"Width": 1280, "Height": 720, "Format": "mp4", "MaxMediaFileDuration": 1440},
        }

    return build


@pytest.fixture(params=["fake", "limited", "trtc"])
def recorder(request: pytest.FixtureRequest) -> Iterator[tuple[Recorder, Refuse]]:
    """A recorder, and how to let its next start be refused with a code."""
    if request.param != "trtc":
        timeline = Timeline() if request.param == "limited" else None
        fake = Trtc(
            timeline=timeline, quota=200 if timeline else None, per_second=20 if timeline else None, forget_ms=600_000
        )
        yield fake, lambda code: fake.refusals.append(refusal(code, "asked to", "fake-request"))
        return
    running: RunningCloud = request.getfixturevalue("running")
    real = trtc_recorder(running)
    yield real, running.refuse
    running.cloud.faults.clear()


def new_record_id() -> str:
    return uuid.uuid4().hex[:20] + "-1"


def test_a_start_names_its_task(recorder: tuple[Recorder, Refuse], parameters: Build) -> None:
    """The TaskId of the start is the one that DescribeWebRecord knows, by RecordId and by TaskId."""
    ours, record_id = recorder[0], new_record_id()
    started = ours.start(parameters(record_id))
    assert started.request_id
    assert started.task_id == ours.describe(SDK_APP_ID, record_id).task_id
    assert (started.task_id, 1) == (
        ours.describe_task(started.task_id).task_id,
        ours.describe_task(started.task_id).status,
    )
    ours.stop(started.task_id)


def test_the_same_record_id_starts_one_task(recorder: tuple[Recorder, Refuse], parameters: Build) -> None:
    """The second start is TaskExists, and its task can be found."""
    ours, record_id = recorder[0], new_record_id()
    started = ours.start(parameters(record_id))
    with pytest.raises(TaskExists):
        ours.start(parameters(record_id))
    assert started.task_id == ours.describe(SDK_APP_ID, record_id).task_id
    ours.stop(started.task_id)


def test_an_ended_task_is_not_found(recorder: tuple[Recorder, Refuse], parameters: Build) -> None:
    """After the stop neither Describe nor Stop knows the task; neither can tell how it ended."""
    ours, record_id = recorder[0], new_record_id()
    task_id = ours.start(parameters(record_id)).task_id
    ours.stop(task_id)
    for again in (
        lambda: ours.describe(SDK_APP_ID, record_id),
        lambda: ours.describe_task(task_id),
        lambda: ours.stop(task_id),
    ):
        with pytest.raises(TaskNotFound):
            again()


def test_a_task_that_never_was_is_not_found(recorder: tuple[Recorder, Refuse]) -> None:
    """'Finished' and 'never started' look alike."""
    with pytest.raises(TaskNotFound):
        recorder[0].describe(SDK_APP_ID, new_record_id())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidParameterValue", ParametersRefused),
        ("MissingParameter", ParametersRefused),
        ("FailedOperation.NotAbility", RecorderMisconfigured),
        ("FailedOperation.NotAllowed", RecorderMisconfigured),
        ("FailedOperation.SdkAppIdNotUnderAppId", RecorderMisconfigured),
        ("AuthFailure.SignatureFailure", RecorderMisconfigured),
        ("ResourceInsufficient.RequestRejection", RecorderBusy),
        ("FailedOperation.RestrictedConcurrency", RecorderBusy),
        ("InternalError", RecorderBusy),
    ],
)
def test_refusals_are_told_apart(
    recorder: tuple[Recorder, Refuse], parameters: Build, code: str, error: type[RecorderError]
) -> None:
    """Each documented code is the error that decides what happens to the recording; code and RequestId are kept."""
    ours, refuse = recorder
    refuse(code)
    with pytest.raises(error) as caught:
        ours.start(parameters(new_record_id()))
    assert code == caught.value.code
    assert caught.value.request_id


class TestTrtcRecorder:
    """What only the real adapter can show."""

    def test_throttling_is_retried_with_the_same_record_id(self, running: RunningCloud, parameters: Build) -> None:
        """Two refusals for the rate are not the caller's concern; the third try starts one task."""
        running.refuse("RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded")
        ours, record_id = trtc_recorder(running), new_record_id()
        started = ours.start(parameters(record_id))
        assert started.task_id == ours.describe(SDK_APP_ID, record_id).task_id
        ours.stop(started.task_id)

    def test_a_dead_address_is_busy_and_unanswered(self, running: RunningCloud, parameters: Build) -> None:
        """A network failure says that nobody knows whether a task started."""
        with pytest.raises(RecorderBusy) as caught:
            trtc_recorder(running, endpoint="http://127.0.0.1:9").start(parameters(new_record_id()))
        assert (False, None) == (caught.value.answered, caught.value.request_id)

    def test_no_key_is_in_an_error(self, running: RunningCloud, parameters: Build) -> None:
        """Whatever TRTC answers, the upload key is not in what is raised."""
        secret = "the-secret-upload-key"
        wrong = parameters(new_record_id())
        wrong["StorageParams"]["CloudStorage"]["SecretKey"] = secret
        wrong["MaxDurationLimit"] = 1
        with pytest.raises(ParametersRefused) as caught:
            trtc_recorder(running).start(wrong)
        assert secret not in f"{caught.value!r} {caught.value}"
