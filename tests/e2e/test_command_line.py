"""`python -m local record` as a newcomer runs it: a process of its own, its output, its exit status."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.probe import probe
from local.state import holder_of

pytestmark = pytest.mark.e2e


def command(state_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local", "record", "--state-dir", str(state_dir), *arguments]


def left_over(state_dir: Path) -> list[str]:
    """Processes that still name the state directory in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(state_dir) in line:
            found.append(line)
    return found


def test_record_prints_what_it_made(tmp_path: Path) -> None:
    """As unkind as the real service: state, duration, picture, sound, file and document; 0; nothing keeps running."""
    began = time.monotonic()
    done = subprocess.run(command(tmp_path, "--seconds", "4"), capture_output=True, text=True, timeout=300)
    took_s = time.monotonic() - began
    assert 0 == done.returncode, done.stderr
    said = dict(re.findall(r"^(\w+) {2,}(.+)$", done.stdout, re.MULTILINE))
    assert "completed" == said["state"]
    assert 3 <= float(said["duration"].split()[0]) <= took_s
    assert said["picture"].startswith("1280x720, ")
    assert "yes" == said["sound"]
    assert Path(said["document"]).is_file()
    assert probe(Path(said["file"])).seconds >= 3
    assert [] == left_over(tmp_path)


def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    """An open-ended recording is finished by Ctrl-C: completed, with the file."""
    arguments = ("--gentle", "--seconds", "0", "--size", "320x180", "--mobile", "phone")
    with subprocess.Popen(
        command(tmp_path, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        until = time.monotonic() + 120
        for line in process.stderr:
            assert time.monotonic() < until
            if line.startswith("recording") and float(line.split()[1]) >= 3:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    assert 0 == process.returncode
    said = dict(re.findall(r"^(\w+) {2,}(.+)$", out, re.MULTILINE))
    assert "completed" == said["state"]
    assert probe(Path(said["file"])).seconds >= 2
    assert [] == left_over(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "big"], "write it as 1280x720"),
        (["ftp://example.com/"], "422 RecordUrl"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit status 2, no traceback."""
    done = subprocess.run(command(tmp_path, *arguments), capture_output=True, text=True, timeout=300)
    assert 2 == done.returncode
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert [] == left_over(tmp_path)


def test_a_killed_cloud_loses_no_film(tmp_path: Path) -> None:
    """`kill -9` of the local cloud: its recorder finishes the file, the command says where it is, nothing stays."""
    with subprocess.Popen(
        command(tmp_path, "--gentle", "--seconds", "0", "--size", "320x180"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("recording") and float(line.split()[1]) >= 3:
                break
        holder = holder_of(tmp_path)
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=300)
    assert 2 == process.returncode
    (film,) = re.findall(r"^rescued from a local cloud that was killed: (.+)$", said, re.MULTILINE)
    assert probe(Path(film)).seconds >= 2
    assert [] == left_over(tmp_path)
