"""Find the files of a killed local cloud: its recorders finish them on their own.

Each recorder holds a lock in its work folder as long as it lives, so that nobody takes a file that is being written.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.state import try_lock

__all__ = ["FOLDER", "left_in", "recorder_lock", "rescue", "rescue_leftovers"]

log = logging.getLogger(__name__)

LOCK = ".recorder.lock"
FOLDER = "rescued"
_MEDIA = (".mp4", ".m3u8", ".ts")
_LOOK_S = 0.2


@contextmanager
def recorder_lock(work_dir: Path) -> Iterator[tuple[int, ...]]:
    """Lock a work folder for a recorder that is about to be started; yield what it has to inherit.

    It is the recorder's when this ends: the lock lasts as long as any process has the descriptor.
    """
    fds: tuple[int, ...] = ()
    if os.name == "posix":
        with suppress(OSError):  # a full disk: it is recorded without
            fds = (os.open(work_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600),)
    try:
        with suppress(OSError):
            for fd in fds:
                try_lock(fd, shared=True)
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


def rescue_leftovers(state_dir: Path, wait_s: float) -> list[str]:
    """Finish the files that a dead cloud left in its work folders, move them to `rescued/`, and say where, a line each.

    Recorders that still finish theirs are waited for. To be called while no cloud runs, or before it has tasks.
    """
    return rescue(left_in(state_dir), state_dir / FOLDER, wait_s)


def left_in(state_dir: Path) -> list[Path]:
    """Return the work folders that are there."""
    with suppress(OSError):
        return sorted(path for path in (state_dir / "work").iterdir() if path.is_dir())
    return []


def rescue(folders: list[Path], target: Path, wait_s: float) -> list[str]:
    """See `rescue_leftovers`."""
    lines: list[str] = []
    until = time.monotonic() + wait_s
    while folders:
        busy = [folder for folder in folders if not _take(folder, target, lines)]
        if busy and time.monotonic() > until:
            lines += [f"a recorder still writes to {folder}" for folder in busy]
            break
        folders = busy
        if folders:
            time.sleep(_LOOK_S)
    return lines


def _take(folder: Path, target: Path, lines: list[str]) -> bool:
    """Rescue one folder, unless its recorder lives; tell whether that is done."""
    try:
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return True  # gone meanwhile, or not ours to touch
    try:
        if not try_lock(fd):
            return False
        lines += _finish(folder, target / folder.name)
    except OSError as error:
        lines.append(f"the files in {folder} could not be rescued: {error.strerror}")
    finally:
        os.close(fd)
    return True


def _finish(folder: Path, target: Path) -> list[str]:
    from local.recorder.rescue import rescue as finish

    finish(folder)
    media = [path for path in sorted(folder.iterdir()) if path.suffix in _MEDIA and path.stat().st_size]
    for path in media:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(target / path.name)
    shutil.rmtree(folder, ignore_errors=True)
    films = [path.name for path in media if path.suffix != ".ts"]
    return [f"rescued from a local cloud that was killed: {target / name}" for name in films]
