"""The pace of calls to TRTC, over all threads of a tick."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from shared.usecases.pace import Pacer


class Seconds:
    """A clock that only moves when somebody sleeps, and remembers when each call went through."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_first_call_is_free_and_the_next_ones_wait() -> None:
    """Ten a second are a tenth of a second apart, however fast they come."""
    seconds = Seconds()
    pacer = Pacer(10, lambda: seconds.now, seconds.sleep)
    times = []
    for _ in range(21):
        pacer.wait()
        times.append(round(seconds.now - 100, 6))
    assert [n / 10 for n in range(21)] == times


def test_who_comes_late_does_not_wait() -> None:
    """A pause is not saved up for a burst either."""
    seconds = Seconds()
    pacer = Pacer(10, lambda: seconds.now, seconds.sleep)
    pacer.wait()
    seconds.now += 60
    times = []
    for _ in range(3):
        pacer.wait()
        times.append(round(seconds.now - 160, 6))
    assert [0, 0.1, 0.2] == times


def test_the_rate_is_kept_over_threads() -> None:
    """Sixteen threads at the same instant get sixteen different turns, a tenth of a second apart."""
    waits: list[float] = []
    together = threading.Barrier(16)
    pacer = Pacer(10, lambda: 100.0, waits.append)  # time stands still: each wait is a turn

    def call(_: int) -> None:
        together.wait()
        for _ in range(5):
            pacer.wait()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(16)))
    assert [round(n / 10, 6) for n in range(1, 80)] == sorted(round(wait, 6) for wait in waits)


def test_waiting_does_not_hold_the_others() -> None:
    """A thread that sleeps has its turn already: the next one is told its own at once."""
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        turns.append(round(seconds, 6))
        if len(turns) == 1:
            pacer.wait()  # would never return if the lock were held

    pacer = Pacer(2, lambda: 0.0, sleep)
    pacer.wait()
    pacer.wait()
    assert [0.5, 1.0] == turns
