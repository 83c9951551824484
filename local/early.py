"""The edges of a command: a Ctrl-C while it still loads, and an output that can't be written, are one line each."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Callable

STOPPED = "interrupted: stopped here"
_LOADED = ("local", "local.recorder")
"""What `python -m` starts, and calls `look_for_garbage` behind its imports."""
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a stream that nobody reads, or a full disk behind it, answers: the name of no file comes with it."""


def end_in_a_line() -> None:
    """Let Ctrl-C end a process that `python -m` starts, until the command says what it does instead."""
    # While `python -m` looks for its module, this is its first word; SIGINT is ignored behind nohup … &
    if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)


def look_for_no_garbage() -> None:
    """Load without: all that is loaded stays, and to look through it again and again is an eighth of the start."""
    words = sys.orig_argv
    if sys.argv[:1] == ["-m"] and "-m" in words and words[words.index("-m") + 1] in _LOADED:
        gc.disable()


def look_for_garbage() -> None:
    """Look for it from here on, not in what is loaded."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run(main: Callable[[], object]) -> object:
    """Run the command; Ctrl-C is a KeyboardInterrupt again, so that what has begun is ended in order.

    Raises:
        SystemExit: 130, behind one line, where the command does not say more; 2, behind one line, where its output
            can't be written; 0 where the reader of its output left.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may lack letters of a folder, a page, or of ours
        sys.stdout.reconfigure(errors="backslashreplace")
    look_for_garbage()
    ours = signal.getsignal(signal.SIGINT) is end
    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return main()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        raise SystemExit(130) from None
    except OSError as error:
        if error.filename is not None or error.errno not in _OF_OUTPUT:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try again when it ends
        if error.errno == errno.EPIPE:
            raise SystemExit(0) from None
        os.write(2, f"error: the output can't be written: {error.strerror}\n".encode(errors="replace"))
        raise SystemExit(2) from None
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
