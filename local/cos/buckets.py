"""Service and bucket operations: list buckets, make, test and remove one, list its objects, ACL, versioning."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool

from local.cos import xmlbody
from local.cos.call import Call
from local.cos.errors import CosError
from local.cos.model import Entry
from local.cos.owner import ACCESS_CONTROL, OWNER
from local.cos.reply import Reply, xml
from local.cos.service import Service


async def get_service(service: Service, _call: Call) -> Reply:
    """GET Service: every bucket."""
    rows: list[xmlbody.Node] = [
        (
            "Bucket",
            [
                ("Name", bucket.name),
                ("Location", service.settings.region),
                ("CreationDate", xmlbody.timestamp(bucket.created)[:-5] + "Z"),
                ("BucketType", "cos"),
            ],
        )
        for bucket in service.store.buckets()
    ]
    return xml("ListAllMyBucketsResult", [("Owner", OWNER), ("Buckets", rows)])


async def put_bucket(service: Service, call: Call) -> Reply:
    """PUT Bucket."""
    await call.body()
    _, new = await run_in_threadpool(service.store.create_bucket, call.name)
    if not new:
        raise CosError("BucketAlreadyOwnedByYou")
    if service.settings.first_is_default and service.settings.default_bucket is None:
        service.settings.default_bucket = call.name
    return Reply()


async def head_bucket(service: Service, call: Call) -> Reply:
    """HEAD Bucket. It alone does not make a bucket: it is how one asks."""
    if service.store.find(call.name) is None:
        raise CosError("NoSuchBucket")
    return Reply()


async def delete_bucket(service: Service, call: Call) -> Reply:
    """DELETE Bucket."""
    await run_in_threadpool(service.store.delete_bucket, call.name)
    return Reply(status=204)


async def list_objects(service: Service, call: Call) -> Reply:
    """GET Bucket (List Objects), version 1."""
    params = call.params
    name = xmlbody.encoder(params.get("encoding-type"))
    prefix, marker, delimiter = (params.get(each, "") for each in ("prefix", "marker", "delimiter"))
    limit = call.number("max-keys", 1000, 0, 1000)
    page = await run_in_threadpool(service.store.page, call.name, prefix, marker, delimiter, limit)
    truncated = page.next_marker is not None
    return xml(
        "ListBucketResult",
        [
            ("Name", call.name),
            *name.nodes,
            ("Prefix", name(prefix)),
            ("Marker", name(marker)),
            ("MaxKeys", str(limit)),
            *([("Delimiter", name(delimiter))] if delimiter else []),
            ("IsTruncated", str(truncated).lower()),
            *([("NextMarker", name(page.next_marker))] if page.next_marker is not None else []),
            *(_contents(entry, name) for entry in page.entries),
            *(("CommonPrefixes", [("Prefix", name(common))]) for common in page.prefixes),
        ],
    )


async def get_versioning(service: Service, call: Call) -> Reply:
    """GET Bucket versioning. Versions are never kept, so a versioned bucket is a suspended one."""
    service.store.existing(call.name)
    return xml("VersioningConfiguration", [("Status", "Suspended")] if service.settings.versioned else [])


async def get_acl(service: Service, call: Call) -> Reply:
    """GET Bucket acl, GET Object acl: always private."""
    _check_exists(service, call)
    return xml("AccessControlPolicy", ACCESS_CONTROL, {"x-cos-acl": "default"} if call.key else None)


async def put_acl(service: Service, call: Call) -> Reply:
    """PUT Bucket acl, PUT Object acl: accepted without effect."""
    await call.body()
    _check_exists(service, call)
    return Reply()


def _check_exists(service: Service, call: Call) -> None:
    bucket = service.store.existing(call.name)
    if call.key is not None and bucket.get(call.object_key) is None:
        raise CosError("NoSuchKey")


def _contents(entry: Entry, name: xmlbody.NameEncoder) -> xmlbody.Node:
    return (
        "Contents",
        [
            ("Key", name(entry.key)),
            ("LastModified", xmlbody.timestamp(entry.modified)),
            ("ETag", entry.etag),
            ("Size", str(entry.size)),
            ("Owner", OWNER),
            ("StorageClass", entry.storage_class),
        ],
    )
