"""What the check finds: a code, how bad it is, what was seen and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class Level(str, Enum):
    """How bad it is."""

    FAIL = "fail"
    """The recording fails, ends, or shows nothing of the page."""
    WARN = "warn"
    """It may: something of the page will probably be missing."""
    NOTE = "note"
    """Worth knowing; it spoils nothing."""


class Finding(NamedTuple):
    """One line of the result. No text holds a secret of the page's address."""

    check: str
    level: Level
    seen: str
    advice: str

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"check": self.check, "level": self.level.value, "seen": self.seen, "advice": self.advice}


VERDICTS = {
    "well": "the page would record well",
    "may_not": "the page may not record well",
    "will_not": "the page will not record well",
}


def verdict(findings: Sequence[Finding]) -> str:
    """Return the key of the sentence that sums the findings up."""
    levels = {finding.level for finding in findings}
    return "will_not" if Level.FAIL in levels else "may_not" if Level.WARN in levels else "well"
