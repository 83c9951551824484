"""Unfinished multipart uploads: one folder per upload, one file per part.

<root>/.multipart/<bucket>/<upload id>/upload.json
<root>/.multipart/<bucket>/<upload id>/<part number>-<md5>

An upload whose note is damaged can't be completed; its folder moves to <root>/.lost/<bucket>/.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local import regular
from local.cos import content
from local.cos.content import Sink
from local.cos.errors import CosError
from local.cos.model import Attributes

LOST = ".lost"
_PART = re.compile(r"(\d{5})-([0-9a-f]{32})")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UploadPart:
    """One received part. `etag` is quoted, `modified` is epoch seconds."""

    number: int
    etag: str
    size: int
    modified: float
    path: Path


@dataclass
class Upload:
    """One multipart upload. `initiated` is epoch seconds."""

    upload_id: str
    bucket: str
    key: str
    initiated: float
    attributes: Attributes
    create_only: bool
    folder: Path
    parts: dict[int, UploadPart] = field(default_factory=dict)


class Uploads:
    """Every unfinished upload, in memory and on disk."""

    def __init__(self, root: Path, sink: Callable[[], Sink]) -> None:
        self._root = root
        self._sink = sink
        self._lock = threading.Lock()
        self._uploads = {upload.upload_id: upload for upload in _found(root)}

    def initiate(self, bucket: str, key: str, attributes: Attributes, *, create_only: bool) -> Upload:
        started = content.now()
        # The id begins with the time: uploads of one key then list in the order of their start.
        upload_id = f"{int(started * 1000):013d}{uuid.uuid4().hex}"
        folder = self._root / bucket / upload_id
        upload = Upload(upload_id, bucket, key, started, attributes, create_only, folder)
        folder.mkdir(parents=True)
        fresh = folder / "upload.new"
        fresh.write_text(
            json.dumps(
                {
                    "bucket": bucket,
                    "key": key,
                    "initiated": started,
                    "create_only": create_only,
                    "type": attributes.content_type,
                    "headers": dict(attributes.headers),
                    "meta": dict(attributes.meta),
                }
            )
        )
        fresh.replace(folder / "upload.json")
        with self._lock:
            self._uploads[upload_id] = upload
        return upload

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """The upload.

        Raises:
            CosError: NoSuchUpload, also if it belongs to another key.
        """
        upload = self._uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise CosError("NoSuchUpload")
        return upload

    def of_bucket(self, bucket: str) -> list[Upload]:
        """Ordered by key, then by start."""
        with self._lock:
            mine = [upload for upload in self._uploads.values() if upload.bucket == bucket]
        return sorted(mine, key=lambda upload: (upload.key, upload.upload_id))

    def add_part(self, upload: Upload, number: int, sink: Sink) -> UploadPart:
        """Keep a part; a part of the same number is replaced.

        Raises:
            CosError: NoSuchUpload if the upload ended meanwhile.
        """
        sink.close()
        with self._lock:
            if upload.upload_id not in self._uploads:
                raise CosError("NoSuchUpload")
            path = upload.folder / f"{number:05d}-{sink.md5.hex()}"
            sink.move_to(path)
            part = UploadPart(number, sink.etag, sink.size, content.now(), path)
            old = upload.parts.get(number)
            if old is not None and old.path != path:
                old.path.unlink(missing_ok=True)
            upload.parts[number] = part
            return part

    def assemble(self, upload: Upload, wanted: Sequence[tuple[int, str]], min_part_bytes: int) -> tuple[Sink, str]:
        """The parts joined, and the ETag of the whole.

        Args:
            wanted: (part number, ETag with or without quotes) in ascending order.

        Raises:
            CosError: MalformedXML (no parts), InvalidPartOrder, InvalidPart, EntityTooSmall.
        """
        numbers = [number for number, _ in wanted]
        if not wanted:
            raise CosError("MalformedXML", "At least one part is needed.")
        if numbers != sorted(set(numbers)):
            raise CosError("InvalidPartOrder")
        parts = [upload.parts.get(number) for number in numbers]
        chosen = [
            part
            for part, (_, etag) in zip(parts, wanted, strict=True)
            if part is not None and part.etag.strip('"') == etag.strip().strip('"').lower()
        ]
        if len(chosen) != len(wanted):
            raise CosError("InvalidPart")
        if any(part.size < min_part_bytes for part in chosen[:-1]):
            raise CosError("EntityTooSmall")
        digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in chosen)
        sink = self._sink()
        try:
            for part in chosen:
                if not _copied(part, sink):  # somebody edited it
                    sink.discard()
                    raise CosError("InvalidPart")
        except OSError as error:  # completed or aborted by another request
            sink.discard()
            raise CosError("NoSuchUpload") from error
        return sink, f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(chosen)}"'

    def drop(self, upload: Upload) -> None:
        """Forget the upload and its parts."""
        with self._lock:
            self._uploads.pop(upload.upload_id, None)
            shutil.rmtree(upload.folder, ignore_errors=True)

    def drop_bucket(self, bucket: str) -> None:
        for upload in self.of_bucket(bucket):
            self.drop(upload)


def _copied(part: UploadPart, sink: Sink) -> bool:
    """Copy a part; tell whether what was copied is what was sent."""
    md5 = hashlib.md5(usedforsecurity=False)
    with regular.opened(part.path) as file:
        if os.fstat(file.fileno()).st_size != part.size:
            return False
        while data := file.read(content.CHUNK):
            md5.update(data)
            sink.write(data)
    return f'"{md5.hexdigest()}"' == part.etag


def _found(root: Path) -> Iterator[Upload]:
    """Yield the uploads below a folder; what is none any more, by a crash or by hand, is set aside."""
    for note in sorted(root.glob("*/*/upload.json")):
        folder = note.parent
        try:
            upload = _load(folder)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            upload = None
        if upload is not None:
            yield upload
            continue
        target = root.parent / LOST / folder.parent.name / folder.name
        with suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.replace(target)
        _log.warning("%s: an unfinished upload's note is damaged; its parts are kept in %s", folder.name, target)


def _load(folder: Path) -> Upload:
    about = json.loads(regular.read(folder / "upload.json"))
    upload = Upload(
        upload_id=folder.name,
        bucket=str(about["bucket"]),
        key=str(about["key"]),
        initiated=float(about["initiated"]),
        attributes=Attributes(str(about["type"]), dict(about["headers"]), dict(about["meta"])),
        create_only=bool(about["create_only"]),
        folder=folder,
    )
    parts = [
        (path.stat(), path, match)
        for path in folder.iterdir()
        if (match := _PART.fullmatch(path.name)) and regular.why_not(path) is None
    ]
    # Of two files for one part, left by a crash, the later one counts.
    for stat, path, match in sorted(parts, key=lambda part: part[0].st_mtime_ns):
        number = int(match[1])
        upload.parts[number] = UploadPart(number, f'"{match[2]}"', stat.st_size, stat.st_mtime, path)
    return upload
