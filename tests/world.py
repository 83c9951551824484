"""A deployment in memory for use-case tests: fakes behind faults, virtual time, a policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from shared.domain.policy import Policy, UploadKeys
from shared.domain.request import RecordingRequest
from shared.usecases.receive import Received, receive
from shared.usecases.start import Outcome, Ports, start
from testing.callbacks import KEY, SDK_APP_ID, signed
from tests.fakes import Clock, FakeTrtc, MemoryStore
from tests.faults import Faults, FaultyRecorder, FaultyStore

UPLOAD_KEY = "upload-secret-key"

POLICY = Policy(
    sdk_app_ids=(SDK_APP_ID,),
    allowed_hosts=(),
    max_duration_ceiling_s=36_000,
    caller_storage=True,
    bucket="webrecord-1250000000",
    region="ap-guangzhou",
    prefix="webrecord",
    upload_keys=UploadKeys(SecretStr("AKIDupload"), SecretStr(UPLOAD_KEY)),
)

CALLER_STORAGE = {
    "CloudStorage": {
        "Vendor": 0,
        "Bucket": "own-1234567",
        "Region": "ap-chengdu",
        "AccessKey": "AKIDcaller",
        "SecretKey": "caller-secret-key",
        "FileNamePrefix": ["record", "video"],
    }
}


@dataclass
class World:
    """Fakes, and shorthand for what tests do to them."""

    store: MemoryStore = field(default_factory=MemoryStore)
    trtc: FakeTrtc = field(default_factory=FakeTrtc)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    policy: Policy = POLICY

    @property
    def ports(self) -> Ports:
        """The ports, behind the faults of now."""
        store, recorder = FaultyStore(self.store, self.faults), FaultyRecorder(self.trtc, self.faults)
        return Ports(store, recorder, self.policy, self.clock)

    def start(self, key: str | None = "k1", url: str = "https://example.com/class?room=1", **fields: Any) -> Outcome:
        """Start a recording, a second later than what came before."""
        self.clock.now += 1_000
        return start(RecordingRequest.model_validate({"RecordUrl": url, **fields}), key, "http:test", self.ports)

    def receive(self, body: bytes, **replaced: Any) -> Received:
        """Receive a callback, signed as TRTC does."""
        headers = signed(body)
        arguments: dict[str, Any] = {
            "signature": headers["Sign"],
            "sdk_app_id": headers["SdkAppId"],
            "received_ms": self.clock(),
            "store": FaultyStore(self.store, self.faults),
            "keys": [SecretStr(KEY)],
            "sdk_app_ids": [SDK_APP_ID],
        }
        return receive(body, **{**arguments, **replaced})

    def listed(self, prefix: str = "") -> list[str]:
        """The keys in the store under a prefix."""
        return [item.key for item in self.store.list(prefix)]

    def everything(self) -> bytes:
        """Every stored byte, keys included."""
        stored = self.store.objects.items()
        return b"".join(key.encode() + item.body + repr(item.metadata).encode() for key, item in stored)
