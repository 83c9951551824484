"""One media file while it is being written: H.264 and AAC into a fragmented MP4 or an HLS playlist.

Whatever is on disk is playable at any moment, so that a killed recorder loses seconds, not the file.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from local.recorder.alsa import FRAME, RATE
from local.recorder.job import Format

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

KEY_S = 2.0  # a key frame, and with HLS a segment, that often
_BLOCK = 1024  # samples: an AAC frame
_TIME_BASE = Fraction(1, 90000)
_MP4 = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"}
_X264 = {"preset": "ultrafast", "crf": "23", "bf": "0", "sc_threshold": "0", "forced-idr": "1"}


class Part:
    """A file open for writing; times are seconds since the file's start."""

    def __init__(self, path: Path, format: Format, size: tuple[int, int], fps: int) -> None:  # noqa: A002 - the job's word
        import av

        self.path = path
        self._size = size
        self._next_key = 0.0
        self._last_pts = -1
        self._sound = bytearray()
        self._samples = 0
        if format == "mp4":
            self._output = av.open(str(path), "w", format="mp4", options=_MP4)
        else:
            options = {
                "hls_time": f"{KEY_S:g}",
                "hls_playlist_type": "event",
                "hls_flags": "independent_segments+temp_file",
                "hls_segment_filename": str(path.with_suffix("")).replace("%", "%%") + "_%05d.ts",
            }
            self._output = av.open(str(path), "w", format="hls", options=options)
        self._video = self._add_video(fps)
        self._audio = self._add_audio()
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)

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
        self._output.mux(self._video.encode(frame))
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
        """Write what is left and close the file.

        Raises:
            OSError: the disk does not take it; the file is closed all the same.
        """
        try:
            if self._sound:
                self._encode_sound(bytes(self._sound))
                self._sound.clear()
            self._output.mux(self._video.encode(None))
            self._output.mux(self._audio.encode(None))
        finally:
            self._output.close()

    def abandon(self) -> None:
        """Close the file after an error, whatever that takes."""
        with contextlib.suppress(Exception):
            self._output.close()

    def _encode_sound(self, samples: bytes) -> None:
        import av

        frame = av.AudioFrame(format="s16", layout="stereo", samples=len(samples) // FRAME)
        frame.planes[0].update(samples)
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self._samples
        self._samples += frame.samples
        for converted in self._resampler.resample(frame):
            self._output.mux(self._audio.encode(converted))

    def _add_video(self, fps: int) -> VideoStream:
        stream = self._output.add_stream("libx264", rate=fps, options=_X264)
        stream.width, stream.height = self._size
        # The pictures come as JPEG: full range. Converting them would cost more than encoding.
        stream.pix_fmt = "yuvj420p"
        context = stream.codec_context
        context.time_base = _TIME_BASE
        context.gop_size = 1 << 16  # key frames come by time, see write_picture
        context.color_range = 2
        context.colorspace = 5  # BT.601, as JFIF has it
        context.thread_count = 1 if self._size[0] * self._size[1] <= 1280 * 720 else 2
        return stream

    def _add_audio(self) -> AudioStream:
        return self._output.add_stream("aac", rate=RATE, layout="stereo", format="fltp", bit_rate=128000)
