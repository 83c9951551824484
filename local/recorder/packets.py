"""Encoding once for several outputs: each gets a packet of its own, since a muxer keeps what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.stream import Stream


def copied(packet: av.Packet[Any], stream: Stream) -> av.Packet[Any]:
    """Return the same packet for another output's stream."""
    import av

    copy: av.Packet[Any] = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.time_base = packet.time_base
    copy.is_keyframe = packet.is_keyframe
    copy.stream = stream
    return copy


def add_copies(output: OutputContainer, streams: tuple[Stream, ...]) -> None:
    """Give an output the same streams as another one that has begun, in their order, and begin."""
    for stream in streams:
        output.add_stream_from_template(stream, opaque=True)
    output.start_encoding()
