"""The doctor: examine a deployment. Here are its findings, one per check."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import NamedTuple

from shared.domain.errors import StoreError, StoreRefused, UnreachableError, WebRecordError

POLICY = "see the policies of docs/deploy-by-hand.md, step 3"
NOT_ACCEPTED = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed")
"""COS's codes for wrong credentials."""
_ADVICE = {
    "AccessDenied": POLICY,
    "NoSuchBucket": "are WEBRECORD_BUCKET and WEBRECORD_BUCKET_REGION right?",
    **dict.fromkeys(NOT_ACCEPTED, "the credentials are not accepted: are they current, and is the clock right?"),
}
_LACKS = "the role's policy lacks name/trtc:DescribeWebRecord: docs/deploy-by-hand.md, step 3"
TRTC_ADVICE = (
    ("UnauthorizedOperation", _LACKS),
    ("AuthFailure.UnauthorizedOperation", _LACKS),
    ("AuthFailure.SignatureExpire", "the clock is wrong: set it by NTP"),
    ("AuthFailure", "the credentials are not accepted: are they current, and of this site's account?"),
    ("FailedOperation.SdkAppIdNotUnderAppId", "it is another account's: correct WEBRECORD_SDK_APP_ID"),
    ("", "docs/deploy-by-hand.md, step 1, has what TRTC wants"),
)


class Level(str, Enum):
    """`ok`; `warn`: unusual, or it could not be examined; `fail`: something the deployment promises does not hold."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """What a check saw, and what to do about it; never a secret. Whoever runs the check adds its name."""

    level: Level
    seen: str
    check: str = ""

    def __str__(self) -> str:
        return f"{self.level.value:<4}  {self.check:<19} {self.seen}"


ok, warn, fail = partial(Finding, Level.OK), partial(Finding, Level.WARN), partial(Finding, Level.FAIL)


def explained(error: WebRecordError, advice: str = "") -> Finding:
    """Return the finding of an error that ended a check, with advice where there is any."""
    if isinstance(error, StoreError):
        code = error.code if isinstance(error, StoreRefused) else ""
        advice = advice or _ADVICE.get(code, "is the network open, and the region right?")
    elif isinstance(error, UnreachableError):
        advice = "is the address right, and reachable from the internet?"
    return fail(f"{error}: {advice}" if advice else str(error))
