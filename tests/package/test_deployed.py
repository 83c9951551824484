"""Our packages, deployed into an empty account by the official SDKs, record a page there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.client import FINAL, Client
from local.config import SDK_APP_ID
from tests.local.deploying.account import BUCKET, REGION, TRUST, Account, allow, document, empty_account
from tests.local.trtc.servers import until
from tools.package import Package

pytestmark = [pytest.mark.process, pytest.mark.whole]
CALLBACK_KEY, TOKEN = "0123456789abcdef", "a-token-of-the-tests"
URL = json.dumps({"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}})


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An empty account."""
    with empty_account(tmp_path) as account:
        yield account


def identities(account: Account) -> dict[str, Any]:
    """Make the bucket, the functions' role and the upload key with the guide's rights; return the key."""
    account.call("cls", "OpenClsService")
    for role in ("SCF_QcsRole", "scf-webrecord"):
        account.call("cam", "CreateRole", RoleName=role, PolicyDocument=TRUST)
    account.call("cam", "AttachRolePolicy", AttachRoleName="SCF_QcsRole", PolicyName="QcloudAccessForScfRole")
    account.cos().create_bucket(BUCKET)
    place = f"qcs::cos:{REGION}:uid/1250000000:{BUCKET}"
    objects = ("PutObject", "GetObject", "HeadObject", "DeleteObject", "DeleteMultipleObjects", "GetBucket")
    role = account.call(
        "cam", "CreatePolicy", PolicyName="functions",
        PolicyDocument=document(
            allow(*(f"name/cos:{action}" for action in objects), resource=f"{place}/webrecord/*"),
            allow("name/cos:GetObject", resource=f"{place}/jobs/*"),
            allow(*(f"name/trtc:{action}WebRecord" for action in ("Start", "Describe", "Stop"))),
        ),
    )["PolicyId"]  # fmt: skip
    account.call("cam", "AttachRolePolicy", AttachRoleName="scf-webrecord", PolicyId=role)
    parts = ("PutObject", "InitiateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload")
    upload = account.call(
        "cam", "CreatePolicy", PolicyName="upload",
        PolicyDocument=document(allow(*(f"name/cos:{each}" for each in parts), resource=f"{place}/webrecord/files/*")),
    )["PolicyId"]  # fmt: skip
    uin = account.call("cam", "AddUser", Name="upload")["Uin"]
    account.call("cam", "AttachUserPolicy", AttachUin=uin, PolicyId=upload)
    key: dict[str, Any] = account.call("cam", "CreateAccessKey", TargetUin=uin)["AccessKey"]
    return key


def deploy(account: Account, packages: dict[str, Package], environment: dict[str, str]) -> dict[str, str]:
    """Create the three functions and their URLs; return the URLs."""
    variables = {"Variables": [{"Key": key, "Value": value} for key, value in environment.items()]}
    urls = {}
    for name, timeout in (("callback", 5), ("reconcile", 120), ("recordings", 30)):
        account.call(
            "scf", "CreateFunction", FunctionName=f"scf-webrecord-{name}", Runtime="Python3.10",
            Handler=f"{name}.main_handler", MemorySize=256, Timeout=timeout, Role="scf-webrecord",
            Environment=variables, Code={"ZipFile": base64.b64encode(packages[name].zip_path.read_bytes()).decode()},
        )  # fmt: skip
        made = account.call(
            "scf", "CreateTrigger", FunctionName=f"scf-webrecord-{name}", Type="http", TriggerName="url-trigger",
            TriggerDesc=URL, Qualifier="$DEFAULT", Enable="OPEN",
        )["TriggerInfo"]  # fmt: skip
        urls[name] = json.loads(made["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
    return urls


def test_a_page_is_recorded_by_what_was_deployed(account: Account, packages: dict[str, Package]) -> None:
    """From an empty account: identities, functions, Function URLs, a start, callbacks, the film, the end."""
    cloud = account.running.cloud
    key = identities(account)
    urls = deploy(account, packages, {
        "WEBRECORD_SDK_APP_ID": str(SDK_APP_ID),
        "WEBRECORD_TRTC_REGION": REGION,
        "WEBRECORD_TRTC_ENDPOINT": cloud.address.trtc,
        "WEBRECORD_BUCKET": BUCKET,
        "WEBRECORD_BUCKET_REGION": REGION,
        "WEBRECORD_COS_ENDPOINT": cloud.address.cos,
        "WEBRECORD_STORAGE_SECRET_ID": key["AccessKeyId"],
        "WEBRECORD_STORAGE_SECRET_KEY": key["SecretAccessKey"],
        "WEBRECORD_CALLBACK_KEYS": CALLBACK_KEY,
        "WEBRECORD_API_TOKENS": f"tests:{TOKEN}",
        "WEBRECORD_ALLOWED_HOSTS": "*",
    })  # fmt: skip
    with closing(Client(cloud.address.gateway, cloud.keys.api_token)) as console:
        console.callbacks_to(urls["callback"], CALLBACK_KEY)
    cloud.callback_settings.timeout_s = 60.0  # a cold start on a busy machine

    with closing(Client(urls["recordings"], TOKEN)) as client:
        client.start({"RecordUrl": "https://example.com/", "RecordingId": "deployed"})
        client.wait("deployed", ("recording", *FINAL), 90)
        client.stop("deployed")
        result = client.wait("deployed", FINAL, 90)
    assert "completed" == result["state"], result
    (film,) = result["files"]
    assert (cloud.state_dir / "cos" / film["bucket"] / film["key"]).is_file()

    def replayed() -> Any:
        replay = {"FunctionName": "scf-webrecord-reconcile", "Event": '{"replay": "all"}'}
        return json.loads(account.call("scf", "InvokeFunction", **replay)["Result"]["RetMsg"])

    # Its film is looked into at the same time: once that is stored, a replay changes nothing.
    until(lambda: {"recordings": 1, "changed": []} == replayed(), 60)
