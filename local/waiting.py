"""What a command waits for, told on stderr once it takes long; on a terminal as long as it lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.markup import escape

QUIET_S = 2.0
"""What takes no longer is told nowhere but on a terminal."""


@contextmanager
def waiting(console: Console, line: str, quiet_s: float = QUIET_S) -> Iterator[None]:
    """Tell of a wait that is longer than so many seconds: where nothing can be redrawn, in one line."""
    if console.is_terminal:
        with console.status(escape(line)):
            yield
        return

    def say() -> None:
        with suppress(OSError):  # nobody reads: the command's own lines find out
            console.print(escape(line), highlight=False, soft_wrap=True)

    timer = threading.Timer(quiet_s, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
