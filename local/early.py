"""A Ctrl-C while a command still loads: one line, as later; Python itself would print where it was."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

STOPPED = "interrupted: stopped here"


def end_in_a_line() -> None:
    """Let Ctrl-C end a process that `python -m` starts, until the command says what it does instead."""
    # While `python -m` looks for its module, this is its first word; SIGINT is ignored behind nohup … &
    if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)


def run(main: Callable[[], object]) -> object:
    """Run the command; Ctrl-C is a KeyboardInterrupt again, so that what has begun is ended in order.

    Raises:
        SystemExit: 130, behind one line, where the command does not say more.
    """
    ours = signal.getsignal(signal.SIGINT) is end
    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return main()
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        if ours:
            signal.signal(signal.SIGINT, end_behind)  # Python's own end would print where it was


def end_behind(*_: object) -> None:
    """End at once: what is still waited for has nothing to say."""
    os._exit(130)


def end(*_: object) -> None:
    """Say that nothing was done, and end."""
    try:
        os.write(2, b"interrupted: nothing was done\n")
    finally:
        os._exit(130)
