"""One stretch of media while it is being written: H.264 and AAC into a fragmented MP4, an HLS playlist, or both.

Whatever is on disk is playable at any moment, so that a killed recorder loses seconds, not the file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.recorder.alsa import FRAME, RATE
from local.recorder.packets import add_copies, copied
from local.recorder.paths import Folder

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

KEY_S = 2.0  # a key frame, and with HLS a segment, that often
_BLOCK = 1024  # samples: an AAC frame
_TIME_BASE = Fraction(1, 90000)
_MP4 = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "1000000",
    "flush_packets": "1",  # each fragment at once: a still page takes many seconds to fill the buffer
}
_X264 = {"preset": "ultrafast", "crf": "23", "bf": "0", "sc_threshold": "0", "forced-idr": "1"}


Tap = Callable[["av.Packet[Any]", "tuple[Stream, ...]"], None]
"""Sees every packet, and the streams it may belong to."""


class FilmPart:
    """Files open for writing, one per path, all in one directory; times are seconds since their start.

    It is encoded once: the first file's packets are copied to the others, and to the `tap`.
    """

    def __init__(self, paths: Sequence[Path], size: tuple[int, int], fps: int, tap: Tap | None = None) -> None:
        import av

        self.paths = tuple(paths)
        self.size = 0  # bytes of pictures and sound so far
        self._size = size
        self._tap = tap
        self._next_key = 0.0
        self._last_pts = -1
        self._sound = bytearray()
        self._samples = 0
        self._folder = Folder(self.paths[0].parent)
        self._output, *self._copies = [_open(self._folder, path) for path in paths]
        self._video = self._add_video(fps)
        self._audio = self._add_audio()
        self._streams: tuple[Stream, ...] = self._video, self._audio
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        self._output.start_encoding()
        for copy in self._copies:
            add_copies(copy, self._streams)

    def write_picture(self, frame: av.VideoFrame, time_s: float) -> bool:
        """Encode a picture; tell whether it was a key frame.

        Raises:
            OSError: the disk does not take it.
        """
        from av.video.frame import PictureType

        pts = max(round(time_s / _TIME_BASE), self._last_pts + 1)
        self._last_pts = pts
        is_key = time_s >= self._next_key
        if is_key:
            self._next_key = time_s - time_s % KEY_S + KEY_S
        if (frame.width, frame.height) != self._size:
            frame = frame.reformat(*self._size)
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        frame.pts = pts
        frame.time_base = _TIME_BASE
        self._mux(self._video.encode(frame))
        return is_key

    def write_sound(self, samples: bytes) -> None:
        """Encode sound; what does not fill a block waits for the next call.

        Raises:
            OSError: the disk does not take it.
        """
        self._sound += samples
        while len(self._sound) >= _BLOCK * FRAME:
            self._encode_sound(bytes(self._sound[: _BLOCK * FRAME]))
            del self._sound[: _BLOCK * FRAME]

    def close(self) -> None:
        """Write what is left and close the files.

        Raises:
            OSError: the disk does not take it; the files are closed all the same.
        """
        try:
            if self._sound:
                self._encode_sound(bytes(self._sound))
                self._sound.clear()
            self._mux(self._video.encode(None))
            self._mux(self._audio.encode(None))
        finally:
            with contextlib.ExitStack() as closing:  # each one, whatever becomes of the others
                for output in (self._output, *self._copies):
                    closing.callback(output.close)
            self._folder.close()

    def abandon(self) -> None:
        """Close the files after an error, whatever that takes."""
        for output in (self._output, *self._copies):
            with contextlib.suppress(Exception):
                output.close()
        self._folder.close()

    def _mux(self, packets: Sequence[av.Packet[Any]]) -> None:
        for packet in packets:
            self.size += packet.size
            if self._tap is not None:
                self._tap(packet, self._streams)
            for output in self._copies:
                output.mux(copied(packet, output.streams[packet.stream.index]))
            self._output.mux(packet)

    def _encode_sound(self, samples: bytes) -> None:
        import av

        frame = av.AudioFrame(format="s16", layout="stereo", samples=len(samples) // FRAME)
        frame.planes[0].update(samples)
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self._samples
        self._samples += frame.samples
        for converted in self._resampler.resample(frame):
            self._mux(self._audio.encode(converted))

    def _add_video(self, fps: int) -> VideoStream:
        from av.codec.context import Flags

        stream = self._output.add_stream("libx264", rate=fps, options=_X264)
        stream.width, stream.height = self._size
        # The pictures come as JPEG: full range. Converting them would cost more than encoding.
        stream.pix_fmt = "yuvj420p"
        context = stream.codec_context
        context.time_base = _TIME_BASE
        context.flags |= Flags.global_header  # HLS would not ask for it, but its copies may need it
        context.gop_size = 1 << 16  # key frames come by time, see write_picture
        context.color_range = 2
        context.colorspace = 5  # BT.601, as JFIF has it
        context.thread_count = 1 if self._size[0] * self._size[1] <= 1280 * 720 else 2
        return stream

    def _add_audio(self) -> AudioStream:
        return self._output.add_stream("aac", rate=RATE, layout="stereo", format="fltp", bit_rate=128000)


def _open(folder: Folder, path: Path) -> OutputContainer:
    import av

    if path.suffix == ".mp4":
        return av.open(folder.url(path.name), "w", format="mp4", options=_MP4)
    options = {
        "hls_time": f"{KEY_S:g}",
        "hls_playlist_type": "event",
        "hls_flags": "independent_segments+temp_file",
        "hls_segment_filename": folder.url(f"{path.stem}_%05d.ts"),
    }
    return av.open(folder.url(path.name), "w", format="hls", options=options)
