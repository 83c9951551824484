"""The sound device without a browser: FIFOs are written to as ALSA would."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
import time
from pathlib import Path

import pytest

from local.recorder.paths import is_plain, private_folder, remove_private_folder
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
    assert sound.trouble.startswith("no sound: its device can't be made")


@pytest.mark.parametrize("name", ["a b", "a%b", 'a"b', "录"])
def test_a_place_that_alsa_can_not_read_is_said(tmp_path: Path, name: str) -> None:
    """Letters that ALSA's configuration would misread make no device that stays silent without a word."""
    (tmp_path / name).mkdir()
    assert "ALSA can't read its path" in Sound(tmp_path / name).trouble


def test_the_shell_says_nothing_about_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of ALSA and of sound servers that the user's shell has do not reach the browser."""
    for name in ("ALSA_CONFIG_PATH", "ALSA_PLUGIN_DIR", "PULSE_SERVER", "PULSE_SINK", "PIPEWIRE_REMOTE", "AUDIODEV"):
        monkeypatch.setenv(name, "theirs")
    sound = Sound(tmp_path)
    environment = sound.environment()
    sound.close()
    assert "theirs" not in environment.values()
    assert str(tmp_path / "asound.conf") == environment["ALSA_CONFIG_PATH"]


@pytest.mark.parametrize("name", ["a b", "录制 100%", "x" * 150, "none"])
def test_a_private_folder_is_plain_whatever_tmpdir_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """ALSA can read its path; it is ours alone; and it goes by the note of it, which names nothing else."""
    if name != "none":
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)  # as a new process has it
    folder = private_folder()
    (tmp_path / "note").write_text(str(folder))
    assert (True, 0o700) == (is_plain(folder), folder.stat().st_mode & 0o777)
    remove_private_folder(tmp_path / "note")
    assert not folder.exists()
    (tmp_path / "note").write_text(str(tmp_path))
    remove_private_folder(tmp_path / "note")
    assert tmp_path.exists()
