"""Report long waits on stderr; on a terminal in one line that is rewritten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.status import Status
from rich.text import Text

from webrecord.errors import ReaderLeftError
from webrecord.text import safe
from webrecord.words import t

QUIET_S = 2.0
"""Seconds; shorter waits are not reported."""
_EVERY_S = 1.0
Change = Callable[[str], None]
"""Changes the text of a reported wait: another try, more bytes."""


class Waits(Protocol):
    """Reports a wait while its block runs."""

    def __call__(self, line: str, quiet_s: float = QUIET_S) -> AbstractContextManager[Change]:
        """Begin a wait; report it after `quiet_s` seconds."""


def silently(line: str, quiet_s: float = QUIET_S) -> AbstractContextManager[Change]:  # noqa: ARG001 (as `Waits` has it)
    """Report nothing."""
    return nullcontext(lambda _changed: None)


@dataclass(eq=False)
class _Wait:
    line: str
    since: float
    due: float
    said: str = ""


class Waiting:
    """Reports waits on one console; several threads may wait at once.

    Args:
        console: on a terminal it shows the newest wait, and for how long it lasts.
        say: prints a line where there is no terminal: one for a wait, one for each change of it.
    """

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self._console, self._say = console, say
        self._waits: list[_Wait] = []
        self._status: Status | None = None
        self._news, self._tells = threading.Condition(), False

    @contextmanager
    def about(self, line: str, quiet_s: float = QUIET_S) -> Iterator[Change]:
        """Report a wait after `quiet_s` seconds until the block ends; yield the function that changes its text."""
        now = time.monotonic()
        wait = _Wait(line, now, now + quiet_s)

        def change(changed: str) -> None:
            with self._news:
                wait.line = changed
                self._news.notify()

        with self._news:
            self._waits.append(wait)
            if not self._tells:
                self._tells = True
                threading.Thread(target=self._tell, daemon=True).start()
            self._news.notify()
        try:
            yield change
        finally:
            with self._news:
                self._waits.remove(wait)
                if not self._waits:
                    self._show("")
                self._news.notify()

    def hide(self) -> None:
        """Clear the terminal's line, so that the caller can print."""
        with self._news:
            self._show("")

    def _tell(self) -> None:
        with self._news:
            while self._waits:
                now = time.monotonic()
                due = [wait for wait in self._waits if wait.due <= now]
                with suppress(OSError, ReaderLeftError):  # nobody reads: the command's own lines find out
                    if self._console.is_terminal:
                        self._show(_timed(due[-1], now) if due else "")
                    else:
                        self._print(due)
                later = [wait.due - now for wait in self._waits if wait.due > now]
                self._news.wait(min([*later, _EVERY_S]))
            self._tells = False

    def _show(self, text: str) -> None:
        if not text:
            if self._status is not None:
                self._status.stop()
            self._status = None
        elif self._status is None:
            self._status = self._console.status(_shown(text))
            self._status.start()
        else:
            self._status.update(_shown(text))

    def _print(self, due: list[_Wait]) -> None:
        for wait in due:
            if wait.said != wait.line:
                told = {other.said for other in self._waits}
                wait.said = wait.line
                if wait.line not in told:  # four calls that wait for the same say so once
                    self._say(wait.line)


def _timed(wait: _Wait, now: float) -> str:
    seconds = now - wait.since
    return wait.line if seconds < QUIET_S else t("{line} ({seconds:.0f} s)", line=wait.line, seconds=seconds)


def _shown(text: str) -> Text:
    return Text(safe(text), no_wrap=True, overflow="ellipsis")
