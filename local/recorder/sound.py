"""The page's sound without a sound server: a steady stream, drained by the wall clock, silence where there is none.

The reader's clock becomes the page's audio clock, so it has to drain from the browser's start on.
"""

from __future__ import annotations

import asyncio
import operator
import os
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from local.recorder.alsa import FRAME, RATE, Device

_OTHER_SOUND = ("PULSE_", "ALSA_", "PIPEWIRE_", "AUDIODEV")
_SECOND = RATE * FRAME
_TICK_S = 0.010
_SLACK_S = 0.100  # handed out that much later, so that a browser or a reader late by less leaves no gap


class Sound:
    """48 kHz stereo 16-bit samples: the page's, or silence.

    Attributes:
        heard: something was played, if only silence.
        trouble: why nothing can be heard; empty while nothing is wrong.
        position_s: how much of the recording has been handed out.
    """

    def __init__(self, home: Path) -> None:
        self.heard = False
        self.trouble = ""
        self.position_s = 0.0
        self._origin = time.monotonic()
        self._done = 0  # bytes since the origin, as all positions here
        self._begin = 0
        self._handed = 0
        self._history = bytearray()
        self._sink: Callable[[bytes], None] | None = None
        self._device: Device | None = None
        try:
            self._device = Device(home)
        except OSError as error:
            self.trouble = f"no sound: its device can't be made in {home}: {error.strerror or error}"

    def environment(self) -> dict[str, str]:
        """Return the environment that makes a browser play into this, whatever the user's shell says of sound."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(_OTHER_SOUND) and k != "XDG_RUNTIME_DIR"}
        if self._device is None:
            return env
        # A server that is named, and not there: the browser goes on to ALSA instead of finding or starting one.
        nowhere = f"unix:{self._device.config.parent}/no-server"
        return env | {"ALSA_CONFIG_PATH": str(self._device.config), "PULSE_SERVER": nowhere}

    def begin(self, moment: float, delay_s: float, sink: Callable[[bytes], None]) -> None:
        """Hand `sink` the sound that belongs to the pictures from `moment` (monotonic seconds) on.

        `delay_s` is how much later than its picture a sound leaves the browser.
        """
        self._begin = self._handed = self._at(moment + delay_s)
        self._sink = sink

    async def run(self) -> None:
        """Drain until cancelled."""
        while True:
            try:
                self.drain(time.monotonic())
            except OSError as error:
                self.trouble = f"the sound ends at {self.position_s:.1f} s: {error}"
                self.close()
            await asyncio.sleep(_TICK_S)

    async def reach(self, end_s: float, wait_s: float) -> None:
        """Wait until that much of the recording has been handed out, at most `wait_s` seconds."""
        for _ in range(int(wait_s / _TICK_S)):
            if self.position_s >= end_s:
                return
            await asyncio.sleep(_TICK_S)

    def drain(self, now: float) -> None:
        """Read what came up to `now` (monotonic seconds) and hand out what is due."""
        chunks: list[bytes] = []
        end = max(self._done, self._at(now - _SLACK_S))
        if self._device is not None:
            self._device.fill(self._at(now))
            chunks = self._device.take(self._done, end)
        self.heard = self.heard or bool(chunks)
        self._history += _mix(chunks) if chunks else bytes(end - self._done)
        self._done = end
        self._hand_out()
        del self._history[: max(0, len(self._history) - _SECOND)]

    def close(self) -> None:
        """Let go of the device; what follows is silence."""
        if self._device is not None:
            self._device.close()
            self._device = None

    def _at(self, moment: float) -> int:
        return max(0, int((moment - self._origin) * RATE)) * FRAME

    def _hand_out(self) -> None:
        if self._sink is None or self._handed >= self._done:
            return
        oldest = self._done - len(self._history)
        chunk = bytes(max(0, oldest - self._handed)) + self._history[max(0, self._handed - oldest) :]
        self._handed = self._done
        self.position_s = (self._handed - self._begin) / _SECOND
        self._sink(bytes(chunk))


def _mix(chunks: list[bytes]) -> bytes:
    """Add streams of 16-bit samples, clipped at full scale."""
    mixed = chunks[0]
    for chunk in chunks[1:]:
        total = map(operator.add, _samples(mixed), _samples(chunk))
        mixed = _bytes(array("h", [-32768 if s < -32768 else min(s, 32767) for s in total]))
    return mixed


def _samples(chunk: bytes) -> array[int]:
    samples = array("h", chunk)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _bytes(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
