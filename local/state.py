"""The state folder and whose it is: one local cloud at a time, by a lock that ends with its process.

The lock is the kernel's, so nothing stale can be left: what `cloud.lock` and `cloud.json` say counts while it is held.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local.client import ClientError

__all__ = [
    "Holder",
    "StateError",
    "StateHeldError",
    "StateLock",
    "holder_of",
    "need_room",
    "prepare",
    "try_lock",
    "unusable",
]

_FILE = "cloud.lock"
_MOMENT_S = 1.0  # somebody who only looks has it for less
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROOM_BYTES = 1 << 20  # far less than a film, but a log that says what went wrong, and keys
_FAR = 1 << 30  # where Windows locks a byte, behind all that is to be read


class StateError(ClientError):
    """The state folder can't be used; one line that says why."""


class StateHeldError(StateError):
    """Another local cloud has the state folder."""


@dataclass(frozen=True)
class Holder:
    """Whose folder it is: `since` is seconds since 1970."""

    pid: int
    command: str
    since: float

    def __str__(self) -> str:
        """Name it in a message."""
        when = time.strftime("%H:%M:%S", time.localtime(self.since))
        return f"`{self.command}` (process {self.pid}, since {when})"


class StateLock:
    """The folder is ours until `release`, or this process's end."""

    def __init__(self, state_dir: Path, command: str) -> None:
        """Take it.

        Raises:
            StateHeldError: another local cloud has it.
            StateError: the folder can't be written to.
        """
        prepare(state_dir)
        self._fd, self._path = -1, state_dir / _FILE
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            holder = self._take(asdict(Holder(os.getpid(), command, time.time())))
        except OSError as error:
            self._close()
            raise unusable(state_dir, error) from None
        if holder is not None:
            self._close()
            raise StateHeldError(f"the state folder {state_dir} belongs to {holder}")

    @property
    def stands(self) -> bool:
        """Whether the folder is still the one that was taken; somebody may have removed or moved it."""
        if sys.platform == "win32":
            return True  # there nobody can, while it is open
        try:
            ours, there = os.fstat(self._fd), self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # a disk that fails for a moment is no other place
            return True
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Give it back; harmless twice."""
        if self._fd >= 0:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
            self._close()

    def _take(self, about: dict[str, object]) -> Holder | None:
        """Lock it and say who we are; else return who has it."""
        until = time.monotonic() + _MOMENT_S
        while not try_lock(self._fd):
            if time.monotonic() > until:
                return _read(self._fd)
            time.sleep(0.02)
        os.ftruncate(self._fd, 0)
        os.write(self._fd, json.dumps(about).encode())
        return None

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def holder_of(state_dir: Path) -> Holder | None:
    """Return who has the folder; None where nobody has, whatever files a dead cloud left.

    Raises:
        StateError: it can't be looked at.
    """
    try:
        fd = os.open(state_dir / _FILE, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unusable(state_dir, error) from None
    try:
        return None if try_lock(fd, shared=True) else _read(fd)
    finally:
        os.close(fd)


def prepare(state_dir: Path) -> None:
    """Make the folder, or make ours private: keys, films and logs are in it.

    Raises:
        StateError: that can't be done.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (state_dir / "keys.json").exists() or not any(state_dir.iterdir()):
            state_dir.chmod(0o700)  # any other folder that somebody names is not ours to close
    except OSError as error:
        raise unusable(state_dir, error) from None


def need_room(state_dir: Path) -> None:
    """Write a little and remove it: a cloud that is started on a full disk could not even say so.

    Raises:
        OSError: that can't be done.
    """
    path = state_dir / f".room-{os.getpid()}"
    try:
        path.write_bytes(bytes(_ROOM_BYTES))
    finally:
        path.unlink(missing_ok=True)


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; False where another has it. It is unlocked by its closing.

    Raises:
        OSError: this place has no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            os.lseek(fd, _FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        import fcntl
    except ImportError:
        return True  # a system without any: two clouds are then its user's to avoid
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(fd: int) -> Holder:
    with suppress(OSError, ValueError, TypeError):
        os.lseek(fd, 0, os.SEEK_SET)
        return Holder(**json.loads(os.read(fd, 4096)))
    return Holder(0, "a local cloud", time.time())  # it writes that down right now


def unusable(state_dir: Path, error: OSError) -> StateError:
    """Say in one line that a state folder, or what is in it, can't be read or written."""
    why = error.strerror or type(error).__name__
    if error.errno in _NO_SPACE:
        return StateError(f"the state folder {state_dir} is full: {why}; make room, or name another one by --state-dir")
    what = str(error.filename or state_dir)
    if what in (str(state_dir), str(state_dir.resolve())):
        return StateError(f"the state folder {state_dir} can't be used: {why}; name another one by --state-dir")
    return StateError(f"the state folder {state_dir} can't be used: {what}: {why}; name another one by --state-dir")
