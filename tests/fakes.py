"""The models of `testing` under the names that unit tests know, and a clock. They pass the contract tests."""

from __future__ import annotations

from dataclasses import dataclass

from testing.bucket import Bucket
from testing.trtc import Trtc

MemoryStore = Bucket
MemoryFiles = Bucket
FakeTrtc = Trtc


@dataclass
class Clock:
    """Virtual time, epoch ms."""

    now: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now
