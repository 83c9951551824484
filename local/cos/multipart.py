"""Multipart operations: initiate, upload part, copy part, complete, abort, list parts, list uploads."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool

from local.cos import xmlbody
from local.cos.call import Call
from local.cos.content import Sink
from local.cos.errors import CosError
from local.cos.model import Entry
from local.cos.objects import copy_source, copy_to_sink
from local.cos.owner import OWNER
from local.cos.reply import Reply, xml
from local.cos.service import Service
from local.cos.uploads import Upload, UploadPart

_MAX_PARTS = 10_000


async def initiate(service: Service, call: Call) -> Reply:
    """Initiate Multipart Upload."""
    key = call.object_key
    bucket = service.store.bucket(call.name)
    if call.create_only and not service.settings.versioned and bucket.get(key) is not None:
        raise CosError("FileAlreadyExists")
    upload = await run_in_threadpool(
        lambda: service.store.uploads.initiate(call.name, key, call.attributes(), create_only=call.create_only)
    )
    return xml("InitiateMultipartUploadResult", [("Bucket", call.name), ("Key", key), ("UploadId", upload.upload_id)])


async def upload_part(service: Service, call: Call) -> Reply:
    """Upload Part."""
    upload, number = _upload(service, call), _part_number(call)

    def keep(sink: Sink) -> tuple[UploadPart, int]:
        return service.store.uploads.add_part(upload, number, sink), sink.crc64

    part, crc64 = await call.receive(service.store, service.settings, keep)
    return Reply(headers={"ETag": part.etag, "x-cos-hash-crc64ecma": str(crc64)})


async def copy_part(service: Service, call: Call) -> Reply:
    """Upload Part - Copy."""
    upload, number = _upload(service, call), _part_number(call)
    bucket, key = copy_source(call)
    raw = call.headers.get("x-cos-copy-source-range", "")
    match = re.fullmatch(r"bytes=(\d{1,18})-(\d{1,18})", raw)
    if raw and (not match or int(match[1]) > int(match[2])):
        raise CosError("InvalidArgument", "x-cos-copy-source-range is not valid.")
    stretch = (int(match[1]), int(match[2])) if match else None

    def copy() -> UploadPart:
        _, sink = copy_to_sink(service.store, call, bucket, key, stretch)
        try:
            return service.store.uploads.add_part(upload, number, sink)
        finally:
            sink.discard()

    part = await run_in_threadpool(copy)
    return xml("CopyPartResult", [("ETag", part.etag), ("LastModified", xmlbody.timestamp(part.modified))])


async def complete(service: Service, call: Call) -> Reply:
    """Complete Multipart Upload."""
    upload = _upload(service, call)
    root = xmlbody.parse(await call.body(), "CompleteMultipartUpload")
    wanted = []
    for part in root.iter("Part"):
        number, etag = part.findtext("PartNumber") or "", part.findtext("ETag") or ""
        if not re.fullmatch(r"\d{1,5}", number.strip()) or not etag:
            raise CosError("MalformedXML", "Every part needs a PartNumber and an ETag.")
        wanted.append((int(number), etag))

    def join() -> Entry:
        sink, etag = service.store.uploads.assemble(upload, wanted, service.settings.min_part_bytes)
        try:
            entry = service.store.commit(
                call.name,
                upload.key,
                sink,
                upload.attributes,
                create_only=upload.create_only or call.create_only,
                etag=etag,
            )
        finally:
            sink.discard()
        service.store.uploads.drop(upload)
        return entry

    entry = await run_in_threadpool(join)
    service.announce(call, entry, "CompleteMultipartUpload")
    body: list[xmlbody.Node] = [
        ("Location", f"http://{call.resource}"),
        ("Bucket", call.name),
        ("Key", entry.key),
        ("ETag", entry.etag),
    ]
    return xml("CompleteMultipartUploadResult", body, {"x-cos-hash-crc64ecma": str(entry.crc64)})


async def abort(service: Service, call: Call) -> Reply:
    """Abort Multipart Upload."""
    await run_in_threadpool(service.store.uploads.drop, _upload(service, call))
    return Reply(status=204)


async def list_parts(service: Service, call: Call) -> Reply:
    """List Parts."""
    upload = _upload(service, call)
    name = xmlbody.encoder(call.params.get("encoding-type"))
    marker = call.number("part-number-marker", 0, 0, _MAX_PARTS)
    limit = call.number("max-parts", 1000, 1, 1000)
    later = [part for number, part in sorted(upload.parts.items()) if number > marker]
    page, truncated = later[:limit], len(later) > limit
    return xml(
        "ListPartsResult",
        [
            ("Bucket", call.name),
            *name.nodes,
            ("Key", name(upload.key)),
            ("UploadId", upload.upload_id),
            ("Initiator", OWNER),
            ("Owner", OWNER),
            ("StorageClass", "STANDARD"),
            ("PartNumberMarker", str(marker)),
            *([("NextPartNumberMarker", str(page[-1].number))] if truncated else []),
            ("MaxParts", str(limit)),
            ("IsTruncated", str(truncated).lower()),
            *(_part(part) for part in page),
        ],
    )


async def list_uploads(service: Service, call: Call) -> Reply:
    """List Multipart Uploads, ordered by key and then by start."""
    params = call.params
    name = xmlbody.encoder(params.get("encoding-type"))
    limit = call.number("max-uploads", 1000, 1, 1000)
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    after = (params.get("key-marker", ""), params.get("upload-id-marker", "") or "\U0010ffff")
    service.store.existing(call.name)
    rows: dict[tuple[str, str], xmlbody.Node] = {}
    for upload in service.store.uploads.of_bucket(call.name):
        if not upload.key.startswith(prefix):
            continue
        cut = upload.key.find(delimiter, len(prefix)) if delimiter else -1
        common = upload.key[: cut + len(delimiter)] if cut >= 0 else None
        place = (common or upload.key, "" if common else upload.upload_id)
        if not after[0] or place > after:
            rows[place] = ("CommonPrefixes", [("Prefix", name(common))]) if common else _upload_node(upload, name)
    places = sorted(rows)
    page, truncated = places[:limit], len(places) > limit
    following: list[xmlbody.Node] = []
    if truncated:
        following = [("NextKeyMarker", name(page[-1][0])), ("NextUploadIdMarker", page[-1][1])]
    return xml(
        "ListMultipartUploadsResult",
        [
            ("Bucket", call.name),
            *name.nodes,
            ("KeyMarker", name(after[0])),
            ("UploadIdMarker", params.get("upload-id-marker", "")),
            *following,
            ("MaxUploads", str(limit)),
            ("Prefix", name(prefix)),
            ("Delimiter", name(delimiter)),
            ("IsTruncated", str(truncated).lower()),
            *(rows[place] for place in page),
        ],
    )


def _upload(service: Service, call: Call) -> Upload:
    return service.store.uploads.find(call.name, call.object_key, call.params.get("uploadId", ""))


def _part_number(call: Call) -> int:
    raw = call.params.get("partNumber", "")
    if not re.fullmatch(r"\d{1,5}", raw) or not 1 <= int(raw) <= _MAX_PARTS:
        raise CosError("InvalidArgument", "partNumber is a number from 1 to 10000.")
    return int(raw)


def _part(part: UploadPart) -> xmlbody.Node:
    return (
        "Part",
        [
            ("PartNumber", str(part.number)),
            ("LastModified", xmlbody.timestamp(part.modified)),
            ("ETag", part.etag),
            ("Size", str(part.size)),
        ],
    )


def _upload_node(upload: Upload, name: xmlbody.NameEncoder) -> xmlbody.Node:
    return (
        "Upload",
        [
            ("Key", name(upload.key)),
            ("UploadId", upload.upload_id),
            ("StorageClass", "STANDARD"),
            ("Initiator", OWNER),
            ("Owner", OWNER),
            ("Initiated", xmlbody.timestamp(upload.initiated)),
        ],
    )
