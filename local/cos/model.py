"""The plain values of the local COS: settings, credentials, stored objects and what is announced about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.faults import Faults

MIB = 1024 * 1024


@dataclass
class CosSettings:
    """How the local COS behaves. Mutable: a change holds from the next request on.

    Attributes:
        versioned: behave as a bucket that ever had versioning: x-cos-forbid-overwrite is ignored
            (document "PUT Object"). Versions themselves are not kept, so `?versioning` says Suspended.
        create_buckets: what writes to a bucket that does not exist creates it first; what reads is refused.
        default_bucket: bucket of a request that names none, neither in Host nor as the first path segment.
            The official SDK makes such presigned URLs when it is configured with IP and Port.
        first_is_default: the first bucket that is made becomes the default one, where there is none.
        region: where every bucket is, as a list of buckets says.
        late_s: every change is listed so many seconds after it was made, or later where a fault says so.
        force_download: answer every GET with Content-Disposition: attachment, as the default domains of
            buckets made since 2024 do.
        fsync: flush every object and every index line to the disk before the reply.
        min_part_bytes: smallest size of a part that is not the last (document "Complete Multipart Upload").
        max_object_bytes: largest body of one PUT (document "PUT Object": 5 GB).
        faults: what goes wrong on purpose with calls and listings.
    """

    versioned: bool = False
    create_buckets: bool = True
    default_bucket: str | None = None
    first_is_default: bool = False
    region: str = "ap-guangzhou"
    late_s: float = 0.0
    force_download: bool = False
    fsync: bool = False
    min_part_bytes: int = MIB
    max_object_bytes: int = 5 * 1024 * MIB
    faults: Faults = field(default_factory=Faults)

    def listing_behind_s(self) -> float:
        """Return how many seconds listings are behind."""
        return max(self.late_s, self.faults.listing_behind_s())


@dataclass(frozen=True)
class Credential:
    """The secret half of a key pair; `token` is set for temporary keys, whose requests must carry it."""

    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ObjectCreated:
    """An object is durable. Named after the event types of the document "COS trigger".

    Attributes:
        bucket: full name, `name-appid`.
        key: object key without a leading slash.
        size: bytes.
        etag: as in the ETag header, quotes included.
        meta: the x-cos-meta-* headers, names in lower case.
        request_id: the x-cos-request-id of the request that made the object.
        event_name: `cos:ObjectCreated:Put`, `…:Copy` or `…:CompleteMultipartUpload`.
        event_time: epoch seconds.
    """

    bucket: str
    key: str
    size: int
    etag: str
    content_type: str
    meta: Mapping[str, str]
    request_id: str
    event_name: str
    event_time: int


@dataclass(frozen=True)
class Attributes:
    """What a writer says about an object: kept as given, sent back on GET and HEAD.

    Attributes:
        headers: Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Expires and
            x-cos-storage-class, names in lower case.
        meta: the x-cos-meta-* headers, names in lower case.
    """

    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One stored object.

    Attributes:
        file: path of the content below the bucket's folder.
        size: bytes.
        etag: quoted; the MD5 of the content, or `"<md5 of md5s>-<parts>"` after a multipart upload.
        crc64: CRC-64/ECMA of the content.
        modified: epoch seconds.
        mtime_ns: the file's own time; if it differs at start, somebody edited the file.
    """

    key: str
    file: str
    size: int
    etag: str
    crc64: int
    modified: float
    mtime_ns: int
    attributes: Attributes

    @property
    def storage_class(self) -> str:
        return self.attributes.headers.get("x-cos-storage-class", "STANDARD")
