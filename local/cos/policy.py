"""What a key may do: statements that allow, as CAM's policies have them; what none of them allows is denied.

Source: COS's document "Working with COS API Authorization Policies": each API's action and resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

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


@dataclass(frozen=True)
class Allow:
    """One statement.

    Attributes:
        actions: `PutObject`, `GetBucket`, …
        resource: `<bucket>/<key>`, where `*` stands for anything, slashes too. A listing asks for its prefix.
    """

    actions: frozenset[str]
    resource: str


def permits(statements: Iterable[Allow], action: str, resource: str) -> bool:
    """Tell whether a statement allows the action on `<bucket>/<key or listed prefix>`."""
    return any(action in allow.actions and fnmatchcase(resource, allow.resource) for allow in statements)
