"""The documented words of TRTC's error codes. Pure.

A code decides what happens to a recording, and a caller may call a page's parameter by any word, which is hidden like a
ticket while its start is under way: `?kind=Resource` must not make a full TRTC an unknown error.
"""

from __future__ import annotations

from itertools import takewhile

from shared.domain.redaction import MOST_ID, redact, whole

WORDS = frozenset((
    "AuthFailure", "FailedOperation", "InternalError", "InvalidParameter", "InvalidParameterValue", "LimitExceeded",
    "MissingParameter", "RequestLimitExceeded", "ResourceInsufficient", "ResourceNotFound", "ResourceUnavailable",
    "ServiceUnavailable", "UnauthorizedOperation", "UnknownParameter", "UnsupportedRegion",
    "NotAbility", "NotAllowed", "RequestRejection", "RestrictedConcurrency", "RestrictedFrequency",
    "SdkAppIdNotUnderAppId", "TaskExist", "TaskFinished", "TaskNotExist",
    "ClientNetworkError", "ServerNetworkError", "NoTimeLeft", "UnreadableAnswer", "TaskNotFound",
))  # fmt: skip
"""TRTC's, the SDK's and our own."""


def code_of(value: object) -> str:
    """Return a code as it is kept: documented words at its beginning as they are, the rest without secrets."""
    pieces = whole(value).split(".")
    known = [*takewhile(WORDS.__contains__, pieces)]
    rest = redact(".".join(pieces[len(known) :]))
    return ".".join([*known, rest] if rest else known)[:MOST_ID]
