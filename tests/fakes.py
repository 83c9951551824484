"""The models of `testing` under the names that unit tests know. They pass the contract tests."""

from __future__ import annotations

from testing.bucket import Bucket
from testing.trtc import Trtc
from testing.world import Clock

MemoryStore = Bucket
MemoryFiles = Bucket
FakeTrtc = Trtc

__all__ = ["Clock", "FakeTrtc", "MemoryFiles", "MemoryStore"]
