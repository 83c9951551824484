"""The human's log: lines on standard error, where the events are not."""

from __future__ import annotations

import contextlib
import sys
import time


def log(message: str) -> None:
    """Write one line."""
    with contextlib.suppress(OSError):  # nobody reads it any more: the files are finished all the same
        print(time.strftime("%H:%M:%S"), message.replace("\n", " "), file=sys.stderr, flush=True)
