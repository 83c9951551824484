"""Values that the runs share: the deployment's policy, names of buckets, secrets that nobody may see."""

from __future__ import annotations

from pydantic import SecretStr

from shared.domain.policy import Policy, UploadKeys
from testing.callbacks import SDK_APP_ID

BUCKET = "webrecord-1250000000"
JOBS = "jobs-1250000000"
REGION = "ap-guangzhou"
PREFIX = "webrecord"
UPLOAD_KEY = "upload-secret-key"
CALLER_KEY = "caller-secret-key"


def token_of(number: int) -> str:
    """Return the how many-th token of the backends; each replaces the one before."""
    return f"token-{number}-of-the-backends"


SECRETS = (UPLOAD_KEY, CALLER_KEY, token_of(1), token_of(2))
NOTIFY_URL = "https://hooks.example.com/recordings"

SECOND_APP_ID = 1400000002
"""An application that the deployment has, too, until it is taken away."""

POLICY = Policy(
    sdk_app_ids=(SDK_APP_ID, SECOND_APP_ID),
    allowed_hosts=(),
    max_duration_ceiling_s=36_000,
    caller_storage=True,
    bucket=BUCKET,
    region=REGION,
    prefix=PREFIX,
    upload_keys=UploadKeys(SecretStr("AKIDupload"), SecretStr(UPLOAD_KEY)),
)

CALLER_STORAGE = {
    "CloudStorage": {
        "Vendor": 0,
        "Bucket": "own-1234567",
        "Region": "ap-chengdu",
        "AccessKey": "AKIDcaller",
        "SecretKey": CALLER_KEY,
        "FileNamePrefix": ["record", "video"],
    }
}
CALLERS = "of-the-callers"
"""What a caller says of a recording that it will delete; nothing of it may stay."""
