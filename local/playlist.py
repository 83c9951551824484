"""What a playlist of a recording names: pieces beside it, and nothing that FFmpeg would read without end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from local.regular import why_not

_END = b"#EXT-X-ENDLIST"
_OTHERS = (b"#EXT-X-STREAM-INF", b"#EXT-X-I-FRAME-STREAM-INF", b"#EXT-X-MEDIA:")
"""They name other playlists, which FFmpeg opens at once: one that names itself, without end."""
_LINE, _NAMED = re.compile(rb"[^\r\n\0]+"), re.compile(rb'URI="([^"]*)"?')


def lines(playlist: bytes) -> Iterator[bytes]:
    """Yield the lines as FFmpeg reads them."""
    return (found[0].strip() for found in _LINE.finditer(playlist))


def leads_on(playlist: Path) -> bool:
    """Tell whether a playlist names more than files below its folder: a pipe or a terminal is read without end."""
    for line in lines(playlist.read_bytes()):
        names = _NAMED.findall(line) if line.startswith(b"#") else [line]
        if line.startswith(_OTHERS) or any(_is_elsewhere(name, playlist.parent) for name in names):
            return True
    return False


def _is_elsewhere(name: bytes, folder: Path) -> bool:
    path = PurePosixPath(os.fsdecode(name.split(b"?")[0]))
    there = folder / path
    try:
        no_file = there.exists() and not there.is_file()
    except OSError:  # no file has such a name
        no_file = True
    return no_file or b":" in name or path.is_absolute() or ".." in path.parts


def pieces(playlist: Path) -> Iterator[Path]:
    """Yield the pieces that a playlist names, each once."""
    text = playlist.read_bytes() if playlist.suffix.lower() == ".m3u8" else b""
    for line in dict.fromkeys(line for line in lines(text) if line and not line.startswith(b"#")):
        yield playlist.parent / os.fsdecode(line.split(b"?")[0])


def missing(playlist: Path) -> list[tuple[str, str]]:
    """Return name and fault of the pieces that FFmpeg passes over without a word."""
    return [(piece.name, why) for piece in pieces(playlist) if (why := why_not(piece) or _is_empty(piece))]


def _is_empty(piece: Path) -> str | None:
    return None if piece.stat().st_size else "it has no bytes"


def size(path: Path) -> int:
    """Return the bytes of a part, of a playlist with those of its pieces."""
    return path.stat().st_size + sum(piece.stat().st_size for piece in pieces(path) if not why_not(piece))


@contextmanager
def ended(playlist: Path) -> Iterator[Path]:
    """Give a playlist that has an end: of one that was cut off FFmpeg takes the last pieces, and waits for more."""
    text = playlist.read_bytes()
    if any(line.startswith(_END) for line in lines(text)):
        yield playlist
        return
    copy = playlist.with_name(f".{playlist.name[:100]}.ended.m3u8")  # beside it, as the pieces are
    try:
        copy.write_bytes(text.rstrip() + b"\n" + _END + b"\n")
        yield copy
    finally:
        copy.unlink(missing_ok=True)
