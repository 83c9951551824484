"""How policies name what a request does.

Source: COS's document "Working with COS API Authorization Policies": each API's action and resource.
"""

from __future__ import annotations

ACTIONS: dict[tuple[str, str, str], str] = {
    ("service", "GET", ""): "GetService",
    ("bucket", "PUT", ""): "PutBucket",
    ("bucket", "HEAD", ""): "HeadBucket",
    ("bucket", "DELETE", ""): "DeleteBucket",
    ("bucket", "GET", ""): "GetBucket",
    ("bucket", "GET", "acl"): "GetBucketACL",
    ("bucket", "PUT", "acl"): "PutBucketACL",
    ("bucket", "GET", "versioning"): "GetBucketVersioning",
    ("bucket", "GET", "uploads"): "ListMultipartUploads",
    ("bucket", "GET", "cors"): "GetBucketCORS",
    ("bucket", "PUT", "cors"): "PutBucketCORS",
    ("bucket", "DELETE", "cors"): "DeleteBucketCORS",
    ("bucket", "GET", "lifecycle"): "GetBucketLifecycle",
    ("bucket", "PUT", "lifecycle"): "PutBucketLifecycle",
    ("bucket", "DELETE", "lifecycle"): "DeleteBucketLifecycle",
    ("bucket", "POST", "delete"): "DeleteMultipleObjects",
    ("object", "PUT", ""): "PutObject",
    ("object", "PUT", "copy"): "PutObject",
    ("object", "GET", ""): "GetObject",
    ("object", "HEAD", ""): "HeadObject",
    ("object", "DELETE", ""): "DeleteObject",
    ("object", "GET", "acl"): "GetObjectACL",
    ("object", "PUT", "acl"): "PutObjectACL",
    ("object", "POST", "uploads"): "InitiateMultipartUpload",
    ("object", "PUT", "uploadId"): "UploadPart",
    ("object", "PUT", "uploadId copy"): "UploadPart",
    ("object", "POST", "uploadId"): "CompleteMultipartUpload",
    ("object", "DELETE", "uploadId"): "AbortMultipartUpload",
    ("object", "GET", "uploadId"): "ListParts",
}
"""(scope, method, sub-resource) of a request → the action that a policy names it by, without `name/cos:`."""

READ = "GetObject"
"""What a copy needs on its source, beside the action on its target."""
