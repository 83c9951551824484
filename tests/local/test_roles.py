"""What each function's role may, asked of the local cloud's COS and TRTC with the role's own key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from local import guide
from local.config import BUCKET, REGION, LocalConfig
from tests.cloud import RunningCloud

FILM, FACT = "webrecord/files/r/film.mp4", "webrecord/tasks/t/facts/1.json"
REQUEST = "webrecord/recordings/r/request.json"
ACTIONS = ("StartWebRecord", "DescribeWebRecord", "StopWebRecord")
NOBODY = {"SdkAppId": 1400000001, "TaskId": "none"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A deployed local cloud that holds every identity to its policy."""
    config = LocalConfig(tmp_path_factory.mktemp("roles"), timer_recorder=True, gentle=True, tick_s=0, policies=True)
    with RunningCloud(config) as running:
        yield running


def called(running: RunningCloud, role: str) -> tuple[Callable[[str], str], Any]:
    """Return how TRTC answers an action of the role, by its code, and the role's client of COS."""
    key = running.cloud.accounts.roles[guide.ROLES[role]].keys.current()
    address = running.cloud.address
    http = HttpProfile(protocol="http", endpoint=address.trtc.removeprefix("http://"))
    pair = Credential(key.secret_id, key.secret_key, key.token)
    client = CommonClient("trtc", "2019-07-22", pair, REGION, ClientProfile(httpProfile=http))

    def ask(action: str) -> str:
        with pytest.raises(TencentCloudSDKException) as refused:
            client.call_json(action, NOBODY)
        return str(refused.value.code)

    place = address.cos.removeprefix("http://")
    config = CosConfig(
        Region=REGION, SecretId=key.secret_id, SecretKey=key.secret_key, Token=key.token, Scheme="http",
        Domain=f"{place}/{BUCKET}", KeepAlive=False,
    )  # fmt: skip
    return ask, CosS3Client(config, retry=0)


def may(do: Callable[[], object]) -> bool:
    """Tell whether COS lets it be done; that there is nothing is no refusal."""
    try:
        do()
    except CosServiceError as error:
        if error.get_error_code() == "AccessDenied":
            return False
    return True


@pytest.mark.parametrize("role", ["recordings", "callback", "reconcile"])
def test_each_role_may_what_its_function_does(cloud: RunningCloud, role: str) -> None:
    """The callback's starts, stops, asks and deletes nothing but a fact; only reconcile asks about versioning."""
    ask, cos = called(cloud, role)
    works = role != "callback"
    denied = {action for action in ACTIONS if ask(action) == "UnauthorizedOperation"}
    assert (set() if works else {*ACTIONS}) == denied
    seen = {
        "puts facts": may(lambda: cos.put_object(BUCKET, b"x", FACT)),
        "reads a document": may(lambda: cos.get_object(BUCKET, REQUEST)),
        "lists what is due": may(lambda: cos.list_objects(BUCKET, Prefix="webrecord/due/")),
        "lists ours": may(lambda: cos.list_objects(BUCKET, Prefix="webrecord/")),
        "takes a fact back": may(lambda: cos.delete_object(BUCKET, FACT)),
        "deletes a film": may(lambda: cos.delete_object(BUCKET, FILM)),
        "deletes a request": may(lambda: cos.delete_object(BUCKET, REQUEST)),
        "reads jobs": may(lambda: cos.get_object(BUCKET, "jobs/a.json")),
        "puts jobs": may(lambda: cos.put_object(BUCKET, b"x", "jobs/a.json")),
        "reads others": may(lambda: cos.get_object(BUCKET, "others/a")),
        "lists all": may(lambda: cos.list_objects(BUCKET, Prefix="")),
        "asks about versioning": may(lambda: cos.get_bucket_versioning(BUCKET)),
    }
    expected = {
        **dict.fromkeys(("puts facts", "reads a document", "lists what is due", "takes a fact back"), True),
        **dict.fromkeys(("lists ours", "deletes a film", "deletes a request", "reads jobs"), works),
        **dict.fromkeys(("puts jobs", "reads others", "lists all"), False),
        "asks about versioning": role == "reconcile",
    }
    assert expected == seen
