"""Refusals of the local COS, with the codes of the document "Error Codes".

CosError is the only exception that a handler raises on purpose; app.py turns it into COS's XML.
"""

from __future__ import annotations

from collections.abc import Mapping

_KNOWN: dict[str, tuple[int, str]] = {
    "AccessDenied": (403, "Access Denied."),
    "AccessForbidden": (403, "No CORS rule of the bucket lets this request through."),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "BucketAlreadyOwnedByYou": (409, "The bucket you tried to create already exists, and you own it."),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty."),
    "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed object size."),
    "EntityTooSmall": (400, "Your proposed upload is smaller than the minimum allowed object size."),
    "FileAlreadyExists": (409, "The file already exists and x-cos-forbid-overwrite is set."),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": (403, "The Access Key Id you provided does not exist in our records."),
    "InvalidArgument": (400, "Invalid Argument."),
    "InvalidBucketName": (400, "The specified bucket is not valid: name-appid in lower case is expected."),
    "InvalidDigest": (400, "The Content-MD5 you specified is not valid."),
    "InvalidPart": (400, "One or more of the specified parts could not be found or had another ETag."),
    "InvalidPartOrder": (400, "The list of parts was not in ascending order."),
    "InvalidRange": (416, "The requested range cannot be satisfied."),
    "InvalidRequest": (400, "Invalid Request."),
    "InvalidURI": (400, "Could not parse the specified URI: it is not UTF-8."),
    "KeyTooLong": (400, "Your key is too long: 850 bytes are allowed."),
    "MalformedXML": (400, "The XML you provided was not well-formed or did not validate."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
    "MissingContentLength": (411, "You must provide the Content-Length HTTP header."),
    "NoSuchCORSConfiguration": (404, "The CORS configuration does not exist."),
    "NoSuchLifecycleConfiguration": (404, "The lifecycle configuration does not exist."),
    "NoSuchBucket": (404, "The specified bucket does not exist."),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NoSuchUpload": (404, "The specified multipart upload does not exist."),
    "NoSuchVersion": (404, "The specified version does not exist."),
    "NotImplemented": (501, "The local COS does not implement this function."),
    "PreconditionFailed": (412, "At least one of the preconditions you specified did not hold."),
    "RequestTimeTooSkewed": (403, "The difference between the request time and ours is too large."),
    "ServiceUnavailable": (503, "Please reduce your request rate."),
    "SignatureDoesNotMatch": (403, "The Signature you specified is invalid."),
}


class CosError(Exception):
    """A request is refused.

    Args:
        code: a code of the document "Error Codes"; it decides the HTTP status.
        message: replaces the code's usual message.
        headers: extra headers of the reply.
        status: replaces the code's HTTP status; a code that is not known here has 503.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        self.code = code
        documented, usual = _KNOWN.get(code, (503, code))
        self.status = status or documented
        self.message = message or usual
        self.headers = dict(headers or {})
        super().__init__(f"{code}: {self.message}")
