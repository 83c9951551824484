"""Markers: reconcile's work list. A marker says which recording is due and when; the facts decide what is done.

`due/<ms>-<id>`: make this scheduled or queued start. `open/<ms>-<id>`: check this recording, above all for its stop.
`ask/<ms>-<id>`: ask TRTC about this silent one. `tell/<ms>-<id>`: notify its receiver. Each is a separate queue, so
that none delays another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.periods import REPEAT_MS
from shared.ports import ObjectStore
from shared.store.batches import delete_all

LONGEST_MS = 3_600_000
"""The longest wait between two tries of a marker that always fails."""


def mark_look(store: ObjectStore, recording_id: str, at_ms: int) -> None:
    """Write the marker of a check from that time on (epoch ms)."""
    store.put(keys.open_key(at_ms, recording_id), b"")


def mark_question(store: ObjectStore, recording_id: str, now_ms: int, every_ms: int, *, at_once: bool = False) -> None:
    """Write the marker of a question to TRTC, once per period: in the next period, or `at_once` in this one.

    All writers of one period write the same key, so a recording stands in the queue once.
    """
    offset = crc32(recording_id.encode()) % every_ms
    period = (now_ms - offset) // every_ms + (not at_once)
    store.put(keys.ask_key(period * every_ms + offset, recording_id), b"")


def mark_message(store: ObjectStore, recording_id: str, at_ms: int) -> None:
    """Write the marker of a notification from that time on (epoch ms)."""
    store.put(keys.tell_key(at_ms, recording_id), b"")


def back_off(store: ObjectStore, marker: str, now_ms: int) -> None:
    """Move a failed marker later, by at most as long as it has been failing. Its body holds the first failure's time.

    The times are on a grid per recording, so that the markers of several writers become one.
    """
    stored = store.get(marker)
    if stored is None:
        return
    since_ms = int(stored.body) if re.fullmatch(rb"[0-9]{13}", stored.body) else now_ms
    later = keys.moved(marker, _next_try_ms(keys.marked(marker)[1], now_ms, now_ms - since_ms))
    store.put(later, f"{since_ms:013d}".encode())
    if later != marker:
        store.delete(marker)


def _next_try_ms(recording_id: str, now_ms: int, failing_ms: int) -> int:
    if failing_ms < REPEAT_MS:
        return now_ms  # by the next tick
    step_ms = LONGEST_MS
    while step_ms > failing_ms:
        step_ms //= 2
    offset = crc32(recording_id.encode()) % step_ms
    return ((now_ms - offset) // step_ms + 1) * step_ms + offset


def mark_start(store: ObjectStore, accepted: Accepted, now_ms: int, behind_ms: int = 0) -> None:
    """Have a start made when it is due, or behind what is due by `behind_ms`, and given up at its deadline."""
    store.put(keys.due_key(max(accepted.due_ms, behind_ms), accepted.recording_id), b"")
    # The usual deadline of a scheduled start needs no marker: the starts that are due show when it has passed.
    deadlines_ms = [ms for ms in (accepted.start_by_ms, accepted.stop_at_ms) if ms is not None]
    if deadlines_ms and (accepted.has_start_by or not accepted.is_early(now_ms)):
        mark_look(store, accepted.recording_id, min(deadlines_ms))


def drop(store: ObjectStore, marks: Sequence[str]) -> None:
    """Delete the markers of a recording that was looked at: hundreds where a caller asked the same over and over."""
    if len(marks) == 1:
        store.delete(marks[0])
    else:
        delete_all(store, marks)


def claim(store: ObjectStore, accepted: Accepted, now_ms: int) -> None:
    """Write the marker by which reconcile finds a start, before anything else is written."""
    if accepted.is_early(now_ms):
        mark_start(store, accepted, now_ms)
    else:
        mark_look(store, accepted.recording_id, now_ms + REPEAT_MS)
