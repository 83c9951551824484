"""The steps that reconcile carries out, and its waiting times. `next_step` decides which one comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.reasons import Reason


@dataclass(frozen=True)
class Timing:
    """The waiting times of reconcile, ms.

    Attributes:
        alive_every: how often a silent recording's task is asked for.
        files_after: after a task's end without an upload event, when its files are first looked for.
        lost_after: after a task's end without any file, when the recording is called lost.
        held_for: the same while TRTC says that files are still on its side.
    """

    alive_every: int = 600_000
    files_after: int = 300_000
    lost_after: int = 3_600_000
    held_for: int = 86_400_000


USUAL = Timing()


@dataclass(frozen=True)
class Wait:
    """Do nothing before then; `done` if nothing will ever be due again.

    `asks` where TRTC is to be asked then: no sooner than its rate has room for, which takes no harm.
    """

    until_ms: int
    done: bool = False
    asks: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Start:
    """Make the attempt of this number. `recheck` is an earlier attempt whose task may exist after all."""

    attempt: int
    recheck: int | None


@dataclass(frozen=True)
class GiveUp:
    """Give the start up. `recheck` as for Start."""

    reason: Reason
    recheck: int | None


@dataclass(frozen=True)
class Describe:
    """Ask TRTC whether the task is still there."""

    task_id: str


@dataclass(frozen=True)
class Confirm:
    """Ask TRTC whether the task records, though a callback told its end then."""

    task_id: str
    told_ms: int


@dataclass(frozen=True)
class Stop:
    """End the task. `why` is for the record where nobody has asked for it yet."""

    task_id: str
    why: str


@dataclass(frozen=True)
class Look:
    """List the task's files. The `last` look settles the task, with what it found or with nothing."""

    task_id: str
    last: bool


@dataclass(frozen=True)
class Sweep:
    """Search for an orphan task. One exists when two invocations raced: one was refused or asked to stop, the other
    died right after StartWebRecord. `recheck` as for Start."""

    recheck: int | None


@dataclass(frozen=True)
class Notify:
    """Send the message of this webhook-id; `attempt` is the number of this try."""

    webhook_id: str
    attempt: int


@dataclass(frozen=True)
class Inspect:
    """Look into the task's films; `tries` counts this look."""

    task_id: str
    tries: int


Step = Wait | Inspect | Start | GiveUp | Describe | Confirm | Stop | Look | Sweep | Notify


def first_due(steps: Sequence[Step]) -> Step:
    """Return the first step that is to be made now, or else the earliest wait."""
    waits = [step for step in steps if isinstance(step, Wait)]
    due = next((step for step in steps if not isinstance(step, Wait)), None)
    return due or min(waits, key=lambda wait: wait.until_ms)
