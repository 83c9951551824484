"""`python -m local up`: one local cloud in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from types import FrameType

from local.client import ClientError
from local.cloud import Cloud
from local.config import LocalConfig
from local.connections import raise_limit
from local.recorder.browser import WITHOUT_SANDBOX, BrowserError, find_chromium, without_sandbox
from local.running import HELD_STATUS
from local.state import StateHeldError, unusable

__all__ = ["serve"]

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # those that this system has


def serve(config: LocalConfig, *, for_users: bool = False) -> int:
    """Run it until Ctrl-C or the terminal's end; return the exit status.

    The first signal ends it in order: recordings are finished. The second one waits for nothing more, and the next
    local cloud rescues what is left. The third one is the system's own.

    Args:
        config: how to run it.
        for_users: end with the last user, too; the first holds the other end of our standard input.

    Raises:
        ClientError: the state folder or a port can't be had.
    """
    if sys.platform == "win32" and not config.timer_recorder:
        raise ClientError("pages can't be recorded on Windows: add --no-browser, or run it in WSL")
    os.umask(0o077)  # films, logs and keys are their owner's alone
    raise_limit()
    try:
        cloud = Cloud(config)
    except StateHeldError:
        if for_users:
            return HELD_STATUS  # the command joins the other one
        raise
    try:
        return asyncio.run(_serve(cloud, for_users=for_users))
    except OSError as error:  # a disk that is full, or read-only
        raise unusable(config.state_dir, error) from None


async def _serve(cloud: Cloud, *, for_users: bool) -> int:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    presses = 0

    def press() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            done.set()
        else:
            cloud.hurry()
            for name in _known():
                signal.signal(name, signal.SIG_DFL)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(press)

    for name in _known():
        signal.signal(name, on_signal)
    async with cloud:
        if for_users:
            cloud.leases.started_for(loop)
        _say(*_description(cloud))
        ends = [loop.create_task(event.wait()) for event in (cloud.leases.over, done, cloud.homeless)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        if cloud.homeless.is_set():
            _say(f"the state folder {cloud.config.state_dir} was removed or moved while this cloud ran: it ends")
            cloud.hurry()
            return 1
        _say("stopping: recordings are being finished …")
    return 0


def _known() -> list[signal.Signals]:
    return [signal.Signals[name] for name in _ENDING if name in signal.Signals.__members__]


def _description(cloud: Cloud) -> list[str]:
    address, state_dir = cloud.address, cloud.config.state_dir
    if cloud.config.empty:
        return [
            f"API 3.0   {address.trtc}   (SCF, CAM, CLS, STS, TRTC)",
            f"COS API   {address.cos}",
            f"URLs of functions begin with {address.gateway}/_url/",
            f"state     {state_dir}/   (functions' code and logs in scf/)",
            *_notes(cloud.config),
            "The account is empty: nothing is activated. Its own key, which may do everything:",
            f"export TENCENTCLOUD_SECRET_ID={cloud.keys.owner_id}",
            f"export TENCENTCLOUD_SECRET_KEY={cloud.keys.owner_key}",
            "Ctrl-C stops it; what was deployed is forgotten then, objects in COS are not.",
        ]
    return [
        f"gateway   {address.gateway}   (POST /recordings, token in {state_dir}/keys.json: api_token)",
        f"callback  {cloud.config.callback_url or f'{address.gateway}/callback'}",
        f"TRTC API  {address.trtc}",
        f"COS API   {address.cos}",
        f"state     {state_dir}/",
        *_notes(cloud.config),
        "Ctrl-C finishes recordings, then stops. A second Ctrl-C stops at once.",
    ]


def _notes(config: LocalConfig) -> list[str]:
    """Say what is not as one may think, on this machine."""
    if config.timer_recorder:
        return ["browser   none: recordings are pretended, their files are no films"]
    notes = [f"sandbox   {WITHOUT_SANDBOX}"] if without_sandbox() else []
    try:
        find_chromium(None)
    except BrowserError as error:
        notes.append(f"browser   {error}; every recording fails until then")
    if sys.platform != "linux":
        notes.append(
            "system    not Linux: films have no sound, the fault `browser crash` finds nothing; not tested here"
        )
    return notes


def _say(*lines: str) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except OSError:  # the terminal is gone, the recordings are not
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
