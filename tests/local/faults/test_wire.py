"""Faults of calls as the official SDKs meet them, over sockets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from qcloud_cos.cos_exception import CosClientError
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.faults import BrowserFault, CosFault, TrtcFault
from local.trtc import TimerScript
from tests.local.cos.running import BUCKET, RunningCos, refusal
from tests.local.trtc.cloud import APP, body, cloud
from tests.local.trtc.servers import until


def test_trtc_lost_reply(tmp_path: Path) -> None:
    """The task runs although the caller saw the connection break; the next call is answered."""
    with cloud(tmp_path) as running:
        running.settings.faults.add(TrtcFault(do="lose", action="StartWebRecord", nth=1))
        with pytest.raises(TencentCloudSDKException) as lost:
            running.call("StartWebRecord", body(RecordId="lost"))
        assert "ClientNetworkError" == lost.value.code
        assert 1 == running.call("DescribeWebRecord", {"SdkAppId": APP, "RecordId": "lost"})["Status"]
        assert "FailedOperation.TaskExist" == running.code("StartWebRecord", body(RecordId="lost"))[0]


def test_trtc_hang(tmp_path: Path) -> None:
    """Nothing is done, and the connection is closed after the rule's seconds."""
    with cloud(tmp_path) as running:
        running.settings.faults.add(TrtcFault(do="hang", action="StartWebRecord", seconds=0.3, count=1))
        begun = time.monotonic()
        with pytest.raises(TencentCloudSDKException):
            running.call("StartWebRecord", body(RecordId="hung"))
        assert 0.3 <= time.monotonic() - begun < 30
        question = {"SdkAppId": APP, "RecordId": "hung"}
        assert "FailedOperation.TaskNotExist" == running.code("DescribeWebRecord", question)[0]


def test_trtc_hang_ends_with_an_impatient_caller(tmp_path: Path) -> None:
    """A caller who goes away does not keep the service from closing."""
    with cloud(tmp_path) as running:
        running.settings.faults.add(TrtcFault(do="hang", action="*", seconds=600))
        start, impatient = signed_start(running.endpoint), httpx.Timeout(60, read=0.2)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"http://{running.endpoint}/", timeout=impatient, trust_env=False, **start)
        begun = time.monotonic()
    assert time.monotonic() - begun < 100


def test_a_refused_signature_is_no_call(tmp_path: Path) -> None:
    """What has no valid signature is refused as ever and does not use up a rule."""
    with cloud(tmp_path) as running:
        running.settings.faults.add(TrtcFault(do="fail", code="InternalError", nth=1))
        assert "AuthFailure.SignatureFailure" == running.code("StartWebRecord", body(), key=("AKIDtest", "x", None))[0]
        assert "InternalError" == running.code("StartWebRecord", body())[0]
        assert 0 == len(running.tasks.list())


def test_a_crash_on_purpose_restarts_the_recorder(tmp_path: Path) -> None:
    """One struck browser is 801 status 3 and goes on; three of a task are its end, 801 status 5."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.02)) as running:
        task_id = running.call("StartWebRecord", body())["TaskId"]
        until(lambda: (801, 1) in running.memory.story())
        running.settings.faults.add(BrowserFault(task=task_id))
        until(lambda: (801, 3) in running.memory.story())
        assert 1 == running.call("DescribeWebRecord", {"TaskId": task_id})["Status"]
        running.settings.faults.add(BrowserFault(task=task_id, count=2))
        until(lambda: not running.tasks.list())
    assert [1, 3, 3, 5] == [status for event_type, status in running.memory.story() if event_type == 801]


def test_cos_fail(cos: RunningCos) -> None:
    """A documented code has its status, any other the rule's, or 503; nothing is stored."""
    cos.client.create_bucket(Bucket=BUCKET)
    cos.settings.faults.add(
        CosFault(do="fail", method="PUT", key="a/*", count=1),
        CosFault(do="fail", method="PUT", key="a/*", code="AccessDenied", nth=2),
        CosFault(do="fail", method="PUT", key="a/*", code="Odd", status=418, nth=3),
    )
    met = [refusal(cos.client.put_object, Bucket=BUCKET, Key="a/k", Body=b"x") for _ in range(3)]
    assert [(503, "ServiceUnavailable"), (403, "AccessDenied"), (418, "Odd")] == met
    assert (404, "NoSuchKey") == refusal(cos.client.get_object, Bucket=BUCKET, Key="a/k")
    cos.client.put_object(Bucket=BUCKET, Key="a/k", Body=b"x")


def test_cos_lost_reply(cos: RunningCos) -> None:
    """A PUT whose reply is lost is stored; a lost GET frees its file."""
    cos.settings.faults.add(CosFault(do="lose", key="k", count=1))
    with pytest.raises(CosClientError):
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"stored")
    assert b"stored" == cos.client.get_object(Bucket=BUCKET, Key="k")["Body"].read()
    cos.settings.faults.add(CosFault(do="lose", method="GET", count=1))
    with pytest.raises(CosClientError):
        cos.client.get_object(Bucket=BUCKET, Key="k")


def test_cos_hang_and_delay(cos: RunningCos) -> None:
    """A hung PUT stores nothing; a delayed one does, before its reply."""
    cos.settings.faults.add(CosFault(do="hang", method="PUT", seconds=0.2, nth=1))
    with pytest.raises(CosClientError):
        cos.client.put_object(Bucket=BUCKET, Key="hung", Body=b"x" * 300_000)
    assert (404, "NoSuchResource") == refusal(cos.client.head_object, Bucket=BUCKET, Key="hung")
    cos.settings.faults.add(CosFault(do="delay", method="PUT", seconds=0.3, count=1))
    begun = time.monotonic()
    cos.client.put_object(Bucket=BUCKET, Key="slow", Body=b"x")
    assert time.monotonic() - begun >= 0.3


def test_a_listing_goes_by_its_prefix(cos: RunningCos) -> None:
    """The key of a listing is the prefix that it asks for."""
    cos.client.create_bucket(Bucket=BUCKET)
    cos.settings.faults.add(CosFault(do="fail", method="GET", key="open/"))
    assert (503, "ServiceUnavailable") == refusal(cos.client.list_objects, Bucket=BUCKET, Prefix="open/")
    cos.client.list_objects(Bucket=BUCKET, Prefix="due/")


def signed_start(endpoint: str) -> dict[str, Any]:
    """Headers and body of a StartWebRecord signed by the test's own use of the documented algorithm."""
    from local.api3.tc3 import ALGORITHM, signature

    now, content = str(int(time.time())), b"{}"
    day = time.strftime("%Y-%m-%d", time.gmtime(int(now)))
    headers = {"content-type": "application/json", "host": endpoint}
    signed = signature("secret", "POST", "", headers, content, now, day, "trtc")
    scope = f"AKIDtest/{day}/trtc/tc3_request"
    return {
        "content": content,
        "headers": {
            **headers,
            "authorization": f"{ALGORITHM} Credential={scope}, SignedHeaders=content-type;host, Signature={signed}",
            "x-tc-action": "StartWebRecord",
            "x-tc-version": "2019-07-22",
            "x-tc-region": "ap-guangzhou",
            "x-tc-timestamp": now,
        },
    }
