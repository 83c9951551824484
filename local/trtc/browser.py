"""Killing the browser of a recorder process, as if it had crashed."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

__all__ = ["kill_browser"]

_MARK = b"--remote-debugging-pipe"  # what our recorder starts Chromium with, and nothing else has


def kill_browser(recorder_pid: int) -> bool:
    """Kill the Chromium, a child with a session of its own, and all its processes; say whether there was one.

    Reads /proc, so there is none to be found on systems without it.
    """
    found = False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            # "pid (name) state ppid pgrp session": the name may hold spaces and brackets.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # gone meanwhile
        if parent == recorder_pid and _MARK in command:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(folder.name), signal.SIGKILL)
                found = True
    return found
