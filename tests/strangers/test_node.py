"""Tencent Cloud's official clients for Node, against the local cloud, over sockets."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.config import BUCKET, SDK_APP_ID, LocalConfig
from tests.cloud import RunningCloud
from tools.node_modules import NodeModulesMissingError, install

pytestmark = pytest.mark.whole
HERE = Path(__file__).parent

BIG_BYTES = 3 * (1 << 20) + 17


@pytest.fixture(scope="module")
def modules() -> Path:
    """The installed packages; without them these tests are skipped, and the summary says so."""
    try:
        return install(HERE, "strangers")
    except NodeModulesMissingError as missing:
        pytest.skip(f"THE CLIENTS BY STRANGERS DID NOT JUDGE: {missing}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A local cloud of their own, with its documented limits, but one recording at once."""
    config = LocalConfig(
        tmp_path_factory.mktemp("strangers"), timer_recorder=True, gentle=True, tick_s=0, policies=False
    )
    with RunningCloud(config) as cloud:
        cloud.cloud.trtc_settings.max_concurrent = 1
        cloud.cloud.trtc_settings.finish_timeout_s = 5
        yield cloud


def play(modules: Path, script: str, told: dict[str, Any]) -> dict[str, Any]:
    """Run a script and return what it says."""
    proxies = {name for name in os.environ if name.lower().endswith("_proxy")}  # the cloud is on this machine
    environment = {name: value for name, value in os.environ.items() if name not in proxies}
    environment |= {"NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"}
    done = subprocess.run(
        ["node", str(HERE / script)],
        input=json.dumps(told),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert 0 == done.returncode, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def trtc_place(running: RunningCloud) -> dict[str, Any]:
    """What the client of TRTC's API is told."""
    keys = running.cloud.keys
    return {
        "endpoint": urlsplit(running.cloud.address.trtc).netloc,
        "sdkAppId": SDK_APP_ID,
        "bucket": BUCKET,
        "secretId": keys.role_id,
        "secretKey": keys.role_key,
        "token": keys.role_token,
        "uploadId": keys.upload_id,
        "uploadKey": keys.upload_key,
    }


@pytest.fixture(scope="module")
def trtc(modules: Path, running: RunningCloud) -> dict[str, Any]:
    """What the client of TRTC's API met."""
    return play(modules, "trtc.js", trtc_place(running))


def test_a_recording_is_started_described_and_stopped(trtc: dict[str, Any]) -> None:
    """With a temporary key; each answer has its RequestId."""
    task_id = trtc["start"]["TaskId"]
    assert (1, task_id) == (trtc["describe"]["Status"], trtc["describe"]["TaskId"])
    assert (1, task_id) == (trtc["describeByRecordId"]["Status"], trtc["describeByRecordId"]["TaskId"])
    assert all(trtc[step]["RequestId"] for step in ("start", "describe", "stop"))


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("taskExist", "FailedOperation.TaskExist"),
        ("quota", "ResourceInsufficient.RequestRejection"),
        ("taskNotExist", "FailedOperation.TaskNotExist"),
        ("stopAgain", "FailedOperation.TaskNotExist"),
        ("missing", "MissingParameter"),
        ("wrongValue", "InvalidParameterValue"),
        ("wrongType", "InvalidParameter"),
        ("unknownParameter", "UnknownParameter"),
        ("notOurs", "FailedOperation.SdkAppIdNotUnderAppId"),
        ("unknownId", "AuthFailure.SecretIdNotFound"),
        ("wrongKey", "AuthFailure.SignatureFailure"),
        ("wrongToken", "AuthFailure.TokenFailure"),
        ("expired", "AuthFailure.SignatureExpire"),
        ("region", "UnsupportedRegion"),
        ("action", "InvalidAction"),
    ],
)
def test_each_documented_error_is_understood(trtc: dict[str, Any], step: str, code: str) -> None:
    """The client raises its exception with the documented code and the RequestId."""
    assert (code, True) == (trtc[step]["code"], trtc[step]["identified"])


def test_too_many_requests_a_second_are_refused(modules: Path, running: RunningCloud) -> None:
    """Of 40 at once the limit's number is answered, and of the others some are RequestLimitExceeded."""
    settings = running.cloud.trtc_settings
    time.sleep(1.1)  # calls of the second before count, too
    usual, settings.max_requests_per_second = settings.max_requests_per_second, 1  # that a slow machine meets it, too
    try:
        codes = play(modules, "trtc.js", {**trtc_place(running), "burst": 40})["codes"]
    finally:
        settings.max_requests_per_second = usual
    assert {"RequestLimitExceeded", "FailedOperation.TaskNotExist"} == set(codes)
    assert codes.count("FailedOperation.TaskNotExist") >= 1


@pytest.fixture(scope="module", params=["temporary", "lasting"])
def cos(
    request: pytest.FixtureRequest, modules: Path, running: RunningCloud, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the client of COS met, with a temporary key and with a lasting one."""
    big = tmp_path_factory.mktemp("big") / "big.bin"
    big.write_bytes(os.urandom(BIG_BYTES))
    keys = running.cloud.keys
    pair = {"secretId": keys.role_id, "secretKey": keys.role_key, "token": keys.role_token}
    if request.param == "lasting":
        pair = {"secretId": keys.owner_id, "secretKey": keys.owner_key}
    host = urlsplit(running.cloud.address.cos).netloc
    return play(modules, "cos.js", {"host": host, "bucket": BUCKET, "bigFile": str(big), **pair})


def test_objects(cos: dict[str, Any]) -> None:
    """Put, head, get and a range, under a key that needs encoding."""
    assert ("10", "text/plain") == (cos["head"]["content-length"], cos["head"]["content-type"])
    assert cos["put"]["ETag"] == cos["head"]["etag"]
    assert "0123456789" == cos["get"]
    assert [206, "234", "bytes 2-4/10"] == cos["range"]


def test_multipart(cos: dict[str, Any]) -> None:
    """A file in four parts arrives whole; an aborted upload is listed before and gone after."""
    assert cos["upload"].endswith('-4"')
    assert cos["bigIsSame"]
    assert ["strangers/aborted"] == cos["uploads"]
    assert {"status": 404, "code": "NoSuchUpload"} == cos["gone"]


def test_listing_copy_and_removal(cos: dict[str, Any]) -> None:
    """Folders, pages, a copy, and many removed at once, whether they were there or not."""
    assert [["list/a/"], ["list/b", "list/c d"]] == cos["folders"]
    assert [["list/a/1", "list/a/2", "list/b"], ["list/c%20d"]] == cos["pages"]
    assert "0123456789" == cos["copy"]
    assert ["list/copy", "list/none"] == cos["removed"]
    assert 404 == cos["afterRemoval"]["status"]


def test_presigned_urls_in_a_page(cos: dict[str, Any]) -> None:
    """A range of a signed GET may be read by the rule's page; a signed PUT stores; the preflight needs no signature."""
    assert [206, "0123", "http://page.example.com"] == cos["presigned"]
    assert ["scf-webrecord/scf-webrecord", "page"] == cos["rules"]
    assert 200 == cos["presignedPut"]
    assert [200, True] == cos["preflight"]


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("noKey", 404, "NoSuchKey"),
        ("noUpload", 404, "NoSuchUpload"),
        ("wrongKey", 403, "SignatureDoesNotMatch"),
        ("unknownId", 403, "InvalidAccessKeyId"),
        ("wrongToken", 403, "InvalidAccessKeyId"),
        ("badRange", 416, "InvalidRange"),
        ("precondition", 412, "PreconditionFailed"),
        ("exists", 409, "FileAlreadyExists"),
        ("badDigest", 400, "BadDigest"),
        ("notImplemented", 501, "NotImplemented"),
    ],
)
def test_each_refusal_is_understood(cos: dict[str, Any], step: str, status: int, code: str) -> None:
    """With its status, and its code out of the XML."""
    assert {"status": status, "code": code} == cos[step]
