"""The checks of page and film, and the joining of films, as processes: where they are, what they need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from webrecord.errors import BadUsage, CliError
from webrecord.words import t

ROOT = Path(__file__).resolve().parent.parent
"""The checkout that this command line belongs to."""
_PACKAGES = {
    "check": ("av", "numpy", "pydantic", "rich", "typer"),
    "inspect": ("pydantic", "rich", "typer"),
    "join": ("av", "rich", "typer"),
}
"""Of the dependency group `local`, what each imports."""
_NAMES = {"check": "page check", "inspect": "film check", "join": "joining of films"}
_COMMANDS = {"join": "download --join"}
_MOST_BYTES = 4 << 20
"""Of its answer; a page can make its findings long, but not that long."""
_END_S = 5.0


def command(root: Path = ROOT, found: Callable[[str], object] = find_spec, what: str = "check") -> list[str]:
    """Return the words that start `check`, `inspect` or `join`, without its own arguments.

    Raises:
        BadUsage: it is not installed here; the message says what to install.
    """
    if not (root / "local" / "check").is_dir():
        raise BadUsage(
            t(
                "the {names} needs the repository: clone scf-webrecord, run `make demo` in it,"
                " then `.venv/bin/webrecord {command}`",
                names=t(_NAMES[what]),
                command=_COMMANDS.get(what, what),
            )
        )
    missing = [name for name in _PACKAGES[what] if found(name) is None]
    if missing:
        raise BadUsage(
            t(
                "the {names} needs the dependency group `local` ({missing}): run `{name} -m pip install --group local`"
                " in {root}, or `make demo` there",
                names=t(_NAMES[what]),
                missing=", ".join(missing),
                name=Path(sys.executable).name,
                root=root,
            )
        )
    return [sys.executable, "-m", "local", what]


def run(
    words: Sequence[str], root: Path, take: Callable[[str], None], say: Callable[[str], None], what: str = "check"
) -> int:
    """Run the check; hand on each line of its output and of its progress; return its status.

    Raises:
        CliError: it did not run, or was ended by something else.
    """
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    try:
        process = subprocess.Popen(  # noqa: S603 (a list of words, no shell)
            words,
            cwd=root,  # a folder of the user's may be called `local` too
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise CliError(
            t("the {names} can't be started: {strerror}", names=t(_NAMES[what]), strerror=error.strerror or error)
        ) from None
    assert process.stdout is not None  # noqa: S101 (for the types)
    assert process.stderr is not None  # noqa: S101 (for the types)

    def tell(line: str) -> None:
        if not line.startswith("interrupted: "):  # a terminal's Ctrl-C is for both, and one line tells it
            say(line)

    following = threading.Thread(target=_follow, args=(process.stderr, tell), daemon=True)
    following.start()
    try:
        with _ending_together(process):
            _follow(process.stdout, take)
            status = process.wait()
    except BaseException:  # Ctrl-C, or nobody reads any more: it ends its browser, then itself
        _end(process)
        raise
    finally:
        following.join(2)
        process.stdout.close()
        process.stderr.close()
    if status == 130:
        raise KeyboardInterrupt
    if status not in (0, 1, 2):
        raise CliError(
            t(
                "the {names} ended with status {status}: `python -m local {what}` in {root} shows why",
                names=t(_NAMES[what]),
                status=status,
                what=what,
                root=root,
            )
        )
    return status


@contextmanager
def _ending_together(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let a SIGTERM or SIGHUP that ends this process end the other one first: it has a browser, and half a file."""
    told: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        told.append(number)
        process.terminate()

    known = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    ours = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]  # nohup ignores one
    if threading.current_thread() is not threading.main_thread():
        ours = []
    for number in ours:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        if told:
            os.kill(os.getpid(), told[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end, which a terminal's Ctrl-C brings by itself; ask for it, and then see to it."""
    for step in (process.terminate, process.kill):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
        if process.poll() is None:
            step()
    process.wait()


def _follow(stream: IO[bytes], take: Callable[[str], None]) -> None:
    left = _MOST_BYTES
    while line := stream.readline(_MOST_BYTES):
        left -= len(line)
        if left > 0:
            take(line.decode("utf-8", "replace").rstrip("\r\n"))
