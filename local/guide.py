"""The two identities of docs/deploy-by-hand.md, for a local cloud that is deployed already: role and upload key."""

from __future__ import annotations

import json

from local.account import APP_ID, AccountRole, Accounts, User
from local.config import BUCKET, REGION, Keys
from local.role import RoleKey

__all__ = ["ROLE", "UPLOADER", "documents", "settle"]

ROLE, UPLOADER = "scf-webrecord", "scf-webrecord-upload"
_PREFIX, _JOBS = "webrecord", "jobs"
_TRUST = {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}}


def settle(accounts: Accounts, keys: Keys, *, enforced: bool) -> None:
    """Put role, user and key of `keys` into the account, at once.

    Args:
        accounts: an empty one.
        keys: of this machine's local cloud.
        enforced: hold both to the guide's policies; else they may do everything.
    """
    first = RoleKey(keys.role_id, keys.role_key, keys.role_token)
    role = accounts.add_role(ROLE, _document(_TRUST), first=first, settled=True)
    user = accounts.add_user(UPLOADER)
    accounts.add_key(UPLOADER, pair=(keys.upload_id, keys.upload_key))
    holders: list[tuple[User | AccountRole, str, str]] = [
        (role, "functions", documents()[0]),
        (user, "upload", documents()[1]),
    ]
    for who, name, document in holders:
        policy = accounts.add_policy(f"scf-webrecord-{name}", document, settled=True)
        accounts.attach(who, policy if enforced else accounts.policies[1], settled=True)


def documents() -> tuple[str, str]:
    """Return the policies of the functions' role and of the upload key."""
    return _document(*_role()), _document(*_upload())


def _role() -> list[dict[str, object]]:
    objects = ["PutObject", "GetObject", "HeadObject", "DeleteObject", "DeleteMultipleObjects", "GetBucket"]
    trtc = [f"name/trtc:{action}" for action in ("StartWebRecord", "DescribeWebRecord", "StopWebRecord")]
    return [
        _allow(objects, f"{_PREFIX}/*"),
        _allow(["GetObject"], f"{_JOBS}/*"),
        _allow(["GetBucketVersioning"], "*"),
        {"effect": "allow", "action": trtc, "resource": ["*"]},
    ]


def _upload() -> list[dict[str, object]]:
    lists = ["ListParts", "ListMultipartUploads"]
    parts = ["InitiateMultipartUpload", "UploadPart", *lists, "CompleteMultipartUpload", "AbortMultipartUpload"]
    return [_allow(["PutObject", *parts], f"{_PREFIX}/files/*")]


def _allow(actions: list[str], keys: str) -> dict[str, object]:
    resource = f"qcs::cos:{REGION}:uid/{APP_ID}:{BUCKET}/{keys}"
    return {"effect": "allow", "action": [f"name/cos:{action}" for action in actions], "resource": [resource]}


def _document(*statements: object) -> str:
    return json.dumps({"version": "2.0", "statement": list(statements)})
