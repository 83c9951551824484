"""Pictures and sound in, media files out: a thread of its own, since encoding must not delay the browser's pace."""

from __future__ import annotations

import errno
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from local.recorder import files
from local.recorder.alsa import FRAME, RATE
from local.recorder.job import FPS, Format
from local.recorder.log import log
from local.recorder.part import FilmPart
from local.recorder.relays import Relays

if TYPE_CHECKING:
    import av
    from av.video.codeccontext import VideoCodecContext

_WAITING = 24  # pictures; beyond that the encoder is too slow, and dropping is the honest answer
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SECOND = RATE * FRAME
_PLAYLIST = ".m3u8"
_SUFFIXES: dict[Format, tuple[str, ...]] = {"mp4": (".mp4",), "hls": (_PLAYLIST,), "hls+mp4": (".mp4", _PLAYLIST)}


class Target(NamedTuple):
    """Where and how to write: sizes in pixels, the longest file in seconds, the start in epoch ms.

    `max_mp4_bytes` counts pictures and sound: what surrounds them keeps an MP4 below the documented 2 GB.
    """

    directory: Path
    stem: str
    format: Format
    size: tuple[int, int]
    max_file_s: float
    start_ms: int
    max_mp4_bytes: int = 2_000_000_000


class Encoder:
    """Merges pictures and sound by time and cuts them into files.

    A picture waits until the sound of its moment is there, so that a cut divides both at the same instant.
    Times are seconds since the recording's start.
    """

    def __init__(
        self,
        target: Target,
        on_file: Callable[[dict[str, Any]], None],
        on_error: Callable[[str, bool], None],
        relays: Relays | None = None,
    ) -> None:
        """Start; `on_file(event)` and `on_error(message, disk_full)` are called from threads."""
        self.pictures = 0
        self.encoded = threading.Event()  # everything: files may still be finished
        self._target = target
        self._on_file = on_file
        self._on_error = on_error
        self._relays = relays
        self._queue: queue.SimpleQueue[tuple[float, bytes | None] | bytes | float] = queue.SimpleQueue()
        self._queued = 0
        self._dropped = 0
        self._waiting: deque[tuple[float, bytes | None]] = deque()
        self._sound = bytearray()
        self._sound_s = 0.0
        self._written = 0  # bytes of sound, whole recording
        self._part: FilmPart | None = None
        self._part_start = 0.0
        self._parts = 0
        self._segments = 0
        self._last: av.VideoFrame | None = None
        self._decoder: VideoCodecContext | None = None
        self._finisher = ThreadPoolExecutor(1, "finish")
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def picture(self, time_s: float, jpeg: bytes | None) -> None:
        """Take a picture; None repeats the last one."""
        if self._queued >= _WAITING:
            self._dropped += 1
            return
        self._queued += 1
        self._queue.put((time_s, jpeg))

    def sound(self, samples: bytes) -> None:
        """Take the next stretch of 48 kHz stereo 16-bit sound."""
        self._queue.put(samples)

    def finish(self, end_s: float, wait_s: float) -> bool:
        """Write everything up to `end_s` and close the files; tell whether that was done within `wait_s`."""
        self._queue.put(float(end_s))
        self._thread.join(wait_s)
        if self._dropped:
            log(f"{self._dropped} pictures dropped: the encoder is too slow for this size")
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._encode_all()
        except Exception as error:  # noqa: BLE001 - a thread's last line: report, never vanish
            full = isinstance(error, OSError) and error.errno in _NO_SPACE
            if self._part is not None:
                self._part.abandon()
            self._on_error(_said(error), full)
            # Keep taking what comes, so that nobody waits for us, until the end is announced.
            while not isinstance(item := self._queue.get(), float):
                self._queued -= isinstance(item, tuple)
            self._hand_over(item)
        self.encoded.set()
        self._finisher.shutdown(wait=True)

    def _encode_all(self) -> None:
        while True:
            item = self._queue.get()
            if isinstance(item, float):
                self._end(item)
                return
            if isinstance(item, tuple):
                self._waiting.append(item)
            else:
                self._sound += item
                self._sound_s += len(item) / _SECOND
            while self._waiting and self._waiting[0][0] <= self._sound_s:
                self._queued -= 1
                self._encode(*self._waiting.popleft())

    def _encode(self, time_s: float, jpeg: bytes | None) -> None:
        frame = self._decode(jpeg)
        if frame is None:
            return
        self._write_sound(time_s)
        if self._part is not None and self._is_full(self._part, time_s):
            self._close(time_s)
        if self._part is None:
            self._open(time_s)
        assert self._part is not None  # noqa: S101 - just opened
        is_key = self._part.write_picture(frame, time_s - self._part_start)
        self.pictures += 1
        if is_key:
            self._report_segments()

    def _is_full(self, part: FilmPart, time_s: float) -> bool:
        large = part.size >= self._target.max_mp4_bytes and self._target.format != "hls"
        return large or time_s - self._part_start >= self._target.max_file_s

    def _end(self, end_s: float) -> None:
        while self._waiting and self._waiting[0][0] < end_s:
            self._encode(*self._waiting.popleft())
        if self._part is None:
            return
        # The last picture stays until the end: a file is as long as its recording was.
        if self._last is not None:
            self._part.write_picture(self._last, end_s - self._part_start)
        self._sound += bytes(max(0, int(end_s * RATE) * FRAME - self._written - len(self._sound)))
        self._write_sound(end_s)
        self._close(end_s)

    def _write_sound(self, until_s: float) -> None:
        size = max(0, int(until_s * RATE) * FRAME - self._written)
        chunk = bytes(self._sound[:size])
        del self._sound[:size]
        self._written += len(chunk)
        if self._part is not None:
            self._part.write_sound(chunk)

    def _decode(self, jpeg: bytes | None) -> av.VideoFrame | None:
        import av

        if jpeg is None:
            return self._last
        if self._decoder is None:
            decoder: Any = av.CodecContext.create("mjpeg", "r")  # PyAV's releases type it differently
            decoder.thread_count = 1
            self._decoder = decoder
        try:
            frames = self._decoder.decode(av.Packet(jpeg)) if self._decoder else []
        except av.FFmpegError as error:
            log(f"a picture was unreadable: {error}")
            return None
        self._last = frames[0] if frames else self._last
        return self._last

    def _open(self, time_s: float) -> None:
        stem = self._target.stem + (f"_{self._parts}" if self._parts else "")
        paths = [self._target.directory / f"{stem}{suffix}" for suffix in _SUFFIXES[self._target.format]]
        self._parts += 1
        self._segments = 0
        self._part_start = time_s
        for path in paths:
            files.note_start(path, self._epoch_ms(time_s))
        relays = self._relays
        tap = (lambda packet, streams: relays.packet(packet, streams, time_s)) if relays is not None else None
        self._part = FilmPart(paths, self._target.size, FPS, tap)

    def _close(self, time_s: float) -> None:
        assert self._part is not None  # noqa: S101 - the callers looked
        self._part.close()
        self._hand_over(time_s)

    def _hand_over(self, end_s: float) -> None:
        """Let the finisher complete the file: moving a long file's index takes seconds."""
        part, self._part = self._part, None
        if part is not None:
            span = self._epoch_ms(self._part_start), self._epoch_ms(end_s)
            for path in part.paths:
                reported = self._segments if path.suffix == _PLAYLIST else 0
                self._finisher.submit(self._complete, path, *span, reported)

    def _complete(self, path: Path, start_ms: int, end_ms: int, reported: int) -> None:
        try:
            events = files.complete(path, start_ms, end_ms)
            for event in events[reported:]:
                self._on_file(event)
        except Exception as error:  # noqa: BLE001 - a thread's last line: report, never vanish
            self._on_error(f"{path.name}: {_said(error)}", False)

    def _report_segments(self) -> None:
        playlist = self._part.paths[-1] if self._part else None
        if playlist is None or playlist.suffix != _PLAYLIST or not playlist.exists():
            return
        events = files.segments(playlist, self._epoch_ms(self._part_start))
        fresh = events[self._segments :]
        for event in fresh:
            self._on_file(event)
        if fresh and self._segments == 0:
            self._on_file(files.event(playlist, events[0]["start_ms"], events[-1]["end_ms"]))
        self._segments = len(events)

    def _epoch_ms(self, time_s: float) -> int:
        return self._target.start_ms + round(time_s * 1000)


def _said(error: Exception) -> str:
    """Return the kind of an error and its words, without the name that FFmpeg knows the file by."""
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
