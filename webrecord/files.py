"""Read and write files by name without waiting forever and without filling the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from webrecord.errors import RecordingFailed
from webrecord.words import t

MOST = 64_000_000
"""Bytes of a file that is read whole."""
_OF_THE_SHELL = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
"""Where `<(…)` and a redirected stdin have names: what comes through them has an end."""


def read(path: Path, most: int = MOST) -> bytes:
    """Return what a file holds, or what comes through a pipe of the shell's.

    Raises:
        OSError: it can't be read, has more than `most` bytes, or is a named pipe or a device; `strerror` says it.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe without a writer hangs
    with os.fdopen(os.open(path, flags), "rb") as file:
        mode, number = os.fstat(file.fileno()), file.fileno()
        if not stat.S_ISREG(mode.st_mode):
            ours = str(path).startswith(_OF_THE_SHELL) or str(path) == os.devnull or os.isatty(number)
            if stat.S_ISDIR(mode.st_mode) or not ours:
                raise _odd(path, mode.st_mode)
            os.set_blocking(number, True)
        data = file.read(most + 1) if mode.st_size <= most else b""
    if len(data) > most or mode.st_size > most:
        raise OSError(errno.EFBIG, t("it has more than {most} MB", most=most // 1_000_000), str(path))
    return data


def refuse_odd(path: Path) -> None:
    """Raise OSError where a file is to be written and a pipe, a device or a folder is there."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise _odd(path, mode)


def make_way(path: Path) -> None:
    """Raise RecordingFailed where a film is to be written and no file is there."""
    try:
        refuse_odd(path)
    except OSError as error:
        raise RecordingFailed(t("{path}: {strerror}: move it away", path=path, strerror=error.strerror)) from None


def _odd(path: Path, mode: int) -> OSError:
    if stat.S_ISDIR(mode):
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    what = t("it is a named pipe") if stat.S_ISFIFO(mode) else t("it is a device, not a file")
    return OSError(errno.EINVAL, what, str(path))
