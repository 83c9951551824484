"""The engine that chooses which calls are struck: the rules, and how often each has struck."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from local.faults.model import (
    ApiFault,
    BrowserFault,
    CallbackFault,
    CosFault,
    Fault,
    FaultFile,
    ListingFault,
    TrtcFault,
)

__all__ = ["Faults"]

F = TypeVar("F", CallbackFault, TrtcFault, ApiFault, CosFault)
_START_SUFFIX = "_StartTimeMs_"


@dataclass
class _Rule:
    name: str
    fault: Fault
    since: float  # monotonic seconds
    fitting: int = 0
    struck: int = 0


class Faults:
    """The rules of one local cloud; every method may be called from any thread.

    Args:
        file: rules to begin with.
        clock: seconds, for listings.
    """

    def __init__(self, file: FaultFile | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        file = file or FaultFile()
        self._clock = clock
        self._dice = random.Random(file.seed)  # noqa: S311 - chance of faults, no secret
        self._names = (f"f{number}" for number in itertools.count(1))
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self.add(*file.faults)

    def add(self, *faults: Fault) -> list[str]:
        """Add rules behind those that are there; return their names, such as `f3`."""
        with self._lock:
            new = [_Rule(next(self._names), fault, self._clock()) for fault in faults]
            self._rules += new
        return [rule.name for rule in new]

    def clear(self, names: Iterable[str] = ()) -> list[str]:
        """Remove the rules of these names, all of them when none is given; return what was removed."""
        wanted = set(names)
        with self._lock:
            gone = [rule for rule in self._rules if not wanted or rule.name in wanted]
            self._rules = [rule for rule in self._rules if rule not in gone]
        return [rule.name for rule in gone]

    def list(self) -> list[dict[str, Any]]:
        """Return each rule as in a file, its name, how many fitted it and how many it struck."""
        with self._lock:
            return [
                {
                    "name": rule.name,
                    "fault": rule.fault.model_dump(mode="json", exclude_defaults=True)
                    | {"on": rule.fault.on, "do": rule.fault.do},
                    "fitting": rule.fitting,
                    "struck": rule.struck,
                }
                for rule in self._rules
            ]

    def callback(self, event_type: int, task_id: str) -> CallbackFault | None:
        """Return what happens to this callback."""
        task_id = task_id.partition(_START_SUFFIX)[0]
        return self._strike(
            CallbackFault,
            lambda fault: (not fault.types or event_type in fault.types) and _fits(task_id, fault.task),
        )

    def trtc(self, action: str) -> TrtcFault | None:
        """Return what happens to this call of the TRTC API."""
        return self._strike(TrtcFault, lambda fault: fnmatchcase(action, fault.action))

    def api(self, service: str, action: str) -> TrtcFault | ApiFault | None:
        """Return what happens to this call of a service of API 3.0."""
        if service == "trtc":
            return self.trtc(action)
        return self._strike(ApiFault, lambda fault: fault.on == service and fnmatchcase(action, fault.action))

    def cos(self, method: str, key: str) -> CosFault | None:
        """Return what happens to this call of COS; `key` is a listing's prefix, too."""
        return self._strike(CosFault, lambda fault: fnmatchcase(method, fault.method) and _fits(key, fault.key))

    def browser(self, task_id: str, seconds: float) -> bool:
        """Tell whether the browser that has recorded so many seconds of the task dies now."""
        with self._lock:
            for rule in self._rules:
                fault = rule.fault
                if isinstance(fault, BrowserFault) and rule.struck < fault.count:  # noqa: SIM102 - two questions
                    if seconds >= fault.seconds and _fits(task_id, fault.task):
                        rule.fitting, rule.struck = rule.fitting + 1, rule.struck + 1
                        return True
        return False

    def listing_behind_s(self) -> float:
        """Return how many seconds listings are behind; 0 when they are not."""
        now, behind = self._clock(), 0.0
        with self._lock:
            for rule in self._rules:
                if isinstance(rule.fault, ListingFault):
                    age, seconds = now - rule.since, rule.fault.seconds
                    behind = max(behind, seconds if rule.fault.do == "late" else age if age < seconds else 0.0)
        return behind

    def _strike(self, kind: type[F], fits: Callable[[F], bool]) -> F | None:
        """Count it for every rule that it fits; return the first rule that strikes."""
        chosen: F | None = None
        with self._lock:
            for rule in self._rules:
                fault = rule.fault
                if not isinstance(fault, kind) or not fits(fault):
                    continue
                rule.fitting += 1
                spared = rule.fitting < (fault.nth or 1) or (fault.limit is not None and rule.struck >= fault.limit)
                if chosen is None and not spared and self._dice.random() < fault.share:
                    rule.struck += 1
                    chosen = fault
        return chosen


def _fits(name: str, pattern: str) -> bool:
    # TaskIds hold `*`: a whole one, copied from a log, means itself.
    return name == pattern or fnmatchcase(name, pattern)
