"""The sound device without a browser: FIFOs are written to as ALSA would."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import time
from pathlib import Path

import pytest

from local.recorder.sound import Sound


def named_fifo(home: Path) -> str:
    """Return the FIFO which the configuration names now."""
    found = re.search(r'file "([^"]+)"', (home / "asound.conf").read_text())
    assert found
    return found[1]


def samples(data: bytes) -> list[int]:
    """Return the left channel."""
    return [left for left, _ in struct.iter_unpack("<hh", data)]


def test_silence_by_the_clock(tmp_path: Path) -> None:
    """Without any writer there is as much silence as time."""
    sound, got = Sound(tmp_path), bytearray()
    now = time.monotonic()
    sound.begin(now, 0, got.extend)
    sound.drain(now + 1.1)
    sound.close()
    assert len(got) == pytest.approx(192000, abs=8)
    assert not any(got)
    assert not sound.heard


def test_two_streams_are_added(tmp_path: Path) -> None:
    """Each opening gets a FIFO of its own; what they play is heard together, clipped at full scale."""
    sound, got = Sound(tmp_path), bytearray()
    now = time.monotonic()
    sound.begin(now, 0, got.extend)
    writers = []
    for level in (1000, 32000):
        writers.append(os.open(named_fifo(tmp_path), os.O_WRONLY))
        os.write(writers[-1], struct.pack("<hh", level, -level) * 1000)
        sound.drain(now + 0.001)
    assert len(set(writers)) == 2
    sound.drain(now + 0.05)
    sound.drain(now + 0.3)
    heard = set(samples(bytes(got)))
    assert 32767 in heard
    assert heard <= {0, 1000, 32000, 32767}
    assert sound.heard
    for writer in writers:
        os.close(writer)
    sound.drain(now + 0.4)
    assert len(list(tmp_path.glob("*.fifo"))) == 1
    sound.close()


def test_the_reader_sets_the_pace(tmp_path: Path) -> None:
    """No more is taken from a writer than the time allows."""
    sound = Sound(tmp_path)
    now = time.monotonic()
    writer = os.open(named_fifo(tmp_path), os.O_WRONLY | os.O_NONBLOCK)
    sound.drain(now)
    written = os.write(writer, bytes(8192))
    sound.drain(now + 0.01)
    with contextlib.suppress(BlockingIOError):
        while written < 100_000:
            written += os.write(writer, bytes(4))
    assert written <= 8192 + 0.01 * 192000 + 4096
    os.close(writer)
    sound.close()


def test_no_fifo(tmp_path: Path) -> None:
    """Where no FIFO can be made there is silence, and the browser keeps its own sound settings."""
    sound, got = Sound(tmp_path / "gone"), bytearray()
    now = time.monotonic()
    sound.begin(now, 0, got.extend)
    sound.drain(now + 0.5)
    assert len(got) == pytest.approx(0.4 * 192000, abs=8)
    assert "ALSA_CONFIG_PATH" not in sound.environment().keys() - os.environ.keys()
