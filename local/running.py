"""Finding the local cloud of a state folder, joining it, or starting one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from local import regular
from local.client import ALIVE_S, Client, ClientError
from local.config import Address, Keys
from local.growth import rotate
from local.leftovers import rescue_leftovers
from local.recorder.job import FINISH_S
from local.state import Holder, StateError, StateLock, holder_of, need_room, prepare, unusable
from local.waiting import waiting

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = FINISH_S + 30.0
"""Recordings are finished, and their callbacks delivered."""
END_NOW_S = 0.0
HELD_STATUS = 75
"""The exit status of a cloud whose folder another one has: the command then joins that one."""
LOG_BYTES = 8 * 1024 * 1024


@contextmanager
def cloud_in(state_dir: Path, console: Console, options: Sequence[str] = ()) -> Iterator[Client]:
    """Use the local cloud of a state folder: the one that is up, or one that is started for its users.

    It ends when nobody uses it any more, unless it was started by `up`.

    Args:
        state_dir: whose.
        console: where to say what goes on.
        options: more for `up`, where one is started.

    Raises:
        ClientError: there is none, and none can be started.
    """
    who = " ".join(["local", *sys.argv[1:]])
    with ExitStack() as stack:
        with waiting(console, "starting the local cloud …"):
            client, own = _join_or_start(state_dir, who, options, stack)
        stack.callback(client.close)
        wait_s = END_TIMEOUT_S
        try:
            yield client
        except KeyboardInterrupt:
            wait_s = END_NOW_S  # whoever presses again does not want to wait
            raise
        finally:
            if own is not None:
                own.leave(client, console, wait_s)


@contextmanager
def running_cloud(state_dir: Path) -> Iterator[Client]:
    """Connect to the local cloud that is up.

    Raises:
        ClientError: none is.
    """
    client = _find(state_dir, holder_of(state_dir), 10.0)  # a busy machine's takes seconds, and is asked once
    if client is None:
        raise ClientError(f"no local cloud is up in {state_dir}: start it by `python -m local up`")
    try:
        yield client
    finally:
        client.close()


class _OwnCloud:
    """A cloud that this command started; the pipe to it is this command's lease, whatever ends the command."""

    def __init__(self, state_dir: Path, who: str, options: Sequence[str]) -> None:
        ports = ["--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0"]
        command = [sys.executable, "-m", "local", "up", "--state-dir", str(state_dir), *ports, "--for", who, *options]
        self._state_dir, self._log = state_dir, state_dir / "cloud.log"
        prepare(state_dir)
        try:
            need_room(state_dir)
        except OSError as error:
            raise unusable(state_dir, error) from None
        try:
            rotate(self._log, LOG_BYTES)
            with regular.opened(self._log, "ab") as log:
                self._log.chmod(0o600)
                # Its own session: Ctrl-C is for the recording, the cloud must finish it.
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise StateError(f"the local cloud can't be started in {state_dir}: {error.strerror or error}") from None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    @property
    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            lines = regular.text(self._log)[-4096:].split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def leave(self, client: Client, console: Console, wait_s: float) -> None:
        """Let go of it, and wait for its end where nobody else uses it."""
        if self.status is not None:
            _say(console, f"the local cloud ended with {self.status}: {self.last_words}")
            with suppress(StateError):  # another cloud is up already: it does this
                lock = StateLock(self._state_dir, "local: a rescue")
                try:
                    with waiting(console, "its recorders finish their films …"):
                        rescued = rescue_leftovers(self._state_dir, FINISH_S)
                    for line in rescued:
                        _say(console, line)
                finally:
                    lock.release()
        until = time.monotonic() + wait_s
        self.let_go()
        others = False
        try:
            with waiting(console, "the local cloud ends: it finishes what was recorded …"):
                while self.status is None and time.monotonic() < until and not (others := bool(client.users())):
                    time.sleep(0.05)
        finally:
            if self.status is None and not others:
                _say(console, f"the local cloud (process {self.pid}) goes on: it finishes what was recorded")

    def let_go(self) -> None:
        """Give the lease back."""
        if self._process.stdin is not None:
            self._process.stdin.close()


def _join_or_start(
    state_dir: Path, who: str, options: Sequence[str], stack: ExitStack
) -> tuple[Client, _OwnCloud | None]:
    own: _OwnCloud | None = None
    until = time.monotonic() + START_TIMEOUT_S
    with ExitStack() as undo:  # Ctrl-C during the start: what was started ends again
        while True:
            holder = holder_of(state_dir)
            client = _find(state_dir, holder)
            if client is not None and holder is not None:
                if own is not None and holder.pid == own.pid:
                    undo.pop_all()
                    return client, own
                with suppress(ClientError):  # it may be about to end
                    stack.enter_context(client.lease(who))
                    return client, None
                client.close()
            if own is None and holder is None:
                own = _OwnCloud(state_dir, who, options)
                undo.callback(own.let_go)
            if own is not None and own.status is not None:
                if own.status != HELD_STATUS:
                    raise ClientError(f"the local cloud did not start: {own.last_words} (see {state_dir}/cloud.log)")
                own = None  # another one was faster: it is joined
            if time.monotonic() > until:
                whose = f": the folder belongs to {holder}" if holder else f"; see {state_dir}/cloud.log"
                raise ClientError(f"no local cloud answers within {START_TIMEOUT_S:g} s{whose}")
            time.sleep(0.05)


def _find(state_dir: Path, holder: Holder | None, within_s: float = ALIVE_S) -> Client | None:
    """Return a client of the cloud that has the folder, once it answers.

    What a dead one left is not asked: its port may be anybody's by now, and our token is for none of them.
    """
    address = Address.read(state_dir) if holder is not None else None
    if holder is None or address is None or address.pid != holder.pid:
        return None
    client = Client(address.gateway, Keys.of(state_dir).api_token)
    if client.alive(within_s):
        return client
    client.close()
    return None


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)
