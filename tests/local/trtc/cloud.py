"""A local TRTC service under test: the application under uvicorn, timer recorders, a recording sender."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from tencentcloud.common.credential import Credential as SdkCredential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient

from local.trtc import (
    CosTarget,
    KeyPair,
    RecorderFactory,
    Sender,
    TaskTable,
    TimerRecorders,
    TimerScript,
    TrtcSettings,
    Uploader,
    UploadError,
    create_app,
)
from tests.local.trtc.servers import serve

APP = 1400000001
CREDENTIALS = {
    "AKIDtest": KeyPair("AKIDtest", "secret"),
    "AKIDtemp": KeyPair("AKIDtemp", "secret", "token"),
}


class MemorySender:
    """A sender that keeps the events."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, int, dict[str, Any]]] = []
        self.drained = False

    def send(self, sdk_app_id: int, group: int, event_type: int, info: Mapping[str, Any]) -> None:
        """Keep one event."""
        self.sent.append((sdk_app_id, group, event_type, dict(info)))

    async def drain(self, timeout_s: float) -> None:
        """Note that it was asked for."""
        assert timeout_s >= 0
        self.drained = True

    def payloads(self, event_type: int) -> list[dict[str, Any]]:
        """Return the payloads of one type, in order."""
        return [info["Payload"] for _, _, sent, info in self.sent if sent == event_type]

    def story(self) -> list[tuple[int, Any]]:
        """Return (type, status or LeaveCode) in order."""
        return [(t, i["Payload"].get("Status", i["Payload"].get("LeaveCode"))) for _, _, t, i in self.sent]


class MemoryUploads:
    """An uploader into memory that fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.keys: list[str] = []
        self.objects: dict[str, bytes] = {}
        self.targets: list[CosTarget] = []

    async def upload(self, target: CosTarget, key: str, path: Path) -> None:
        """Keep the file's bytes, or fail."""
        self.targets.append(target)
        if self.failures:
            self.failures -= 1
            raise UploadError("503 SlowDown")
        self.keys.append(key)
        self.objects[key] = await asyncio.to_thread(path.read_bytes)


@dataclass
class RunningTrtc:
    """A running service."""

    endpoint: str
    settings: TrtcSettings
    tasks: TaskTable
    memory: MemorySender
    bucket: MemoryUploads
    script: TimerScript
    skew_s: list[float] = field(default_factory=lambda: [0.0])

    def call(
        self,
        action: str,
        body: dict[str, Any],
        *,
        key: tuple[str, str, str | None] = ("AKIDtest", "secret", None),
        region: str = "ap-guangzhou",
    ) -> dict[str, Any]:
        """Call an action with the official SDK; raises its TencentCloudSDKException."""
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=self.endpoint, reqTimeout=60))
        client = TrtcClient(SdkCredential(*key), region, profile)
        answer: dict[str, Any] = client.call_json(action, body)["Response"]
        return answer

    def code(self, action: str, body: dict[str, Any], **how: Any) -> tuple[str, str]:
        """Return (Code, Message) of an expected refusal."""
        with pytest.raises(TencentCloudSDKException) as refusal:
            self.call(action, body, **how)
        assert refusal.value.requestId
        return refusal.value.code, refusal.value.message


def body(**changes: Any) -> dict[str, Any]:
    """Return a small valid StartWebRecord; a change to None removes the member."""
    cos = {
        "Vendor": 0, "Bucket": "web-125", "Region": "ap-chengdu", "AccessKey": "AK", "SecretKey": "SK",
        "FileNamePrefix": ["record", "video"],
    }  # fmt: skip
    valid = {"RecordUrl": "https://example.com/", "SdkAppId": APP, "StorageParams": {"CloudStorage": cos}}
    return {name: value for name, value in {**valid, **changes}.items() if value is not None}


def settings_for_tests(**changes: Any) -> TrtcSettings:
    """Return settings with short waits and a limit of requests that no test meets by chance."""
    base: dict[str, Any] = {
        "sdk_app_ids": {APP}, "default_sdk_app_id": APP, "max_requests_per_second": 1000,
        "upload_waits_s": (0.01, 0.02), "upload_late_waits_s": (0.03, 0.03, 0.03), "finish_timeout_s": 60.0,
    }  # fmt: skip
    return TrtcSettings(**{**base, **changes})


@contextmanager
def cloud(
    state_dir: Path,
    *,
    settings: TrtcSettings | None = None,
    script: TimerScript | None = None,
    bucket: MemoryUploads | None = None,
    uploader: Uploader | None = None,
    sender: Sender | None = None,
    recorders: RecorderFactory | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[RunningTrtc]:
    """Run a service; its end is the end of the process: `aclose`."""
    settings = settings or settings_for_tests()
    script = script or TimerScript(tick_s=0.02)
    memory, bucket, skew = MemorySender(), bucket or MemoryUploads(), [0.0]
    tasks = TaskTable(settings, sender or memory, recorders or TimerRecorders(script), uploader or bucket, state_dir)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await tasks.aclose()

    app = create_app(tasks, CREDENTIALS.get, settings, now=lambda: time.time() + skew[0], clock=clock)
    app.router.lifespan_context = lifespan
    with serve(app) as endpoint:
        yield RunningTrtc(endpoint, settings, tasks, memory, bucket, script, skew)
