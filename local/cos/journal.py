"""The index of one bucket on disk: a line of JSON per change, appended, folded at start.

One append is the cheapest durable note there is, and a hundred thousand lines load in about a second; a file
per object would need a hundred thousand opens.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local import regular
from local.cos.model import Attributes, Entry

_SLACK = 1000  # superseded lines that are not worth a rewrite


class Journal:
    """`<root>/.meta/<bucket>.jsonl`."""

    def __init__(self, path: Path, *, created: float) -> None:
        self._path = path
        self.created = created
        self.entries: dict[str, Entry] = {}
        lines, whole, size = self._load()
        rewritten = False
        if lines == 0 or whole < size or lines > 2 * len(self.entries) + _SLACK:
            with contextlib.suppress(OSError):  # a full disk: it is appended to as it is
                self._rewrite()
                rewritten = True
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        if whole < size and not rewritten:  # a torn line must not swallow the next one
            os.ftruncate(self._fd, whole)

    def put(self, entry: Entry, *, fsync: bool) -> None:
        self._append(_to_json(entry), fsync)

    def delete(self, key: str, *, fsync: bool) -> None:
        self._append({"deleted": key}, fsync)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def remove(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)

    def _append(self, line: dict[str, Any], fsync: bool) -> None:
        size = os.fstat(self._fd).st_size
        try:
            data = memoryview(_line(line))
            while data:
                data = data[os.write(self._fd, data) :]
            if fsync:
                os.fsync(self._fd)
        except OSError:
            # Half a line would take the next one with it: another object's.
            os.ftruncate(self._fd, size)
            raise

    def _load(self) -> tuple[int, int, int]:
        """Fold the file into `entries`; return the lines that were read, the bytes of whole ones, and all bytes."""
        if not self._path.exists():
            return 0, 0, 0
        data = regular.read(self._path)
        return sum(map(self._fold, data.splitlines())), data.rfind(b"\n") + 1, len(data)

    def _fold(self, raw: bytes) -> bool:
        try:
            line = json.loads(raw)
            if "created" in line:
                self.created = float(line["created"])
            elif "deleted" in line:
                self.entries.pop(line["deleted"], None)
            else:
                self.entries[line["key"]] = _from_json(line)
        except (ValueError, TypeError, KeyError, RecursionError):
            return False  # torn by a crash: that change was never acknowledged
        return True

    def _rewrite(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        lines: Iterable[dict[str, Any]] = [{"created": self.created}, *map(_to_json, self.entries.values())]
        try:
            regular.write(fresh, b"".join(map(_line, lines)))
            fresh.replace(self._path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _to_json(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "file": entry.file,
        "size": entry.size,
        "etag": entry.etag,
        "crc64": entry.crc64,
        "modified": entry.modified,
        "mtime_ns": entry.mtime_ns,
        "type": entry.attributes.content_type,
        "headers": dict(entry.attributes.headers),
        "meta": dict(entry.attributes.meta),
    }


def _from_json(line: dict[str, Any]) -> Entry:
    return Entry(
        key=line["key"],
        file=line["file"],
        size=line["size"],
        etag=line["etag"],
        crc64=line["crc64"],
        modified=line["modified"],
        mtime_ns=line["mtime_ns"],
        attributes=Attributes(line["type"], line["headers"], line["meta"]),
    )
