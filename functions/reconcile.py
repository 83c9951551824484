"""Function `reconcile`, run by timer and wakes: start, stop and resolve recordings, notify, replay, run the doctor."""

from __future__ import annotations

from typing import Any

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared import reconcile_events as events
from shared.entrypoint import Result, entrypoint
from shared.triggers import CosEvent, Replay, Tick, Trigger
from shared.usecases.tick import tick

BUDGET_S = 50.0
"""Within the timer's minute, so that ticks do not pile up."""

LONGEST_S = 110.0
"""The longest invocation, seconds: a tick finishes what it began."""


def handle(trigger: Trigger, app: bootstrap.ReconcileApp) -> Result:
    """Run one tick, handle wakes, or rebuild documents from their facts."""
    if isinstance(trigger, Tick):
        with app.workers() as pool:
            log.note(outcome="ticked", **tick(app.ports, app.budget_s(BUDGET_S), pool.map).noted())
    elif isinstance(trigger, CosEvent):
        events.wake(trigger, app, app.budget_s(BUDGET_S))
    elif isinstance(trigger, Replay):
        return events.rebuild(trigger, app, app.budget_s(BUDGET_S))
    return None


def examine() -> dict[str, Any]:
    """Return the doctor's findings, even if settings are wrong, and which version this is."""
    from shared.doctor.run import Examination  # no tick needs it

    return Examination("reconcile").report()


main_handler = entrypoint(handle, bootstrap.reconcile, examine, within_s=LONGEST_S)
