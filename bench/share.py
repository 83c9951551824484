"""A share of a core, as a function has it: the kernel lets a control group run so long in each tenth of a second."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD_US = 100_000
V1, V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


@contextmanager
def share(of_a_core: float) -> Iterator[Path | None]:
    """Give the file that a process writes its id into to have such a share; None where no quota may be set."""
    quota_us = round(PERIOD_US * of_a_core)
    limits = {
        V1: {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota_us)},
        V2: {"cpu.max": f"{quota_us} {PERIOD_US}"},
    }
    for root, files in limits.items():
        group = root / f"webrecord-bench-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if all((group / name).exists() for name in files):
                for name, limit in files.items():
                    (group / name).write_text(limit)
                yield group / "cgroup.procs"
                return
        finally:
            group.rmdir()
    yield None
