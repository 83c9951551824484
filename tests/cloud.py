"""The local cloud in a thread, for tests that need real sockets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from local.cloud import Cloud
from local.config import LocalConfig
from local.faults import TrtcFault

T = TypeVar("T")


class RunningCloud:
    """`with RunningCloud(config) as running:` gives `running.cloud`, alive in its own event loop."""

    def __init__(self, config: LocalConfig) -> None:
        self.cloud = Cloud(config)
        self._loop = asyncio.new_event_loop()
        self._ready, self._done = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> RunningCloud:
        self._thread.start()
        assert self._ready.wait(120), "the local cloud did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(120)
        self._loop.close()

    def patient(self) -> RunningCloud:
        """Let callbacks be answered, and tried, in the documented times however fast all else goes: no answer comes
        sooner for it."""
        settings = self.cloud.callback_settings
        settings.timeout_s *= settings.speed
        settings.lifetime_s *= settings.speed
        return self

    def heard(self) -> None:
        """Wait until every callback that was sent has arrived, or is lost: each writes anew what it is about."""
        until = time.monotonic() + 120
        while pending := self.call(lambda: self.cloud.sender.pending):
            assert time.monotonic() < until, pending
            time.sleep(0.02)

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the cloud's event loop and return what it returns."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(120)

    def refuse(self, *codes: str, action: str = "StartWebRecord") -> None:
        """Let the next calls of a TRTC action be refused with these codes, one each."""
        self.cloud.faults.add(*(TrtcFault(do="fail", action=action, code=code, count=1) for code in codes))

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with self.cloud:
            self._ready.set()
            await self._done.wait()
