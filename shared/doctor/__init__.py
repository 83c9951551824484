"""The doctor: looks at a deployment and says what is wrong. Here is what it finds: one line per check."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from shared.domain.errors import StoreError, StoreRefused, UnreachableError, WebRecordError

POLICY = "see the policies of docs/deploy-by-hand.md, step 3"
NOT_ACCEPTED = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed")
"""COS's codes for credentials that are none."""
_ADVICE = {
    "AccessDenied": POLICY,
    "NoSuchBucket": "are WEBRECORD_BUCKET and WEBRECORD_BUCKET_REGION right?",
    **dict.fromkeys(NOT_ACCEPTED, "the credentials are not accepted: are they current, and is the clock right?"),
}


class Level(str, Enum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, but something is unusual, or could not be looked at."""
    FAIL = "fail"
    """Something the deployment promises does not hold."""


class Finding(NamedTuple):
    """What a check saw, and what to do about it; never a secret. Who runs the check adds its name."""

    level: Level
    seen: str
    check: str = ""

    def __str__(self) -> str:
        return f"{self.level.value:<4}  {self.check:<19} {self.seen}"

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"level": self.level.value, "check": self.check, "seen": self.seen}


def ok(seen: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, seen)


def warn(seen: str) -> Finding:
    """It works, but."""
    return Finding(Level.WARN, seen)


def fail(seen: str) -> Finding:
    """It does not hold."""
    return Finding(Level.FAIL, seen)


def explained(error: WebRecordError, advice: str = "") -> Finding:
    """Return the finding of an error that ended a check: with what to do, where we know it."""
    if isinstance(error, StoreError):
        code = error.code if isinstance(error, StoreRefused) else ""
        advice = advice or _ADVICE.get(code, "is the network open, and the region right?")
    elif isinstance(error, UnreachableError):
        advice = "is the address right, and reachable from the internet?"
    return fail(f"{error}: {advice}" if advice else str(error))
