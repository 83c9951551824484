"""Visits for the judge: what was seen, as plain values."""

from __future__ import annotations

from typing import Any

from local.check.judge import judge
from local.check.rules.common import Case
from local.check.seen import Asked, Load, Look, Media, Picture, Visit

PAGE = "https://example.com/class"
NOW_S = 1_800_000_000.0
PLAYING = Media(paused=False, time_s=4.0, played=True)
WAITING = Media(paused=True)
LOOK = Look(title="Class", text="Lesson one", letters=300)


def visit(**changes: Any) -> Visit:
    """A visit to a page that is right: it plays, it is heard, it moves, it called notifyReady() early."""
    seen: dict[str, Any] = {
        "status": 200,
        "mime": "text/html",
        "loads": [Load(PAGE, asked=True)],
        "ready_s": 0.4,
        "media": [PLAYING],
        "look": LOOK,
        "pictures": [Picture(40.0, 200)] * 3,
        "moved": [300, 320],
        "picture_s": 0.06,
        "cores": 0.2,
        "peak": 9_000,
    }
    return Visit(**(seen | changes))


def case(url: str = PAGE, second: Visit | None = None, asked: dict[str, Any] | None = None, **changes: Any) -> Case:
    """What the judge gets, with these changes of the visit and of what was asked."""
    wanted: dict[str, Any] = {"ready_timeout_s": 20, "now_s": NOW_S, "addresses": ("93.184.215.14",)} | (asked or {})
    return Case(Asked(url, **wanted), visit(**{"loads": [Load(url, asked=True)], **changes}), second)


def found(judged: Case) -> dict[str, str]:
    """Return the findings: code and level."""
    return {finding.check: finding.level.value for finding in judge(judged)}
