"""Where an object's content lies below its bucket's folder.

A plain key is its own path, so that a person finds the file. Anything else (`..`, `//`, a trailing slash,
Unicode, very long names) gets a hashed name in the folder `@`, which no plain key can reach.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

ESCAPED = "@"
_PLAIN = re.compile(r"[A-Za-z0-9._=+*-]{1,200}")
_MAX_PATH = 400  # leaves room for the root on systems whose paths end at 1024 bytes


def mirrored(key: str) -> str | None:
    """The key itself if it is a safe relative path, else None."""
    segments = key.split("/")
    plain = all(_PLAIN.fullmatch(segment) and segment.strip(".") for segment in segments)
    return key if plain and len(key) <= _MAX_PATH else None


def escaped(key: str) -> str:
    """A safe name for any key: a digest that decides, and the end of the key for the reader's eye."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    tail = re.sub(r"[^A-Za-z0-9._=+-]+", "_", key)[-60:]
    return f"{ESCAPED}/{digest[:2]}/{digest}-{tail}"


def is_content(path: Path) -> bool:
    """Tell whether a regular file is there: a link could lead out of the root, a pipe would be read without end."""
    return path.is_file() and not path.is_symlink()


def files_below(folder: Path, prefix: str = "") -> Iterator[tuple[str, int, int]]:
    """Every regular file as (relative path, bytes, mtime in ns)."""
    for path in folder.iterdir():
        name = f"{prefix}{path.name}"
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path, f"{name}/")
        elif is_content(path):
            stat = path.stat()
            yield name, stat.st_size, stat.st_mtime_ns
