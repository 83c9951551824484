"""A Ctrl-C while a command still loads: one line, as later; Python itself would print where it was."""

from __future__ import annotations

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


def end(*_: object) -> None:
    """Say that nothing was done, and end."""
    try:
        os.write(2, b"interrupted: nothing was done\n")
    finally:
        os._exit(130)
