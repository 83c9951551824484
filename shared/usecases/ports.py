"""What the use cases work with: ports to the outside, this deployment's policy, and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from shared.domain.policy import Policy
from shared.ports import ObjectStore, Recorder


@dataclass(frozen=True)
class Ports:
    """What starting needs: the bucket, TRTC, this deployment's policy and the time (epoch ms).

    `wakes` says whether reconcile is woken for what is to be done at once; reconcile itself never is.
    """

    store: ObjectStore
    recorder: Recorder
    policy: Policy
    clock: Callable[[], int]
    wakes: ClassVar[bool] = True
