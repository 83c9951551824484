"""A deployment in memory for use-case tests: the models behind planned faults, a clock, a policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from shared.domain.policy import Policy
from shared.domain.request import RecordingRequest
from shared.usecases.attempt import Outcome
from shared.usecases.ports import Ports
from shared.usecases.receive import Received, receive
from shared.usecases.start import start
from testing.bucket import Bucket
from testing.callbacks import KEY, SDK_APP_ID, signed
from testing.parts import POLICY
from testing.planned import Faults, FaultyRecorder, FaultyStore
from testing.trtc import Trtc


@dataclass
class Clock:
    """Time that stands still until a test moves it, epoch ms."""

    now: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@dataclass
class World:
    """The models, and shorthand for what tests do to them."""

    store: Bucket = field(default_factory=Bucket)
    trtc: Trtc = field(default_factory=Trtc)
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
