"""Object operations: PUT, GET, HEAD, DELETE, copy, multiple deletion."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from email.utils import formatdate
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from local.cos import conditions, xmlbody
from local.cos.call import SMALL_BYTES, Call, nearby
from local.cos.content import CHUNK, Sink
from local.cos.errors import CosError
from local.cos.model import Entry
from local.cos.reply import Reply, xml
from local.cos.service import Service
from local.cos.store import BucketStore

_log = logging.getLogger(__name__)
_OVERRIDES = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)
_MAX_DELETES = 1000


async def put_object(service: Service, call: Call) -> Reply:
    """PUT Object."""
    key = call.object_key
    service.store.bucket(call.name)
    attributes = call.attributes()

    def keep(sink: Sink) -> Entry:
        return service.store.commit(call.name, key, sink, attributes, create_only=call.create_only)

    entry = await call.receive(service.store, service.settings, keep)
    service.announce(call, entry, "Put")
    return Reply(headers={"ETag": entry.etag, "x-cos-hash-crc64ecma": str(entry.crc64)})


async def get_object(service: Service, call: Call) -> Reply:
    """GET Object: whole or one range, conditional, with response-* overrides."""
    return await _read(service, call, with_body=True)


async def head_object(service: Service, call: Call) -> Reply:
    """HEAD Object."""
    return await _read(service, call, with_body=False)


async def delete_object(service: Service, call: Call) -> Reply:
    """DELETE Object: 204 whether or not there was one."""
    _check_version(call)
    await nearby(not service.settings.fsync, service.store.delete, call.name, call.object_key)
    return Reply(status=204)


async def copy_object(service: Service, call: Call) -> Reply:
    """PUT Object - Copy."""
    key = call.object_key
    await call.body()
    bucket, source_key = copy_source(call)
    directive = call.headers.get("x-cos-metadata-directive", "Copy")
    if directive not in ("Copy", "Replaced"):
        raise CosError("InvalidArgument", "x-cos-metadata-directive is Copy or Replaced.")
    if directive == "Copy" and (bucket, source_key) == (call.name, key):
        raise CosError("InvalidRequest", "A copy onto itself must replace the metadata.")

    def copy() -> Entry:
        source, sink = copy_to_sink(service.store, call, bucket, source_key)
        try:
            attributes = source.attributes if directive == "Copy" else call.attributes()
            return service.store.commit(call.name, key, sink, attributes, create_only=call.create_only)
        finally:
            sink.discard()

    entry = await run_in_threadpool(copy)
    service.announce(call, entry, "Copy")
    return xml(
        "CopyObjectResult",
        [
            ("ETag", entry.etag),
            ("CRC64", str(entry.crc64)),
            ("LastModified", xmlbody.timestamp(entry.modified)),
        ],
        {"x-cos-hash-crc64ecma": str(entry.crc64)},
    )


async def delete_objects(service: Service, call: Call) -> Reply:
    """POST ?delete: Multiple Objects, at most 1000 keys."""
    digest = call.content_md5()
    body = await call.body()
    if digest is None:
        raise CosError("InvalidRequest", "Content-MD5 is required.")
    if digest != hashlib.md5(body, usedforsecurity=False).digest():
        raise CosError("BadDigest")
    root = xmlbody.parse(body, "Delete")
    keys = [element.findtext("Key") or "" for element in root.iter("Object")]
    if not 0 < len(keys) <= _MAX_DELETES or not all(keys):
        raise CosError("MalformedXML", "1 to 1000 objects with a key are expected.")

    def delete() -> None:
        for key in keys:
            service.store.delete(call.name, key)

    await run_in_threadpool(delete)
    quiet = (root.findtext("Quiet") or "").lower() == "true"
    deleted: list[xmlbody.Node] = [] if quiet else [("Deleted", [("Key", key)]) for key in keys]
    return xml("DeleteResult", deleted)


def copy_source(call: Call) -> tuple[str, str]:
    """Bucket and key of x-cos-copy-source, `<bucket>.cos.<region>.myqcloud.com/<encoded key>`.

    Raises:
        CosError: InvalidArgument, NoSuchVersion.
    """
    raw, _, version = call.headers["x-cos-copy-source"].partition("?")
    if version and version not in ("versionId=", "versionId=null"):
        raise CosError("NoSuchVersion")
    host, _, path = raw.partition("://")[2 if "://" in raw else 0].lstrip("/").partition("/")
    try:
        key = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise CosError("InvalidArgument", "x-cos-copy-source is not valid.")
    return host.partition(".")[0], key


def copy_to_sink(
    store: BucketStore, call: Call, bucket: str, key: str, byte_range: tuple[int, int] | None = None
) -> tuple[Entry, Sink]:
    """The source of a copy, its conditions checked, its content (or the inclusive range) in a sink.

    Raises:
        CosError: NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRange.
    """
    source, file = store.open(bucket, key)
    with file:
        conditions.check_copy(call.headers, source)
        first, last = byte_range or (0, source.size - 1)
        if byte_range and last >= source.size:
            raise CosError("InvalidRange")
        sink = store.sink()
        try:
            file.seek(first)
            sink.write_from(file, last - first + 1)
            sink.close()
        except BaseException:
            sink.discard()
            raise
    return source, sink


async def _read(service: Service, call: Call, *, with_body: bool) -> Reply:
    key = call.object_key
    _check_version(call)
    small = service.store.is_small(call.name, key, SMALL_BYTES)
    entry, opened = await nearby(small, service.store.open, call.name, key)
    file: BinaryIO | None = opened
    try:
        headers = _headers(service, call, entry)
        if conditions.not_modified(call.headers, entry):
            response = Reply(status=304, headers=headers)
        else:
            first, last, status = conditions.byte_range(call.headers, entry)
            headers["Content-Length"] = str(last - first + 1)
            if status == 206:
                headers["Content-Range"] = f"bytes {first}-{last}/{entry.size}"
            if with_body:
                response, file = _FileReply(opened, first, last - first + 1, status, headers), None
            else:
                response = Reply(status=status, headers=headers)
    finally:
        if file is not None:
            file.close()
    return response


def _headers(service: Service, call: Call, entry: Entry) -> dict[str, str]:
    headers = {
        "Content-Type": entry.attributes.content_type,
        "ETag": entry.etag,
        "Last-Modified": formatdate(int(entry.modified), usegmt=True),
        "Accept-Ranges": "bytes",
        "x-cos-hash-crc64ecma": str(entry.crc64),
        "x-cos-object-type": "normal",
        **{name.title() if not name.startswith("x-") else name: v for name, v in entry.attributes.headers.items()},
        **entry.attributes.meta,
    }
    if service.settings.force_download and call.method == "GET":
        headers |= {"Content-Disposition": "attachment", "x-cos-force-download": "true"}
    for name in _OVERRIDES:
        if f"response-{name}" in call.params:
            headers[name.title()] = _header_value(call.params[f"response-{name}"])
    return headers


def _header_value(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise CosError("InvalidArgument", "A response-* parameter is not a header value.")
    # Headers travel as Latin-1 here; the bytes on the wire are the UTF-8 that the caller sent.
    return value.encode().decode("latin-1")


def _check_version(call: Call) -> None:
    if call.params.get("versionId") not in (None, "", "null"):
        raise CosError("NoSuchVersion")


class _FileReply(Reply):
    """Sends a stretch of an open file chunk by chunk, and closes it."""

    def __init__(self, file: BinaryIO, offset: int, size: int, status: int, headers: dict[str, str]) -> None:
        super().__init__(status=status, headers=headers)
        self._file = file
        self._offset = offset
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        gone = asyncio.ensure_future(_disconnected(receive)) if self._size > CHUNK else None
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            left = self._size
            while gone is None or not gone.done():  # a reader who left is not read for to the end of gigabytes
                data = await nearby(left <= SMALL_BYTES, self._next, min(CHUNK, left))
                if not data and left:
                    _log.warning("a file was shortened while it was read: the answer is broken off")
                    return
                left -= len(data)
                await send({"type": "http.response.body", "body": data, "more_body": left > 0})
                if not left:
                    return
        finally:
            self._file.close()
            if gone is not None:
                gone.cancel()

    def forget(self) -> None:
        self._file.close()

    def _next(self, size: int) -> bytes:
        self._file.seek(self._offset)
        data = self._file.read(size)
        self._offset += len(data)
        return data


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
