"""Wakes: `wake/<recording id>` is written when reconcile has due work; its COS event invokes reconcile at once.

A lost wake loses nothing: the markers say what is due, and the timer does it. So a wake that cannot be written is no
error. Reconcile writes no wakes, because they would trigger it again.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from shared.domain import keys
from shared.domain.attempts import last_attempt
from shared.domain.document import decide
from shared.domain.errors import StoreError
from shared.domain.evidence import Evidence
from shared.domain.next_step import next_step
from shared.domain.periods import START_LEAD_MS
from shared.domain.steps import Confirm, GiveUp, Inspect, Start
from shared.domain.uploads import end_ms
from shared.ports import ObjectStore
from shared.store.journal import Known

PAGE = 1_000
FIRST = 10
"""How many names at the head of the queue are read: foreign names may come before the first start."""


def leave(store: ObjectStore, before: Evidence | None, known: Known, now_ms: int) -> None:
    """Write a wake if the recording has due work, or if its task ended while a start waits.

    `before` is what its document held before the news, `known` what it holds now.
    """
    with suppress(StoreError):
        about = known.accepted.recording_id
        if ends(known.evidence) > ends(before or Evidence()) and _has_queue(store, now_ms):
            write(store, f"{about}{keys.PLACE}")
        elif _is_due(known, now_ms):
            write(store, about)


def write(store: ObjectStore, about: str) -> None:
    """Write the wake of a recording, its place or a job; without one it waits for the timer."""
    with suppress(StoreError):
        store.put(keys.wake_key(about), b"")


def ends(evidence: Evidence) -> int:
    """Return how many of a recording's tasks have ended; each freed a place of TRTC's quota."""
    return sum(end_ms(task) is not None for task in evidence.tasks.values())


def clear(store: ObjectStore) -> None:
    """Delete all wakes: their events were handled or are lost."""
    left = (item.key for item in store.list(keys.WAKES) if keys.woken(item.key))
    while page := list(islice(left, PAGE)):
        store.delete_many(page)


def _is_due(known: Known, now_ms: int) -> bool:
    waits_ms = [message.next_ms for message in decide(known.accepted, known.evidence).notifications]
    if 0 in waits_ms:
        return True  # of a message that was refused before, the timer makes the next try
    step = next_step(known.accepted, known.evidence, now_ms, quiet=True)
    if isinstance(step, Inspect):
        return True
    if isinstance(step, Confirm):  # the answer lets a message go; without one the timer's question is soon enough
        return any(ms is not None for ms in waits_ms)
    last = last_attempt(known.evidence)
    if last is None or not isinstance(step, Start | GiveUp):
        return False  # a first start is its caller's
    # What TRTC has to be asked about first is the timer's, but for whether a task has failed.
    return step.recheck is None or (isinstance(step, Start) and last[1].task_key is not None)


def _has_queue(store: ObjectStore, now_ms: int) -> bool:
    first = next(filter(keys.is_marker, (item.key for item in store.list("due/", limit=FIRST))), None)
    return first is not None and keys.marked(first)[0] <= now_ms + START_LEAD_MS
