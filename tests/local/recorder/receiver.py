"""A stranger's RTMP server: FFmpeg's own, in a process of its own; it takes one stream and says what it decoded."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WAIT_S = 60.0
ROOT = Path(__file__).parents[3]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtmpServer:
    """Listens on a port; leaving the `with` block kills it if it still runs."""

    def __init__(self, port: int) -> None:
        self.url = f"rtmp://127.0.0.1:{port}/live/stream?key=abc"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.recorder.receiver", self.url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + WAIT_S
        while not _listens(port):
            assert self.process.poll() is None, "the receiver ended"
            assert time.monotonic() < until, "the receiver does not listen"
            time.sleep(0.02)

    def __enter__(self) -> RtmpServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.communicate()

    def decoded(self) -> dict[str, Any]:
        """Wait for the stream's end and return what came."""
        out, _ = self.process.communicate(timeout=WAIT_S)
        seen: dict[str, Any] = json.loads(out)
        return seen


def _listens(port: int) -> bool:
    # Not by a connection: the receiver takes just one, and may have it as soon as it listens.
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(fields[1].endswith(f":{port:04X}") and fields[3] in ("0A", "01") for fields in map(str.split, lines))


def main(url: str) -> None:
    """Receive one stream, decode it, and print its facts."""
    import av

    from testing import pictures as clock

    with av.open(url, "r", format="flv", options={"listen": "1"}) as container:
        recording = clock.decode(container, OSError)  # how FFmpeg's server sees every client's end
    times = [picture.page_s for picture in recording.pictures if picture.page_s is not None]
    beeps = clock.beeps(recording)
    facts = {
        "size": recording.size,
        "length_s": recording.length_s,
        "pictures": len(recording.pictures),
        "page_s": times,
        "beeps": len(beeps),
        "delays_s": clock.delays_s(recording) if times and beeps else [],
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1])
