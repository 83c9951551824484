"""While a command still loads: a Ctrl-C is one line, as later, where Python would print where it was; no garbage."""

from __future__ import annotations

import gc
import os
import signal
import sys

NAMES = ("webrecord", "webrecord.exe", "webrecord-script.py", "__main__.py")


def is_command() -> bool:
    """Tell whether this process was started as the command: `webrecord`, `python -m webrecord`."""
    word = sys.argv[0] if sys.argv else ""
    return word == "-m" or (os.path.basename(word) in NAMES and "pytest" not in word)  # noqa: PTH119 (pathlib costs time)


def end_in_a_line() -> None:
    """Let Ctrl-C end the process at once, until the command says what it does instead."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it is ignored behind nohup … &
        signal.signal(signal.SIGINT, end)


def look_for_no_garbage() -> None:
    """Load without: all that is loaded stays, and to look through it again and again is a quarter of the start."""
    gc.disable()


def look_for_garbage() -> None:
    """Look for it from here on, not in what is loaded."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def end(*_: object) -> None:
    """Say that nothing was done, and end."""
    try:
        os.write(2, b"interrupted: nothing was done\n")
    finally:
        os._exit(130)
