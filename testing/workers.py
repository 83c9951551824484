"""Pools of a timeline: calls at once are greenlets, where production has threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from random import Random
from typing import Any, TypeVar

from testing.timeline import Killed, Timeline

T = TypeVar("T")
WORKERS = 16
"""Calls of one invocation at once."""


class Workers(Executor):
    """A pool of greenlets on a timeline: what a pool of threads is in production."""

    def __init__(self, timeline: Timeline, workers: int = WORKERS) -> None:
        self._timeline, self._free = timeline, workers
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run it on a worker that is free, or once one is."""
        promised: Future[T] = _Promise(self._timeline)

        def work() -> None:
            try:
                promised.set_result(fn(*args, **kwargs))
            except Killed as death:
                promised.set_exception(death)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is told to who waits for it)
                promised.set_exception(error)

        self._waiting.append(work)
        if self._free:
            self._free -= 1
            self._timeline.begin(self._work)
        return promised

    def map(self, fn: Callable[..., T], *iterables: Iterable[Any], **_options: Any) -> Iterator[T]:
        """Run it over all; the results come in order."""
        promised = [self.submit(fn, *args) for args in zip(*iterables, strict=False)]
        return (future.result() for future in promised)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is under way."""
        del cancel_futures
        while wait and self._busy:
            self._timeline.wait_ms(1)

    def _work(self) -> None:
        self._busy += 1
        try:
            while self._waiting:
                self._waiting.popleft()()
        except Killed:
            pass
        finally:
            self._busy -= 1
            self._free += 1


def at_once(timeline: Timeline, calls: Sequence[Callable[[], Any]], chance: Random | None = None) -> list[Any]:
    """Make calls as greenlets, begun in drawn order; return what each gave when all are over, or raise its error.

    Raises:
        Killed: the process died meanwhile.
    """
    if len(calls) < 2 or not timeline.waits:
        return [call() for call in calls]
    order, left = list(range(len(calls))), len(calls)
    if chance is not None:
        chance.shuffle(order)
    waiting = iter(order)
    outcomes: list[Any] = [None] * left
    failed: dict[int, BaseException] = {}
    over: list[Callable[[], None]] = []

    def work() -> None:
        nonlocal left
        for number in waiting:
            try:
                outcomes[number] = calls[number]()
            except (Killed, Exception) as error:  # noqa: BLE001 (raised when the others are over)
                failed[number] = error
            left -= 1
        if not left and over:
            over.pop()()

    joins = timeline.free  # the first worker would run next: the caller does its work, for the price of a call
    for _ in range(min(WORKERS, left) - joins):
        timeline.begin(work)
    if joins:
        work()
        if not left:
            timeline.wait_ms(0)  # a worker's word that it is over comes behind what happens now
    while left:
        timeline.halt(over)
    if timeline.killed:
        raise Killed
    if failed:
        raise failed[min(failed)]
    return outcomes


class _Promise(Future[T]):
    """A future whose result is waited for in virtual time; without the locks of one between threads."""

    def __init__(self, timeline: Timeline) -> None:  # a Future's own makes a lock, which costs as much as a call
        self._timeline = timeline
        self._wake: list[Callable[[], None]] = []
        self._came: list[T] = []
        self._failed: BaseException | None = None

    def done(self) -> bool:
        return bool(self._came) or self._failed is not None

    def set_result(self, result: T) -> None:
        self._came.append(result)
        self._tell()

    def set_exception(self, exception: BaseException | None) -> None:
        self._failed = exception
        self._tell()

    def result(self, timeout: float | None = None) -> T:
        del timeout
        while not self.done():
            self._timeline.halt(self._wake)
        if self._failed is not None:
            raise self._failed
        return self._came[0]

    def _tell(self) -> None:
        for wake in self._wake:
            wake()
