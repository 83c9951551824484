"""The policies of docs/deploy.md, as the local cloud enforces them on its two keys."""

from __future__ import annotations

from local.cos.policy import Allow

PREFIX = "webrecord"
JOBS = "jobs"


def role(bucket: str) -> tuple[Allow, ...]:
    """Return what the functions' role may do in COS."""
    objects = frozenset({"PutObject", "GetObject", "HeadObject", "DeleteObject", "DeleteMultipleObjects", "GetBucket"})
    return (
        Allow(objects, f"{bucket}/{PREFIX}/*"),
        Allow(frozenset({"GetObject"}), f"{bucket}/{JOBS}/*"),
        Allow(frozenset({"GetBucketVersioning"}), f"{bucket}/*"),
    )


def upload_key(bucket: str) -> tuple[Allow, ...]:
    """Return what the key may do that TRTC uploads with."""
    parts = {"InitiateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload", "AbortMultipartUpload"}
    return (Allow(frozenset({"PutObject", *parts}), f"{bucket}/{PREFIX}/files/*"),)
