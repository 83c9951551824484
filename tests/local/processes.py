"""What tests ask of processes that are not their own children."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def heeding_hangups() -> Iterator[None]:
    """Let what is started meanwhile end when its terminal closes, also where `nohup make test &` has us ignore that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def alive(pid: int) -> bool:
    """Tell whether a process or a thread of it runs; one that waits for its parent to notice its death does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1  # noqa: PTH208
    except OSError:
        return False
