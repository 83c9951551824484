"""What the use cases work with: ports to the outside, this deployment's policy, and the time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.domain.policy import Policy
from shared.ports import FileStore, ObjectStore, Recorder


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


@dataclass(frozen=True)
class QueryPorts(Ports):
    """What reading needs besides what starting does.

    Attributes:
        files: the whole bucket, with the recorded files; its keys are as COS has them.
        many: how many documents are read: `map`, or that of a thread pool.
        sleep: seconds.
        url_valid_s: how long a signed URL is good. SCF logs what a function returns, so it is short.
        left_s: tells how many seconds this invocation still has.
    """

    files: FileStore
    many: Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]
    sleep: Callable[[float], None]
    url_valid_s: int = 900
    left_s: Callable[[], float] = lambda: math.inf


def begins_within(most_s: float, left_s: float, ends_s: float) -> float:
    """Return for how many seconds work may begin that ends within `ends_s`: half of what is left, or more."""
    return min(most_s, max(left_s / 2, left_s - ends_s))
