"""The standard streams as a shell hands them over: closed ones, readers that leave, full disks behind them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO


def open_closed() -> None:
    """Open those that the caller closed, `webrecord list >&-`: no other file must take their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (
        stream if stream is not None else open(number, mode, encoding="utf-8")  # noqa: PTH123, SIM115 (a descriptor)
        for number, stream, mode in ((0, sys.stdin, "r"), (1, sys.stdout, "w"), (2, sys.stderr, "w"))
    )


def flush() -> None:
    """Flush what is printed; where nobody takes it, Python must not try again when it ends."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if not _flushed(stream):
            to_nobody(number)


def to_nobody(number: int) -> None:
    """Let what is printed from here on go nowhere."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _flushed(stream: IO[str]) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        return False
    return True
