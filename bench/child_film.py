"""Look into one film: `python3.10 -I -S -B child_film.py FOLDER FILE`; prints what it cost, one JSON document.

Only the standard library and the folder, a packaged function, are on the path.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Import, look, tell."""
    folder, path = sys.argv[1:]
    sys.path[:0] = [folder]
    from shared.domain.film.check import inspect
    from shared.domain.film.reader import Budget

    file, reads = os.open(path, os.O_RDONLY), list[int]()

    def read(offset: int, length: int) -> bytes:
        reads.append(length)
        return os.pread(file, length, offset)

    imported, began = time.process_time(), time.monotonic()
    check = inspect("film.mp4", read, os.fstat(file).st_size, Budget())
    told = {
        "verdict": check.verdict.value,
        "cpu_s": time.process_time() - imported,
        "wall_s": time.monotonic() - began,
        "peak_kb": _peak_kb(),
        "reads": len(reads),
        "bytes": sum(reads),
    }
    print(json.dumps(told))


def _peak_kb() -> int:
    """Return this program's largest resident memory; what rusage says may be its parent's."""
    with open("/proc/self/status") as status:  # noqa: PTH123 (pathlib would count as ours)
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
