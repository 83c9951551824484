"""What the doctor finds: one line per check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from shared.domain.errors import WebRecordError


class UnreachableError(WebRecordError):
    """An address of the deployment did not answer."""


class Level(str, Enum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, but something is unusual, or could not be looked at."""
    FAIL = "fail"
    """Something the deployment promises does not hold."""


@dataclass(frozen=True)
class Finding:
    """What a check saw.

    Attributes:
        level: how bad it is.
        check: the check's name, `forbid-overwrite`.
        seen: what was seen, and what to do about it. Never holds a secret.
    """

    level: Level
    check: str
    seen: str

    def __str__(self) -> str:
        return f"{self.level.value:<4}  {self.check:<19} {self.seen}"

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"level": self.level.value, "check": self.check, "seen": self.seen}


Seen = tuple[Level, str]
"""What a check returns: its name is added by who runs it."""


def ok(seen: str) -> Seen:
    """All is well."""
    return Level.OK, seen


def warn(seen: str) -> Seen:
    """It works, but."""
    return Level.WARN, seen


def fail(seen: str) -> Seen:
    """It does not hold."""
    return Level.FAIL, seen
