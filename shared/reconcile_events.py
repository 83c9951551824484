"""What the function `reconcile` does besides ticks: what wakes are about, and documents made anew."""

from __future__ import annotations

from typing import Any

from shared import bootstrap, log
from shared.domain.ids import is_recording_id
from shared.triggers import CosEvent, Replay
from shared.usecases.replay import all_recordings, replay
from shared.usecases.woken import woken

MOST_NAMED = 1_000
"""Recordings of a kind in a reply."""


def rebuild(trigger: Replay, app: bootstrap.ReconcileApp, budget_s: float) -> dict[str, Any]:
    """Rebuild documents from their facts; return how many there are, which ones changed, and which could not be.

    Of an index that is read whole, ids whose recording is deleted are no news.
    """
    store, clock = app.ports.store, app.ports.clock
    until_ms = clock() + int(budget_s * 1000)
    wanted = trigger.recording_ids or all_recordings(store)
    result = replay(store, wanted, clock(), after=trigger.after, has_time=lambda: clock() < until_ms)
    log.note(outcome="replayed", **result.noted())
    others = [] if trigger.after else [name for name in trigger.recording_ids if not is_recording_id(name)]
    absent = [*others, *result.absent] if trigger.recording_ids else []
    left = {"damaged": result.damaged, "unanswered": result.unanswered, "absent": absent}
    more = {**{name: ids[:MOST_NAMED] for name, ids in left.items()}, "after": result.after}
    named = {"recordings": result.recordings, "changed": result.changed[:MOST_NAMED]}
    return {**named, **{name: value for name, value in more.items() if value}}


def wake(event: CosEvent, app: bootstrap.ReconcileApp, budget_s: float) -> None:
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
            noted = woken(abouts, app.ports, budget_s, pool.map).noted()
        log.note(outcome="woken", **noted, wakes=len(abouts), recording_id=abouts[:20])
    else:
        log.note(outcome="ignored")
