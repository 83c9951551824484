"""TRTC as the runs have it: refuses for no reason at times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from shared.domain.refusals import refusal
from shared.ports import Started
from testing.trtc import Trtc

BUSY = ("RequestLimitExceeded", "InternalError", "FailedOperation.RestrictedConcurrency")


@dataclass
class SeenTrtc(Trtc):
    """`busy` is the share of starts that are refused, though there is room."""

    chance: Random = field(default_factory=Random)
    busy: float = 0.0

    def start(self, parameters: Mapping[str, Any]) -> Started:
        if "never" in str(parameters["RecordUrl"]):
            raise refusal("FailedOperation.Unknown", "not this page", "r")
        if self.busy and self.chance.random() < self.busy:
            raise refusal(self.chance.choice(BUSY), "busy", "r")
        return super().start(parameters)
