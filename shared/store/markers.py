"""Markers: what is to be done, and from when on. They are reconcile's work list, and mean nothing by themselves.

`due/<ms>-<id>`: a start that is scheduled or queued. `open/<ms>-<id>`: a recording that is to be looked at.
"""

from __future__ import annotations

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.periods import REPEAT_MS
from shared.ports import ObjectStore


def mark_look(store: ObjectStore, recording_id: str, at_ms: int) -> None:
    """Have the recording looked at from that time on (epoch ms)."""
    store.put(keys.open_key(at_ms, recording_id), b"")


def mark_start(store: ObjectStore, accepted: Accepted, now_ms: int) -> None:
    """Have a start made when it is due, and given up at its deadline."""
    store.put(keys.due_key(accepted.due_ms, accepted.recording_id), b"")
    # A scheduled start has one marker: its deadline gets one when the start is due and can't be made.
    if accepted.start_by_ms is not None and not accepted.is_early(now_ms):
        mark_look(store, accepted.recording_id, accepted.start_by_ms)


def claim(store: ObjectStore, accepted: Accepted, now_ms: int) -> None:
    """Write the marker by which reconcile finds a start, before anything else is written."""
    if accepted.is_early(now_ms):
        mark_start(store, accepted, now_ms)
    else:
        mark_look(store, accepted.recording_id, now_ms + REPEAT_MS)
