"""Function `reconcile`: the timer, and wakes. Starts what is due, ends the silent, tells callers; replays, examines."""

from __future__ import annotations

from typing import Any

import shared.cold_start  # noqa: F401 (first of all: see there)
from shared import bootstrap, log
from shared.entrypoint import Result, entrypoint
from shared.triggers import CosEvent, Replay, Tick, Trigger
from shared.usecases.replay import all_recordings, replay
from shared.usecases.tick import tick
from shared.usecases.woken import woken

BUDGET_S = 50.0
"""Within the timer's minute, so that ticks do not pile up."""

LONGEST_S = 110.0
"""What an invocation may take altogether: a tick ends what it began."""

MOST_NAMED = 1_000
"""Changed recordings in a reply."""


def handle(trigger: Trigger, app: bootstrap.ReconcileApp) -> Result:
    """Run one tick; do what a wake is about; or rebuild documents from their facts."""
    if isinstance(trigger, Tick):
        with app.workers() as pool:
            log.note(outcome="ticked", **tick(app.ports, BUDGET_S, pool.map).noted())
    elif isinstance(trigger, CosEvent):
        _wake(trigger, app)
    elif isinstance(trigger, Replay):
        store, clock = app.ports.store, app.ports.clock
        until_ms = clock() + int(BUDGET_S * 1000)
        wanted = trigger.recording_ids or all_recordings(store)
        result = replay(store, wanted, clock(), after=trigger.after, has_time=lambda: clock() < until_ms)
        log.note(outcome="replayed", **result.noted())
        more = {"after": result.after} if result.after else {}
        return {"recordings": result.recordings, "changed": result.changed[:MOST_NAMED], **more}
    return None


def _wake(event: CosEvent, app: bootstrap.ReconcileApp) -> None:
    """Do what wakes are about; nothing for any other object, or what is written here would bring the next event."""
    abouts, others = [], []
    for created in event.created:
        about = app.woken(created)
        if about is None:
            others.append(f"{created.bucket}/{(created.keys or (created.key,))[0]}"[:200])
        else:
            abouts.append(about)
    log.note(no_wakes=len(others) or None, named=others[:10] or None, unread=event.unread or None)
    if abouts:
        with app.workers() as pool:
            noted = woken(abouts, app.ports, BUDGET_S, pool.map).noted()
        log.note(outcome="woken", **noted, wakes=len(abouts), recording_id=abouts[:20])
    else:
        log.note(outcome="ignored")


def examine() -> dict[str, Any]:
    """Return what the doctor finds, whatever is wrong with the settings."""
    from shared.doctor.run import Examination  # no tick needs it

    return Examination("reconcile").report()


main_handler = entrypoint(handle, bootstrap.reconcile, examine, within_s=LONGEST_S)
