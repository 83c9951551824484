"""Finding, starting and ending Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

from local.recorder.cdp import CdpError, Connection
from local.recorder.job import Viewport
from local.recorder.log import log as say

NAMES = Path(__file__).with_name("browsers.txt")
"""What a browser may be called, the best first; tools/browser.sh reads it as well."""
WITHOUT_SANDBOX = "as root Chromium has none; record only pages that you trust, or record as another user"
_FLAGS = (
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-extensions",
    "--hide-scrollbars",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--alsa-output-device=default",
)
_AUTOPLAY = {True: "no-user-gesture-required", False: "document-user-activation-required"}
LOG = "chromium.log"  # in its home: what it writes to standard error
_PIPE_BYTES = 1 << 20  # a whole picture fits, so that the browser need not wait for us


class BrowserError(Exception):
    """No browser, or it would not start."""


def find_chromium(wanted: str | None) -> str:
    """Return the browser's path: the job's, else the setting CHROMIUM, else the first installed.

    Raises:
        BrowserError: there is none; the message says what to install.
    """
    for name, hint in ((wanted, ""), (os.environ.get("CHROMIUM"), ": set CHROMIUM to a program, or to nothing")):
        if name:
            path = shutil.which(name)
            if path is None:
                raise BrowserError(f"no browser at {name}{hint}")
            return path
    for name in NAMES.read_text().split():
        path = shutil.which(name)
        if path is not None:
            return path
    raise BrowserError(
        "no Chromium found: install one (Debian: apt install chromium-headless-shell) or set CHROMIUM to its path"
    )


def without_sandbox() -> bool:
    """Tell whether the browser runs without its sandbox: Chromium refuses to use it as root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def is_headless_shell(path: str) -> bool:
    """Tell whether this is the small headless build, the only one with begin-frame control."""
    name = Path(path).resolve().name
    return "headless-shell" in name or "headless_shell" in name


class Browser:
    """A running Chromium; it also exits by itself within a moment of this process's death."""

    def __init__(self, pid: int, connection: Connection, profile: Path) -> None:
        self.connection = connection
        self._pid = pid
        self._profile = profile

    @classmethod
    async def launch(
        cls, path: str, home: Path, viewport: Viewport, *, begin_frame: bool, env: dict[str, str], autoplay: bool = True
    ) -> Browser:
        """Start Chromium with its profile under `home`.

        Without `autoplay`, pages play sound only after a visitor's gesture, as in anybody's browser.

        Raises:
            BrowserError: it did not start, or did not answer within 20 s.
        """
        profile = home / "profile"
        profile.mkdir(parents=True, exist_ok=True)
        flags = [
            *_FLAGS,
            f"--autoplay-policy={_AUTOPLAY[autoplay]}",
            f"--user-data-dir={profile}",
            f"--window-size={viewport.width},{viewport.height}",
        ]
        flags.append("--headless" if is_headless_shell(path) else "--headless=new")
        if without_sandbox():
            flags.append("--no-sandbox")
            say(f"{path} runs without its sandbox: {WITHOUT_SANDBOX}")
        if viewport.scale != 1:
            # The emulated scale alone does not raise the picture's resolution.
            flags.append(f"--force-device-scale-factor={viewport.scale:.6f}")
        if begin_frame:
            flags += ["--enable-begin-frame-control", "--run-all-compositor-stages-before-draw"]
        pid, read_fd, write_fd = _spawn([path, *flags, "about:blank"], env, home / LOG)
        try:
            connection = await Connection.connect(read_fd, write_fd)
        except BaseException:  # nobody waits for it any more, and nobody else could end it
            await _end(pid, profile)
            raise
        browser = cls(pid, connection, profile)
        try:
            await connection.call("Browser.getVersion", wait_s=20)
        except CdpError as error:
            await browser.close()
            raise BrowserError(f"Chromium did not start: {error} {_tail(home / 'chromium.log')}") from None
        except BaseException:
            connection.close()
            await _end(pid, profile)
            raise
        return browser

    async def close(self) -> None:
        """End the browser, kindly for 2 s, and remove its profile."""
        with contextlib.suppress(CdpError):
            await self.connection.call("Browser.close", wait_s=1)
        self.connection.close()
        if not await _gone(self._pid, 2):
            await _end(self._pid, self._profile)
        await asyncio.to_thread(shutil.rmtree, self._profile, ignore_errors=True)


async def _end(pid: int, profile: Path) -> None:
    """Kill a browser and what belongs to it, and remove its profile."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    await _gone(pid, 2)
    await asyncio.to_thread(shutil.rmtree, profile, ignore_errors=True)


async def _gone(pid: int, wait_s: float) -> bool:
    for _ in range(int(wait_s / 0.02)):
        if _reaped(pid):
            return True
        await asyncio.sleep(0.02)
    return False


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def _spawn(command: list[str], env: dict[str, str], log: Path) -> tuple[int, int, int]:
    """Start a process in a session of its own, its fds 3 and 4 joined to ours: pid, read end, write end."""
    child_reads, we_write = (_high(fd) for fd in os.pipe())
    we_read, child_writes = (_high(fd) for fd in os.pipe())
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(we_read, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, child_reads, 3),
        (os.POSIX_SPAWN_DUP2, child_writes, 4),
    ]
    try:
        # A session of its own: a Ctrl-C at the terminal must reach the recorder only.
        pid = os.posix_spawn(command[0], command, env, file_actions=actions, setsid=True)
    except OSError as error:
        os.close(we_read)
        os.close(we_write)
        raise BrowserError(f"Chromium did not start: {error}") from None
    finally:
        os.close(child_reads)
        os.close(child_writes)
    return pid, we_read, we_write


def _high(fd: int) -> int:
    """Move a descriptor above 10, out of the way of the child's 3 and 4."""
    import fcntl

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace")[-400:].strip().replace("\n", " | ")
    return ""
