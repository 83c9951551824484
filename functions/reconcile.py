"""Function `reconcile`: the timer. Starts what is due, finds out what fell silent, tells callers; or replays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from shared import bootstrap, log
from shared.entrypoint import Result, entrypoint
from shared.triggers import Replay, Tick, Trigger
from shared.usecases.reconcile import tick
from shared.usecases.replay import all_recordings, replay

BUDGET_S = 50.0
"""Within the timer's minute, so that ticks do not pile up."""
THREADS = 16


@entrypoint
def main_handler(trigger: Trigger) -> Result:
    """Run one tick; or rebuild documents from their facts."""
    ports = bootstrap.reconcile()
    if isinstance(trigger, Tick):
        with ThreadPoolExecutor(THREADS) as pool:
            report = tick(ports, BUDGET_S, pool.map)
        log.note(outcome="ticked", looked=report.looked, started=report.started, waiting=report.waiting)
        log.note(errors=report.errors[:10] or None, error_count=len(report.errors))
    elif isinstance(trigger, Replay):
        result = replay(ports.store, trigger.recording_ids or all_recordings(ports.store))
        log.note(outcome="replayed", recordings=result.recordings, changed=result.changed[:20])
        return {"recordings": result.recordings, "changed": result.changed}
    return None
