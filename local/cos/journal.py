"""The index of one bucket on disk: a line of JSON per change, appended, folded at start.

One append is the cheapest durable note there is, and a hundred thousand lines load in about a second; a file
per object would need a hundred thousand opens.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.cos.model import Attributes, Entry

_SLACK = 1000  # superseded lines that are not worth a rewrite


class Journal:
    """`<root>/.meta/<bucket>.jsonl`."""

    def __init__(self, path: Path, *, created: float) -> None:
        self._path = path
        self.created = created
        self.entries: dict[str, Entry] = {}
        lines = self._load()
        if lines == 0 or lines > 2 * len(self.entries) + _SLACK:
            self._rewrite()
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND)

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
        os.write(self._fd, _line(line))
        if fsync:
            os.fsync(self._fd)

    def _load(self) -> int:
        """Fold the file into `entries`; the number of lines that were read."""
        if not self._path.exists():
            return 0
        count = 0
        data = self._path.read_bytes()
        for raw in data.splitlines():
            try:
                line = json.loads(raw)
            except ValueError:
                continue  # torn by a crash: that change was never acknowledged
            count += 1
            if "created" in line:
                self.created = line["created"]
            elif "deleted" in line:
                self.entries.pop(line["deleted"], None)
            else:
                self.entries[line["key"]] = _from_json(line)
        # A torn last line must not swallow the next one.
        return count if data.endswith(b"\n") else 0

    def _rewrite(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        lines: Iterable[dict[str, Any]] = [{"created": self.created}, *map(_to_json, self.entries.values())]
        fresh.write_bytes(b"".join(map(_line, lines)))
        fresh.replace(self._path)


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
