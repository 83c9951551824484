"""After a recorder died without a word: make what it left behind playable."""

from __future__ import annotations

import contextlib
import shutil
import struct
from pathlib import Path
from typing import Any

from local.recorder import files
from local.recorder.paths import remove_private_folder

BROWSER = ".browser"
"""In a recorder's directory: what its browser writes."""
PLAIN = "plain"
"""In there: the path of the folder whose own path had to be plain."""


def rescue(work_dir: Path) -> list[dict[str, Any]]:
    """Finish every file in a dead recorder's directory and return the `file` events of all of them.

    Files that the recorder itself had already finished and reported are among them: compare names.
    Calling it again changes nothing. The recorder must be gone; so is its browser, whose directory is removed.
    """
    remove_private_folder(work_dir / BROWSER / PLAIN)
    shutil.rmtree(work_dir / BROWSER, ignore_errors=True)
    for pattern in ("*.faststart", "*.tmp"):
        for half in work_dir.glob(pattern):
            half.unlink()
    starts = files.noted_starts(work_dir)
    events: list[dict[str, Any]] = []
    media = [*work_dir.glob("*.mp4"), *work_dir.glob("*.m3u8")]
    for path in sorted(media, key=lambda found: (starts.get(found.name, 0), found.name)):
        with contextlib.suppress(OSError, ValueError, struct.error):  # damaged: it stays as it is
            events += _finish(path, starts.get(path.name))
    return events


def _finish(path: Path, start_ms: int | None) -> list[dict[str, Any]]:
    changed_ms = int(path.stat().st_mtime * 1000)
    if not files.complete(path, 0, 0):
        return []
    length_ms = round(files.duration_s(path) * 1000)
    # Without a note of the start, the last change of the file is its end.
    start = changed_ms - length_ms if start_ms is None else start_ms
    return files.complete(path, start, start + length_ms)
