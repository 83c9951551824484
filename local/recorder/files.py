"""What becomes of files after writing: the faststart remux, the playlist's end, and what to say about them."""

from __future__ import annotations

import contextlib
import json
import re
import struct
from pathlib import Path
from typing import Any

from local import regular
from local.recorder.log import log
from local.recorder.paths import Folder

JOURNAL = ".starts.jsonl"
_ENDLIST = "#EXT-X-ENDLIST"
_HALF = ".faststart"


def event(path: Path, start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return the `file` event of a finished file; times are epoch milliseconds."""
    kind = path.suffix[1:]
    return {"event": "file", "name": path.name, "kind": kind, "start_ms": start_ms, "end_ms": end_ms}


def note_start(path: Path, start_ms: int) -> None:
    """Write down when a file begins, for whoever has to rescue it."""
    with (path.parent / JOURNAL).open("a") as journal:
        journal.write(json.dumps({"name": path.name, "start_ms": start_ms}) + "\n")


def noted_starts(directory: Path) -> dict[str, int]:
    """Return the file starts written down in a directory; a torn last line is passed over."""
    starts: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        for line in regular.text(directory / JOURNAL).splitlines():
            entry = json.loads(line)
            starts[entry["name"]] = int(entry["start_ms"])
    return starts


def complete(path: Path, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """Make a written file final and return the events of all files that belong to it, playlist last."""
    if path.suffix == ".mp4":
        faststart(path)
        return [event(path, start_ms, end_ms)] if path.exists() else []
    end_playlist(path)
    parts = segments(path, start_ms)
    return [*parts, event(path, start_ms, parts[-1]["end_ms"])] if parts else []


def segments(playlist: Path, start_ms: int) -> list[dict[str, Any]]:
    """Return the events of a playlist's segments."""
    events = []
    begin = 0.0
    durations = re.findall(r"#EXTINF:([\d.]+),[^\n]*\n([^#\n]+)", regular.text(playlist))
    for duration, name in durations:
        end = begin + float(duration)
        path = playlist.parent / name.strip()
        events.append(event(path, start_ms + round(begin * 1000), start_ms + round(end * 1000)))
        begin = end
    return events


def end_playlist(playlist: Path) -> None:
    """Add the end mark that a recorder which died could not write."""
    if not playlist.exists():
        return
    text = regular.text(playlist)
    if _ENDLIST not in text:
        with playlist.open("a") as file:
            file.write(("" if text.endswith("\n") else "\n") + _ENDLIST + "\n")


def faststart(path: Path) -> None:
    """Turn a fragmented MP4, complete or torn, into an ordinary one with its index in front.

    Where that fails, for example since the disk has no room for a second copy, the fragmented file stays: it plays.
    A file without a single complete fragment is removed.
    """
    kinds = trim(path)
    if "moof" not in kinds:
        if "mdat" not in kinds:
            path.unlink(missing_ok=True)
        return
    half = path.with_name(path.name + _HALF)
    try:
        _remux(path, half)
        half.replace(path)
    except Exception as error:  # noqa: BLE001 - whatever it is, the fragmented file is the answer
        half.unlink(missing_ok=True)
        log(f"{path.name} stays fragmented: {error}")


def trim(path: Path) -> list[str]:
    """Cut a torn tail off an MP4, in place, and return the kinds of the boxes that stay."""
    kinds: list[str] = []
    good = position = 0
    size = path.stat().st_size
    with path.open("r+b") as file:
        while position + 8 <= size:
            file.seek(position)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length == 1:
                length = struct.unpack(">Q", file.read(8))[0]
            if length < 8 or position + length > size:
                break
            position += length
            kinds.append(kind.decode("latin-1"))
            if kind != b"moof":  # an index of samples that are not there helps nobody
                good = position
        if kinds and kinds[-1] == "moof":
            kinds.pop()
        if good < size:
            file.truncate(good)
    return kinds


def duration_s(path: Path) -> float:
    """Return a media file's length in seconds, 0 if it holds nothing playable."""
    import av

    with (
        contextlib.suppress(av.FFmpegError, OSError),
        Folder(path.parent) as folder,
        av.open(folder.url(path.name)) as container,
    ):
        return (container.duration or 0) / av.time_base
    return 0.0


def _remux(source: Path, target: Path) -> None:
    import av

    with (
        Folder(source.parent) as folder,
        av.open(folder.url(source.name)) as reading,
        av.open(folder.url(target.name), "w", format="mp4", options={"movflags": "faststart"}) as writing,
    ):
        inputs = (*reading.streams.video, *reading.streams.audio)
        streams = {stream.index: writing.add_stream_from_template(stream) for stream in inputs}
        for packet in reading.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                writing.mux(packet)
