"""Finding the local cloud of a state directory, or starting one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from local.client import Client, ClientError
from local.config import Address, Keys

START_TIMEOUT_S = 30.0


@contextmanager
def cloud_in(state_dir: Path, console: Console) -> Iterator[Client]:
    """Connect to the local cloud of a state directory; start one for as long as this lasts, where none is up.

    Raises:
        ClientError: it does not start.
    """
    address, own = Address.read(state_dir), None
    token = Keys.of(state_dir).api_token
    if address is None or not _answers(address, token):
        own = _start_cloud(state_dir)
        with console.status("starting the local cloud …"):
            address = _await_cloud(own, state_dir, token)
    client = Client(address.gateway, token)
    try:
        yield client
    finally:
        client.close()
        if own is not None:
            own.send_signal(signal.SIGTERM)
            own.wait(60)


def _start_cloud(state_dir: Path) -> subprocess.Popen[bytes]:
    ports = ["--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0"]
    command = [sys.executable, "-m", "local", "up", "--state-dir", str(state_dir), *ports]
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "cloud.log").open("ab") as log:
        # Its own session: Ctrl-C is for the recording, the cloud must finish it.
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def _await_cloud(own: subprocess.Popen[bytes], state_dir: Path, token: str) -> Address:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and own.poll() is None:
        address = Address.read(state_dir)
        if address is not None and address.pid == own.pid and _answers(address, token):
            return address
        time.sleep(0.1)
    raise ClientError(f"the local cloud did not start; see {state_dir}/cloud.log")


def _answers(address: Address, token: str) -> bool:
    client = Client(address.gateway, token)
    try:
        return client.alive()
    finally:
        client.close()


@contextmanager
def running_cloud(state_dir: Path) -> Iterator[Client]:
    """Connect to the local cloud that is up.

    Raises:
        ClientError: none is.
    """
    address = Address.read(state_dir)
    token = Keys.of(state_dir).api_token if address is not None else ""
    if address is None or not _answers(address, token):
        raise ClientError(f"no local cloud is up in {state_dir}: start it by `python -m local up`")
    client = Client(address.gateway, token)
    try:
        yield client
    finally:
        client.close()
