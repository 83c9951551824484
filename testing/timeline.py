"""Virtual time for synchronous code: what runs at once are greenlets, and every call at a port lets others run.

A process is one invocation: its own greenlet and those of its workers. It dies at its limit, or wherever it is killed:
`Killed` is raised at the call it is at, and every later call of it fails the same way and does nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")
Sleeper = list[greenlet]
"""Who is to go on; empty once it was killed: the alarm must not wake what its greenlet does next."""
Happening = Sleeper | Callable[[], object]


class Killed(BaseException):
    """The process died here; no `except` of the code under test may see it."""


@dataclass(eq=False)
class Process:
    """One invocation. `label` says which, the same in every replay of the run."""

    label: str
    began_ms: int = 0
    dead: bool = False
    overran: bool = False
    calls: int = 0
    members: list[greenlet] = field(default_factory=list)


class Timeline:
    """A clock, epoch ms, and an agenda of what happens when. Called, it tells the time: it is a port."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self.now = now_ms
        self._until = now_ms
        self._agenda: list[tuple[int, int, Happening]] = []
        self._ready = deque[Happening]()
        """What happens now, behind what was on the agenda for now before."""
        self._count = 0
        self._hub = getcurrent()
        self._process: dict[greenlet, Process] = {}
        self._idle: list[greenlet] = []
        self._tasks: dict[greenlet, Callable[[], object]] = {}
        """What workers that have not begun are to do."""

    def __call__(self) -> int:
        return self.now

    def at(self, ms: int, do: Happening) -> None:
        """Schedule a function; it runs without interruption unless it waits in its own greenlet. Or wake a sleeper."""
        if ms <= self.now:
            self._ready.append(do)
        else:
            self._count += 1
            heappush(self._agenda, (ms, self._count, do))

    def next_ms(self) -> int | None:
        """Return when the next thing happens."""
        return self.now if self._ready else self._agenda[0][0] if self._agenda else None

    def run_until(self, ms: int) -> None:
        """Let time pass, and happen what is on the agenda."""
        assert getcurrent() is self._hub, "only from outside"
        self._until = ms
        agenda, ready = self._agenda, self._ready
        while True:
            if ready and not (agenda and agenda[0][0] <= self.now):
                do = ready.popleft()
            elif agenda and agenda[0][0] <= ms:
                self.now, _, do = heappop(agenda)
            else:
                break
            if type(do) is not list:
                do()  # type: ignore[operator]  # a function
            elif do:
                do[0].switch()
        self.now = max(self.now, ms)
        while self._idle:  # what a suspended greenlet holds is never collected
            self._idle.pop().throw(GreenletExit)

    def spawn(self, do: Callable[[], object]) -> None:
        """Begin something now that may wait in between."""
        self._ready.append([greenlet(do, self._hub)])

    @property
    def free(self) -> bool:
        """Whether nothing else is to happen now."""
        return not self._ready and not (self._agenda and self._agenda[0][0] <= self.now)

    @property
    def killed(self) -> bool:
        """Whether the caller's process is dead."""
        process = self._process.get(getcurrent())
        return process is not None and process.dead

    @property
    def waits(self) -> bool:
        """Whether the caller is a greenlet, which can wait while others run."""
        return getcurrent() is not self._hub

    def wait_ms(self, ms: int) -> None:
        """Let time pass for the caller; others run meanwhile.

        Raises:
            Killed: its process died before.
        """
        here = getcurrent()
        process = self._process.get(here)
        if process is not None and process.dead:
            raise Killed
        if here is self._hub:  # nobody's: a test that calls a port itself
            self.now += ms
            return
        at_ms, agenda = self.now + ms, self._agenda
        if not self._ready and at_ms <= self._until and (not agenda or agenda[0][0] > at_ms):
            self.now = at_ms
            return
        sleeper = [here]
        self.at(at_ms, sleeper)
        try:
            self._hub.switch()
        except BaseException:
            sleeper.clear()
            raise
        if process is not None and process.dead:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """`time.sleep`, for ports."""
        self.wait_ms(round(seconds * 1000))

    def halt(self, wakers: list[Callable[[], None]]) -> None:
        """Wait until one of `wakers` is called, to which a new one is added."""
        sleeper = [getcurrent()]
        wakers.append(partial(self._ready.append, sleeper))
        try:
            self._hub.switch()
        finally:
            sleeper.clear()

    # Processes

    @property
    def process(self) -> Process | None:
        """Whose greenlet this is."""
        return self._process.get(getcurrent())

    def run(self, process: Process, limit_s: float, do: Callable[[], T]) -> T | None:
        """Run an invocation in the caller's greenlet; None where it was killed, by its limit for example."""
        here = getcurrent()
        self._join(here, process)
        process.began_ms = self.now
        limit = [process]
        self.at(self.now + round(limit_s * 1000), lambda: self._overrun(limit))
        try:
            return do()
        except Killed:
            return None
        finally:
            limit.clear()
            for member in process.members:
                self._process.pop(member, None)

    def _overrun(self, limited: list[Process]) -> None:
        for process in limited:
            process.overran = True
            self.kill(process)

    def kill(self, process: Process) -> None:
        """End a process: `Killed` is raised wherever its greenlets are, the caller's own to be left by the caller."""
        process.dead = True
        # Workers first: the one that began them may only wait for them.
        for member in [*process.members[1:], *process.members[:1]]:
            if member is not getcurrent():
                self.at(self.now, lambda member=member: self._throw(member, process))  # type: ignore[misc]

    def _throw(self, member: greenlet, process: Process) -> None:
        # Begun and not over; what has not begun fails at its first call.
        if member and member not in self._tasks and self._process.get(member) is process:
            member.throw(Killed)

    def _join(self, member: greenlet, process: Process) -> None:
        self._process[member] = process
        process.members.append(member)

    def begin(self, do: Callable[[], object]) -> None:
        """Begin a worker of the caller's process: one that is idle, since a new one costs a stack of its own."""
        process = self._process.get(getcurrent())
        worker = self._idle.pop() if self._idle else greenlet(self._work, self._hub)
        worker.gr_context = None  # nothing of what it did before
        self._tasks[worker] = do
        if process is not None:
            self._join(worker, process)
        self._ready.append([worker])

    def _work(self) -> None:
        here = getcurrent()
        while True:
            self._tasks.pop(here)()
            process = self._process.pop(here, None)
            if process is not None:
                process.members.remove(here)
            self._idle.append(here)
            self._hub.switch()
