"""The COS trigger of `wake/`: an event for each object, or none, or two, late and in any order, several at a time."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from shared.domain import keys
from shared.domain.errors import WebRecordError

if TYPE_CHECKING:
    from testing.run import Run

WAKINGS = ("off", "kind", "unkind")
LATE_MS = (0, 50, 300, 2_000, 45_000, 200_000, 3_600_000)
"""How long an event takes where the platform is unkind."""


class Waker:
    """Invokes reconcile for what is written under `wake/`, as the run's world has it."""

    def __init__(self, run: Run) -> None:
        self._run, self._number = run, 0
        self._held: list[str] = []

    def created(self, key: str, by: str) -> None:
        """An object was written; the platform sees it."""
        if keys.woken(key) is None:
            return
        run = self._run
        run.ledger.note(by, "woke", key)
        self._number += 1
        waking = run.scenario.settings.waking
        if waking == "off":
            return
        times, late_ms, together = 1, 100, False
        if waking == "unkind" and not run.peace:
            chance = run.scenario.stream(f"wake {self._number}")
            times = chance.choices([0, 1, 2], [2, 5, 3])[0]
            late_ms, together = chance.choice(LATE_MS), chance.random() < 0.2
        self._held.append(key)
        if together:
            return  # with the next one
        named, self._held = self._held, []
        for again in range(times):
            at_ms = run.timeline.now + late_ms * (1 + again)
            run.timeline.at(at_ms, partial(run.timeline.spawn, partial(self._wake, named)))

    def _wake(self, named: list[str]) -> None:
        with suppress(WebRecordError):
            self._run.invoke("reconcile", f"wake {named[0]}", lambda invoked: invoked.wake(named))
