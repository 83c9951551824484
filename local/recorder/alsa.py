"""Browser streams as FIFOs: ALSA's file plugin writes, and the reader sets the pace.

Chromium opens a device for each audio context and player. Two of them in one FIFO would shred each other, so the
configuration always names a FIFO nobody has opened yet, and changes as soon as somebody did: ALSA reads it afresh
at each opening.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from local.recorder.paths import is_plain

RATE = 48000
FRAME = 4  # bytes: two channels of 16 bits
_FIFO_BYTES = 8192
_CONFIG = """pcm.nul {{ type null }}
pcm.rec {{ type file slave.pcm nul file "{fifo}" format "raw" }}
pcm.!default {{ type plug slave {{ pcm rec rate 48000 channels 2 format S16_LE }} }}
ctl.!default {{ type null }}
"""


class Stream:
    """What one writer plays. Positions are bytes since the clock's origin."""

    def __init__(self, fifo: Path) -> None:
        """Make the FIFO.

        Raises:
            OSError: this place has no FIFOs.
        """
        self.open = False
        self.ended = False
        self._fifo = fifo
        self._position = 0  # where the next byte read belongs
        self._buffer = bytearray()
        self._torn = b""
        os.mkfifo(fifo, 0o600)
        self._fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        if sys.platform == "linux":
            import fcntl

            # What the FIFO holds is delay between the picture and the sound.
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _FIFO_BYTES)

    def poll(self, now: int) -> None:
        """Notice a first writer, from where on time counts."""
        data = self._read(FRAME)
        if data is not None:
            self.open = True
            self._position = now + len(data)
            self._buffer += data

    def fill(self, now: int) -> None:
        """Read what the time up to `now` allows: the writer waits for the rest."""
        while not self.ended and self._position < now:
            data = self._read(now - self._position)
            if data is None:
                self.ended = True
            elif data:
                self._position += len(data)
                self._buffer += data
            else:
                break

    def take(self, begin: int, end: int) -> bytes | None:
        """Return the bytes of a stretch of time, silence where there were none, None if there is nothing at all."""
        first = self._position - len(self._buffer)
        if not self._buffer or first >= end:
            self._position = max(self._position, end)
            return None
        lead = bytes(max(0, first - begin))
        data = lead + self._buffer[: end - begin - len(lead)]
        del self._buffer[: end - begin - len(lead)]
        missing = end - begin - len(data)
        self._position = max(self._position, end)
        return bytes(data) + bytes(missing)

    def finished(self) -> bool:
        """Tell whether the writer is gone and everything is taken."""
        return self.ended and not self._buffer

    def close(self) -> None:
        """Remove the FIFO."""
        os.close(self._fd)
        self._fifo.unlink(missing_ok=True)

    def _read(self, size: int) -> bytes | None:
        """Read up to `size` bytes of whole frames; None where nobody has the other end."""
        try:
            data = os.read(self._fd, size)
        except BlockingIOError:
            return b""
        if not data:
            return None
        data = self._torn + data
        whole = len(data) - len(data) % FRAME
        self._torn = data[whole:]  # half a frame now would swap the channels from here on
        return data[:whole]


class Device:
    """The browser's sound device: a new stream for each opening."""

    def __init__(self, home: Path) -> None:
        """Make the device's files under `home`.

        Raises:
            OSError: this place has no FIFOs, or its path has letters that mean something to ALSA.
        """
        if not is_plain(home):
            raise OSError("ALSA can't read its path")
        self._home = home
        self._count = 0
        self._streams: list[Stream] = []
        self._offered = self._offer()

    @property
    def config(self) -> Path:
        """What ALSA_CONFIG_PATH must name."""
        return self._home / "asound.conf"

    def fill(self, now: int) -> None:
        """Notice openings and closings, and read what the time allows."""
        self._offered.poll(now)
        if self._offered.open:
            self._streams.append(self._offered)
            self._offered = self._offer()
        for stream in self._streams:
            stream.fill(now)

    def take(self, begin: int, end: int) -> list[bytes]:
        """Return what each sounding stream plays in a stretch of time."""
        chunks = [chunk for stream in self._streams if (chunk := stream.take(begin, end)) is not None]
        for stream in [stream for stream in self._streams if stream.finished()]:
            self._streams.remove(stream)
            stream.close()
        return chunks

    def close(self) -> None:
        """Remove everything."""
        for stream in (*self._streams, self._offered):
            with contextlib.suppress(OSError):
                stream.close()
        self._streams.clear()

    def _offer(self) -> Stream:
        fifo = self._home / f"sound_{self._count}.fifo"
        fifo.unlink(missing_ok=True)
        self._count += 1
        stream = Stream(fifo)
        fresh = self.config.with_suffix(".new")
        fresh.write_text(_CONFIG.format(fifo=fifo))
        fresh.replace(self.config)  # a new inode: how ALSA sees that it changed
        return stream
