"""The one small pool of an instance: storage calls that do not depend on each other go out at once."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

THREADS = 16
"""Made when they are needed, one by one: a callback needs three, a tick with much to do all of them."""


class Pool:
    """Makes calls at once. Whoever asks makes the first one itself, and whatever no thread has begun by then."""

    def __call__(self, *calls: Callable[[], Any]) -> list[Any]:
        """Return what each call gave when all are over; raise the first one's error then."""
        if len(calls) < 2:
            return [call() for call in calls]
        begun = [self._threads.submit(copy_context().run, _outcome, call) for call in calls[1:]]
        outcomes = [_outcome(calls[0])]
        for call, future in zip(calls[1:], begun, strict=True):
            outcomes.append(_outcome(call) if future.cancel() else future.result())
        for _, error in outcomes:
            if error is not None:
                raise error
        return [result for result, _ in outcomes]

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(THREADS)


def _outcome(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 (raised when the others are over)
        return None, error


def in_turn(*calls: Callable[[], Any]) -> list[Any]:
    """Make them one after another."""
    return [call() for call in calls]
