"""The recording as one FLV stream for all its RTMP addresses; nothing that happens here reaches the recording."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from local.recorder.flv import Tags
from local.recorder.log import log
from local.recorder.packets import add_copies, copied
from local.recorder.relay import Patience, Relay, Report

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.stream import Stream

_CLOSE_S = 5.0
_OPTIONS = {"flvflags": "no_duration_filesize", "flush_packets": "1"}


class Relays:
    """All addresses of one recording, by their numbers. `report` is called from threads."""

    def __init__(self, urls: dict[int, str], report: Report, patience: Patience) -> None:
        self._tags = Tags()
        self._relays = [Relay(number, url, report, patience) for number, url in urls.items()]
        self._output: OutputContainer | None = None
        self._broken = not urls
        self._last: dict[int, int] = {}

    def packet(self, packet: av.Packet[Any], streams: tuple[Stream, ...], offset_s: float) -> None:
        """Take an encoded packet of one of the streams; its time is moved by `offset_s`. Never raises."""
        if self._broken:
            return
        try:
            self._mux(packet, streams, offset_s)
        except Exception as error:  # noqa: BLE001 - a recording must not end because it cannot be relayed
            self._broken = True
            log(f"nothing is relayed any more: {type(error).__name__}: {error}")

    def write(self, data: bytes) -> int:
        """Hand every address what the muxer made: its file is this object."""
        for tag in self._tags.feed(bytes(data)):
            for relay in self._relays:
                relay.put(self._tags.head, tag)
        return len(data)

    def close(self, *, silent: bool = False) -> None:
        """End all connections at once, within seconds; see `Relay.close`."""
        deadline = time.monotonic() + _CLOSE_S
        for relay in self._relays:
            relay.close(silent=silent)
        for relay in self._relays:
            relay.join(deadline - time.monotonic())

    def _mux(self, packet: av.Packet[Any], streams: tuple[Stream, ...], offset_s: float) -> None:
        import av

        if packet.dts is None or packet.pts is None:
            return
        if self._output is None:
            self._output = av.open(self, "w", format="flv", container_options=_OPTIONS)
            add_copies(self._output, streams)
        index = packet.stream.index
        copy = copied(packet, self._output.streams[index])
        offset = round(offset_s / packet.time_base)
        copy.pts, copy.dts = packet.pts + offset, packet.dts + offset
        if copy.dts > self._last.get(index, copy.dts - 1):  # each file's sound begins a little early
            self._last[index] = copy.dts
            self._output.mux(copy)
