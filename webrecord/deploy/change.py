"""Changes: the steps that bring a resource to its wanted state, made one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from webrecord.deploy.errors import ApiError, DeployFailed
from webrecord.words import t

SETTLE_S = 90
"""How long a change may take to become visible: roles and policies spread slowly, seconds."""
MOST = 40
"""The most changes of one resource: a defect must not loop forever."""


@dataclass(frozen=True)
class Change:
    """One step.

    Attributes:
        sign: `+` makes, `~` changes, `-` takes away.
        what: the resource and what is done to it; also what tells this change from others.
        fields: what changes, in words; no secret in it.
        do: makes the call.
    """

    sign: str
    what: str
    fields: tuple[str, ...] = field(default=(), compare=False)
    do: Callable[[], object] = field(default=lambda: None, compare=False, repr=False)

    @property
    def line(self) -> str:
        """Return it as a plan shows it."""
        return f"{self.sign} {self.what}" + (f": {', '.join(self.fields)}" if self.fields else "")


class Resource(Protocol):
    """A part of a deployment."""

    @property
    def name(self) -> str:
        """What people call it."""

    def changes(self) -> Sequence[Change]:
        """Compare the account with the wanted state; return the needed changes in order, none if they agree.

        Raises:
            ApiError: it can't be read.
            CliError: it can't be made so; one line says why.
        """


class Gone(Resource, Protocol):
    """A part of a deployment that is taken away."""

    def stays(self) -> str | None:
        """Return why it stays, None where it goes."""


@dataclass
class Applying:
    """How changes are made.

    Attributes:
        say: told of each change when it is seen.
        clock, sleep: seconds.
    """

    say: Callable[[Change, float], None] = lambda _change, _s: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def apply(self, resource: Resource) -> int:
        """Make every change of a resource; return how many. Each is seen in what is read before the next is made."""
        made, left = 0, resource.changes()
        while left:
            change, begun = left[0], self.clock()
            change.do()
            left = self._seen(resource, change, begun)
            self.say(change, self.clock() - begun)
            made += 1
            if made == MOST:
                raise DeployFailed(
                    t("{name}: after {made} changes it still differs from the plan", name=resource.name, made=made)
                )
        return made

    def _seen(self, resource: Resource, change: Change, begun: float) -> Sequence[Change]:
        pause = 0.5
        while change in (left := resource.changes()):
            if self.clock() - begun > SETTLE_S:
                raise DeployFailed(
                    t(
                        "{what}: the account does not show it after {settle_s} s; run the command again",
                        what=change.what,
                        settle_s=SETTLE_S,
                    )
                )
            self.sleep(pause)
            pause = min(pause * 1.5, 5)
        return left


def unless(codes: Sequence[str], do: Callable[[], object]) -> Callable[[], object]:
    """Return the call, with these refusals taken as success: it was done before, or its answer was lost."""

    def call() -> object:
        try:
            return do()
        except ApiError as error:
            if not error.code.startswith(tuple(codes)):
                raise
            return None

    return call
