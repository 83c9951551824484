"""CPU time of process trees, from /proc: what a browser's helpers use is not in anybody's own account."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree_s(root: int) -> float:
    """Return the CPU seconds of a process, of all below it, and of those below it that ended and were waited for."""
    seen: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                # From the third on: state, parent; the 14th to the 17th are user and system time, own and waited for.
                seen[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
    family, grown = {root}, True
    while grown:
        fresh = {pid for pid, (parent, _) in seen.items() if parent in family} - family
        family |= fresh
        grown = bool(fresh)
    return sum(seen[pid][1] for pid in family if pid in seen)
