"""The process that pushes to one RTMP address: its URL and then an FLV stream on standard input.

Every line it writes to standard output is one of `connecting`, when it turns to the receiver, `running`, once the
receiver takes the stream, and `failed <reason>`.

It is a process since FFmpeg opens an output without letting go of Python's interpreter lock, and without a limit: a
receiver that never answers would stop the recording. Here the alarm signal's default action is the limit.
"""

from __future__ import annotations

import os
import signal
import sys

import av

_ALARM_S = 10.0  # between two signs of life: of the receiver, or of the recorder
_READ_BYTES = 16384


class _Input:
    """Standard input as PyAV reads it: what there is, without waiting for more."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        return os.read(0, size)


def _url() -> str:
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def push(url: str) -> None:
    """Push until the end of the input.

    Raises:
        av.FFmpegError: the receiver refused, or is gone.
    """
    probing = {"fpsprobesize": "0", "analyzeduration": "500000"}
    writing = {"flvflags": "no_duration_filesize", "flush_packets": "1"}
    signal.setitimer(signal.ITIMER_REAL, _ALARM_S)
    with av.open(_Input(), "r", format="flv", buffer_size=_READ_BYTES, options=probing) as source:
        print("connecting", flush=True)
        with av.open(url, "w", format="flv", container_options=writing) as target:
            inputs = (*source.streams.video, *source.streams.audio)
            streams = {stream.index: target.add_stream_from_template(stream, opaque=True) for stream in inputs}
            target.start_encoding()
            print("running", flush=True)
            for packet in source.demux(*inputs):
                signal.setitimer(signal.ITIMER_REAL, _ALARM_S)
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)


def main() -> int:
    """Push; return the exit code: 0, or 1 where the receiver did not take it to the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the recorder: it ends us in order
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    av.logging.set_level(None)
    try:
        push(_url())
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        print(f"failed {reason}", flush=True)  # never the address: it may hold a key
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # closing what has failed may take as long as failing did
