"""One command at a time changes an account from a .env: two would each make an upload key, and one be lost."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from webrecord.errors import BadUsage
from webrecord.words import t

if os.name == "posix":
    import fcntl

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def held(env: Path, command: str) -> Iterator[None]:
    """Hold `<.env>.lock` against other commands of this machine; it goes with the command, however that ends.

    Raises:
        BadUsage: another command holds it; its line says whose that is.
    """
    path = env.resolve()
    path = path.with_name(f"{path.name}.lock")
    try:
        file = _taken(path, env)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        yield  # nobody can write .env here either
        return
    with file:
        file.truncate(0)
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        file.write(f"{command}, process {os.getpid()} on {socket.gethostname()}, since {since}\n")
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def _taken(path: Path, env: Path) -> IO[str]:
    while True:
        # Not `a+`: who waits for none reads whose it is.
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600), "r+")
        try:
            if os.name == "posix":
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass  # its holder has just ended
        except BlockingIOError:
            whose = " ".join(file.read(500).split()) or t("it has just begun")
            file.close()
            raise BadUsage(
                t("another command works with {env}: {whose}; let it end, then run this again", env=env, whose=whose)
            ) from None
        except BaseException:
            file.close()
            raise
        file.close()
