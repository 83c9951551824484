"""Strangers' RTMP servers: FFmpeg's own, in a process of their own; each takes one stream and says what it decoded."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from typing_extensions import Self

WAIT_S = 300.0
ROOT = Path(__file__).parents[3]


class RtmpServers:
    """Listen on ports; leaving the `with` block kills them if they still run."""

    def __init__(self, *ports: int) -> None:
        self.urls = [f"rtmp://127.0.0.1:{port}/live/stream?key=abc" for port in ports]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.recorder.receiver", *self.urls],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + WAIT_S
        while not all(map(_listens, ports)):
            assert self.process.poll() is None, "the receiver ended"
            assert time.monotonic() < until, "the receiver does not listen"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.communicate()

    def all_decoded(self) -> list[dict[str, Any]]:
        """Wait for the streams' ends and return what came of each."""
        out, _ = self.process.communicate(timeout=WAIT_S)
        seen: list[dict[str, Any]] = json.loads(out)
        return seen


class RtmpServer(RtmpServers):
    """One of them."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        (self.url,) = self.urls

    def decoded(self) -> dict[str, Any]:
        """Wait for the stream's end and return what came."""
        (seen,) = self.all_decoded()
        return seen


def _listens(port: int) -> bool:
    # Not by a connection: the receiver takes just one, and may have it as soon as it listens.
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(fields[1].endswith(f":{port:04X}") and fields[3] in ("0A", "01") for fields in map(str.split, lines))


def main(urls: list[str]) -> None:
    """Receive a stream at each address, decode them, and print their facts."""
    with ThreadPoolExecutor(len(urls)) as pool:
        sys.stdout.write(json.dumps(list(pool.map(received, urls))))


def received(url: str) -> dict[str, Any]:
    """Receive one stream, decode it, and return its facts."""
    import av

    from testing import pictures as clock

    with av.open(url, "r", format="flv", options={"listen": "1"}) as container:
        recording = clock.decode(container, OSError)  # how FFmpeg's server sees every client's end
    times = [picture.page_s for picture in recording.pictures if picture.page_s is not None]
    beeps = clock.beeps(recording)
    return {
        "size": recording.size,
        "length_s": recording.length_s,
        "pictures": len(recording.pictures),
        "page_s": times,
        "beeps": len(beeps),
        "delays_s": clock.delays_s(recording) if times and beeps else [],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
