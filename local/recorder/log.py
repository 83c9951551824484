"""The human's log: lines on standard error, where the events are not."""

from __future__ import annotations

import sys
import time


def log(message: str) -> None:
    """Write one line."""
    print(time.strftime("%H:%M:%S"), message.replace("\n", " "), file=sys.stderr, flush=True)
