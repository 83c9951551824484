"""An empty local account for tests, and the official SDKs that deploy into it."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from qcloud_cos import CosConfig, CosS3Client
from tencentcloud.cam.v20190116.cam_client import CamClient
from tencentcloud.cls.v20201016.cls_client import ClsClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416.scf_client import ScfClient
from tencentcloud.sts.v20180813.sts_client import StsClient

from local.config import LocalConfig
from local.kindness import Delays, Unknowns
from tests.cloud import RunningCloud

REGION = "ap-guangzhou"
BUCKET = "films-1250000000"
TRUST = json.dumps(
    {
        "version": "2.0",
        "statement": [
            {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}}
        ],
    }
)
CLIENTS = {"scf": ScfClient, "cam": CamClient, "cls": ClsClient, "sts": StsClient}
SOURCE = """
import json, os
def main_handler(event, context):
    print("called")
    if isinstance(event, dict) and event.get("raise"):
        raise ValueError("as asked")
    path = event.get("path") if isinstance(event, dict) else None
    said = {"answer": os.environ.get("ANSWER"), "id": os.environ.get("TENCENTCLOUD_SECRETID", ""), "path": path,
            "function": context["function_name"], "memory": context["memory_limit_in_mb"]}
    if path is None:
        return said
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {"x-told": "yes"}, "body": json.dumps(said)}
"""


def document(*statements: dict[str, Any]) -> str:
    """Return a policy."""
    return json.dumps({"version": "2.0", "statement": list(statements)})


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    """Return a statement."""
    return {"effect": "allow", "action": list(actions), "resource": [resource]}


def zipped(source: str = SOURCE, name: str = "index.py") -> str:
    """Return a package as the API takes it."""
    return base64.b64encode(raw_zip({name: source})).decode()


def raw_zip(files: dict[str, str]) -> bytes:
    """Return a zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            package.writestr(name, text)
    return data.getvalue()


@dataclass
class Account:
    """An empty local cloud and who calls it; `key` is the account's own where nothing else is said."""

    running: RunningCloud
    key: tuple[str, str]
    region: str = REGION

    def as_user(self, key: tuple[str, str]) -> Account:
        """Return the same with another key."""
        return Account(self.running, key, self.region)

    def call(self, service: str, action: str, **body: Any) -> Any:
        """Call an action with the official SDK; raises its TencentCloudSDKException."""
        endpoint = self.running.cloud.address.trtc.removeprefix("http://")
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint, reqTimeout=60))
        region = "" if service == "cam" else self.region
        return CLIENTS[service](Credential(*self.key), region, profile).call_json(action, body)["Response"]

    def code(self, service: str, action: str, **body: Any) -> str:
        """Return the code of an expected refusal."""
        return self.refusal(service, action, **body)[0]

    def refusal(self, service: str, action: str, **body: Any) -> tuple[str, str]:
        """Return (code, message) of an expected refusal."""
        with pytest.raises(TencentCloudSDKException) as refused:
            self.call(service, action, **body)
        assert refused.value.requestId
        return refused.value.code, refused.value.message

    def cos(self) -> Any:
        """Return the official COS client."""
        place = self.running.cloud.address.cos.removeprefix("http://")
        return CosS3Client(
            CosConfig(
                Region=self.region, SecretId=self.key[0], SecretKey=self.key[1], Scheme="http",
                Domain=f"{place}/{BUCKET}",
                ServiceDomain=place,
                KeepAlive=False,
            ),
            retry=0,
        )  # fmt: skip

    def activated(self) -> Account:
        """Activate SCF and CLS, make a bucket and the functions' role."""
        self.call("cls", "OpenClsService")
        for role in ("SCF_QcsRole", "functions"):
            self.call("cam", "CreateRole", RoleName=role, PolicyDocument=TRUST)
        self.call("cam", "AttachRolePolicy", AttachRoleName="SCF_QcsRole", PolicyName="QcloudAccessForScfRole")
        self.cos().create_bucket(BUCKET)
        return self

    def create(self, name: str = "one", **changes: Any) -> None:
        """Create a function and wait for it."""
        self.call("scf", "CreateFunction", **function(name, **changes))
        assert "Active" == self.settled(name)["Status"]

    def settled(self, name: str = "one") -> dict[str, Any]:
        """Return a function once nothing goes on with it."""

        def look() -> Any:
            shown = self.call("scf", "GetFunction", FunctionName=name)
            return None if shown["Status"].endswith("ing") else shown

        found: dict[str, Any] = until(look)
        return found


def function(name: str = "one", **changes: Any) -> dict[str, Any]:
    """Return a small valid CreateFunction; a change to None removes the member."""
    valid = {
        "FunctionName": name, "Code": {"ZipFile": zipped()}, "Handler": "index.main_handler", "Runtime": "Python3.9",
        "Role": "functions", "Environment": {"Variables": [{"Key": "ANSWER", "Value": "42"}]},
        "MemorySize": 256, "Timeout": 20,
    }  # fmt: skip
    return {key: value for key, value in {**valid, **changes}.items() if value is not None}


def until(look: Callable[[], Any], seconds: float = 90) -> Any:
    """Return what a look finds once it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


@contextmanager
def empty_account(
    state_dir: Path, delays: Delays | None = None, *, region: str = REGION, **unknowns: str
) -> Iterator[Account]:
    """Run an empty local cloud; everything at once where no delays are given."""
    chosen = Unknowns()
    for name, answer in unknowns.items():
        chosen.choose(name, answer)
    config = LocalConfig(
        state_dir, timer_recorder=True, gentle=True, tick_s=0, empty=True, unknowns=chosen, delays=delays, region=region
    )
    with RunningCloud(config) as running:
        keys = running.cloud.keys
        yield Account(running, (keys.owner_id, keys.owner_key), region)
