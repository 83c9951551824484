"""The application as the official SDK sees it: envelope, common errors, the three actions and their limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.faults import TrtcFault
from tests.local.trtc.cloud import APP, RunningTrtc, body, cloud, settings_for_tests
from tests.local.trtc.servers import until

# The example input of the API reference page of StartWebRecord, as published.
EXAMPLE = json.loads("""{
"RecordUrl": "https://web-record-xxxxx.cos.ap-xxx.myqcloud.com/xxxx/xxx.mp4",
"StorageParams": {"CloudStorage": {"Vendor": 0, "Bucket": "webrecord-1234589", "Region": "ap-chengdu",
"AccessKey": "AKxxxxxx", "SecretKey": "Idxxxxxx", "FileNamePrefix": ["record", "video"]}},
"MaxDurationLimit": 3600,
"WebRecordVideoParams": {"Width": 1280, "Height": 720, "Format": "mp4"}
}""")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTrtc]:
    """One service for the tests that leave no trace in it."""
    with cloud(tmp_path_factory.mktemp("state")) as running:
        yield running


def test_example_of_the_reference_starts(shared: RunningTrtc) -> None:
    """The reference's example input is accepted whole and answered with a TaskId and a RequestId."""
    answer = shared.call("StartWebRecord", EXAMPLE)
    assert {"TaskId", "RequestId"} == set(answer)
    assert 90 == len(answer["TaskId"])
    assert set("+-.=*/") <= set(answer["TaskId"])
    shared.call("StopWebRecord", {"TaskId": answer["TaskId"]})


def test_a_task_is_described_both_ways_until_it_is_stopped(shared: RunningTrtc) -> None:
    """Describe finds a recording by TaskId and by SdkAppId with RecordId; after the stop it exists no more."""
    task_id = shared.call("StartWebRecord", body(RecordId="described"))["TaskId"]
    by_task = shared.call("DescribeWebRecord", {"TaskId": task_id})
    by_record = shared.call("DescribeWebRecord", {"SdkAppId": APP, "RecordId": "described"})
    assert (1, task_id, "described") == (by_task["Status"], by_task["TaskId"], by_task["RecordId"])
    assert (1, task_id) == (by_record["Status"], by_record["TaskId"])
    assert {"RequestId"} == set(shared.call("StopWebRecord", {"TaskId": task_id}))
    for action, question in (
        ("DescribeWebRecord", {"TaskId": task_id}),
        ("DescribeWebRecord", {"SdkAppId": APP, "RecordId": "described"}),
        ("StopWebRecord", {"TaskId": task_id}),
        ("StopWebRecord", {"TaskId": "never"}),
    ):
        assert "FailedOperation.TaskNotExist" == shared.code(action, question)[0]


@pytest.mark.parametrize(
    ("how", "skew_s", "expected"),
    [
        ({"key": ("AKIDtest", "wrong", None)}, 0, "AuthFailure.SignatureFailure"),
        ({"key": ("AKIDnobody", "secret", None)}, 0, "AuthFailure.SecretIdNotFound"),
        ({"key": ("AKIDtemp", "secret", None)}, 0, "AuthFailure.TokenFailure"),
        ({"key": ("AKIDtemp", "secret", "other")}, 0, "AuthFailure.TokenFailure"),
        ({}, 302, "AuthFailure.SignatureExpire"),
        ({}, -302, "AuthFailure.SignatureExpire"),
        ({"region": "ap-singapore"}, 0, "UnsupportedRegion"),
        ({"region": ""}, 0, "MissingParameter"),
    ],
)
def test_common_refusals(shared: RunningTrtc, how: dict[str, Any], skew_s: float, expected: str) -> None:
    """Each wrong signature, key, token, time and region is refused with its documented code."""
    shared.skew_s[0] = skew_s
    try:
        assert expected == shared.code("StartWebRecord", body(), **how)[0]
    finally:
        shared.skew_s[0] = 0


def test_clock_within_five_minutes_and_a_token_are_accepted(shared: RunningTrtc) -> None:
    """A signature 290 s old passes, and so does a temporary key with its token."""
    shared.skew_s[0] = 290
    key = ("AKIDtemp", "secret", "token")
    try:
        code, _ = shared.code("StopWebRecord", {"TaskId": "x"}, key=key)
    finally:
        shared.skew_s[0] = 0
    assert "FailedOperation.TaskNotExist" == code


def test_every_answer_is_an_envelope_with_status_200(shared: RunningTrtc) -> None:
    """Whatever is sent, the answer is HTTP 200, application/json, with an Error and a RequestId."""
    good = {
        "x-tc-action": "StartWebRecord", "x-tc-version": "2019-07-22", "x-tc-timestamp": str(int(time.time())),
        "content-type": "application/json",
    }  # fmt: skip
    cases: list[tuple[str, dict[str, str], str]] = [
        ("POST", {}, "MissingParameter"),
        ("POST", {**good, "x-tc-action": "StartWebRecords"}, "InvalidAction"),
        ("POST", {**good, "x-tc-version": "2018-01-01"}, "NoSuchVersion"),
        ("POST", {k: v for k, v in good.items() if k != "x-tc-version"}, "MissingParameter"),
        ("POST", {**good, "content-type": "text/xml"}, "UnsupportedOperation"),
        ("POST", good, "MissingParameter"),
        ("POST", {**good, "authorization": "Basic x"}, "AuthFailure.InvalidAuthorization"),
        ("PUT", good, "UnsupportedProtocol"),
    ]
    for method, headers, expected in cases:
        response = httpx.request(
            method, f"http://{shared.endpoint}/", headers=headers, content=b"{}", trust_env=False, timeout=60
        )
        answer = response.json()["Response"]
        assert (200, "application/json") == (response.status_code, response.headers["content-type"])
        assert expected == answer["Error"]["Code"]
        assert answer["RequestId"]


def test_a_record_id_starts_one_task(tmp_path: Path) -> None:
    """The same RecordId is TaskExist while its task runs and as long as it is remembered, then free again."""
    with cloud(tmp_path) as running:
        first = running.call("StartWebRecord", body(RecordId="once"))["TaskId"]
        assert "FailedOperation.TaskExist" == running.code("StartWebRecord", body(RecordId="once"))[0]
        running.call("StopWebRecord", {"TaskId": first})
        until(lambda: not running.tasks.list())
        assert "FailedOperation.TaskExist" == running.code("StartWebRecord", body(RecordId="once"))[0]
        running.settings.record_id_memory_s = 0.3
        time.sleep(0.35)
        assert first != running.call("StartWebRecord", body(RecordId="once"))["TaskId"]


def test_limits_are_settings_read_at_every_call(tmp_path: Path) -> None:
    """The request rate and the number of recordings at once are enforced, and changeable while running."""
    limited = settings_for_tests(max_concurrent=1, max_requests_per_second=3)
    with cloud(tmp_path, settings=limited, clock=lambda: 0.0) as running:  # all within one second, on any machine
        task_id = running.call("StartWebRecord", body())["TaskId"]
        assert "ResourceInsufficient.RequestRejection" == running.code("StartWebRecord", body())[0]
        assert "ResourceInsufficient.RequestRejection" == running.code("StartWebRecord", body())[0]
        assert "RequestLimitExceeded" == running.code("StartWebRecord", body())[0]
        assert 1 == running.call("DescribeWebRecord", {"TaskId": task_id})["Status"]  # a limit per action
        running.settings.max_requests_per_second = 100
        running.settings.max_concurrent = 2
        running.call("StartWebRecord", body())


def test_refusals_of_the_account(tmp_path: Path) -> None:
    """NotAbility, NotAllowed, an unknown SdkAppId and errors on purpose are answered as the settings say."""
    settings = settings_for_tests(sdk_app_ids={1, 2, APP}, without_ability={1}, not_allowed={2})
    forced = ("InternalError", "FailedOperation.RestrictedConcurrency")
    settings.faults.add(*(TrtcFault(do="fail", action="Start*", code=code, count=1) for code in forced))
    with cloud(tmp_path, settings=settings) as running:
        codes = [running.code("StartWebRecord", body(SdkAppId=app))[0] for app in (APP, APP, 1, 2, 3)]
    assert [
        "InternalError",
        "FailedOperation.RestrictedConcurrency",
        "FailedOperation.NotAbility",
        "FailedOperation.NotAllowed",
        "FailedOperation.SdkAppIdNotUnderAppId",
    ] == codes


def test_a_lost_reply_is_recovered_by_record_id(tmp_path: Path) -> None:
    """With a delayed reply the task runs although the caller saw nothing: Describe finds it."""
    with cloud(tmp_path) as running:
        running.settings.faults.add(TrtcFault(do="delay", action="StartWebRecord", seconds=0.4))
        begun = time.monotonic()
        task_id = running.call("StartWebRecord", body(RecordId="lost"))["TaskId"]
        assert time.monotonic() - begun >= 0.4
        assert task_id == running.call("DescribeWebRecord", {"SdkAppId": APP, "RecordId": "lost"})["TaskId"]


@pytest.mark.parametrize(
    ("action", "question", "expected"),
    [
        ("DescribeWebRecord", {}, "MissingParameter"),
        ("DescribeWebRecord", {"RecordId": "x"}, "MissingParameter"),
        ("DescribeWebRecord", {"TaskId": 1}, "InvalidParameter"),
        ("StopWebRecord", {}, "MissingParameter"),
        ("StopWebRecord", {"TaskId": "x", "Force": True}, "UnknownParameter"),
    ],
)
def test_questions_are_checked(shared: RunningTrtc, action: str, question: dict[str, Any], expected: str) -> None:
    """Describe and Stop refuse missing, mistyped and unknown parameters."""
    assert expected == shared.code(action, question)[0]


def test_nobodys_body_is_read(shared: RunningTrtc) -> None:
    """Who has no valid key is refused before the body; who has one, at 10 MB, in chunks as by Content-Length."""
    scope = f"{time.strftime('%Y-%m-%d', time.gmtime())}/trtc/tc3_request"
    signed = f"SignedHeaders=content-type;host, Signature={'0' * 64}"
    headers = {
        "x-tc-action": "StartWebRecord", "x-tc-version": "2019-07-22", "x-tc-timestamp": str(int(time.time())),
        "content-type": "application/json", "x-tc-region": "ap-guangzhou",
        "authorization": f"TC3-HMAC-SHA256 Credential=AKIDtest/{scope}, {signed}",
    }  # fmt: skip
    stranger = {**headers, "authorization": headers["authorization"].replace("AKIDtest", "AKIDnobody")}

    def code(sent: dict[str, str], megabytes: int) -> str:
        body = (b" " * (1 << 20) for _ in range(megabytes))
        answer = httpx.post(f"http://{shared.endpoint}/", headers=sent, content=body, trust_env=False, timeout=60)
        return str(answer.json()["Response"]["Error"]["Code"])

    assert "RequestSizeLimitExceeded" == code(headers, 11)
    assert "RequestSizeLimitExceeded" == code({**headers, "content-length": str(11 << 20)}, 11)
    assert "AuthFailure.SecretIdNotFound" == code(stranger, 11)
    assert "AuthFailure.SignatureFailure" == code(headers, 1)
