"""One small thread pool per instance: independent storage calls run in parallel."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

THREADS = 16
"""Threads start on demand: a callback needs three, a busy tick all of them."""


class Pool:
    """Runs calls in parallel; the caller's thread runs the first one, and those that wait for a pool thread."""

    def __call__(self, *calls: Callable[[], Any]) -> list[Any]:
        """Wait for all calls and return their results in order; raise the first error, if any."""
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
