"""What the use cases work with: ports to the outside, this deployment's policy, and the time."""

from __future__ import annotations

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
    """

    files: FileStore
    many: Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]
    sleep: Callable[[float], None]
    url_valid_s: int = 900
