"""The identities of docs/deploy-by-hand.md, for a local cloud that is deployed already: three roles, the upload key."""

from __future__ import annotations

import json

from local.account import APP_ID, AccountRole, Accounts, User
from local.config import BUCKET, REGION, Keys
from local.role import RoleKey

__all__ = ["ROLE", "ROLES", "UPLOADER", "documents", "settle"]

ROLES = {key: f"scf-webrecord-{key}" for key in ("recordings", "callback", "reconcile")}
ROLE, UPLOADER = ROLES["reconcile"], "scf-webrecord-upload"
"""The role of the key in `keys`: it may what any of the three may."""
_PREFIX, _JOBS = "webrecord", "jobs"
_TRUST = {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}}


def settle(accounts: Accounts, keys: Keys, *, enforced: bool) -> None:
    """Put roles, user and key of `keys` into the account, at once.

    Args:
        accounts: an empty one.
        keys: of this machine's local cloud.
        enforced: hold them to the guide's policies; else they may do everything.
    """
    first = RoleKey(keys.role_id, keys.role_key, keys.role_token)
    roles = [
        accounts.add_role(name, _document(_TRUST), first=first if name == ROLE else None, settled=True)
        for name in ROLES.values()
    ]
    user = accounts.add_user(UPLOADER)
    accounts.add_key(UPLOADER, pair=(keys.upload_id, keys.upload_key))
    holders: list[User | AccountRole] = [*roles, user]
    for who, (name, document) in zip(holders, documents().items(), strict=True):
        policy = accounts.add_policy(name, document, settled=True)
        accounts.attach(who, policy if enforced else accounts.policies[1], settled=True)


def documents() -> dict[str, str]:
    """Return the policies of the functions' roles and of the upload key, by whose they are."""
    return {
        ROLES["recordings"]: _document(*_worker()),
        ROLES["callback"]: _document(*_callback()),
        ROLES["reconcile"]: _document(*_worker(), _allow(["GetBucketVersioning"], "*")),
        UPLOADER: _document(*_upload()),
    }


def _worker() -> list[dict[str, object]]:
    objects = ["PutObject", "GetObject", "HeadObject", "DeleteObject", "DeleteMultipleObjects", "GetBucket"]
    trtc = [f"name/trtc:{action}" for action in ("StartWebRecord", "DescribeWebRecord", "StopWebRecord")]
    return [
        _allow(objects, f"{_PREFIX}/*"),
        _allow(["GetObject"], f"{_JOBS}/*"),
        {"effect": "allow", "action": trtc, "resource": ["*"]},
    ]


def _callback() -> list[dict[str, object]]:
    objects = ["PutObject", "GetObject", "HeadObject", "GetBucket"]
    return [_allow(objects, f"{_PREFIX}/*"), _allow(["DeleteObject"], f"{_PREFIX}/tasks/*")]


def _upload() -> list[dict[str, object]]:
    lists = ["ListParts", "ListMultipartUploads"]
    parts = ["InitiateMultipartUpload", "UploadPart", *lists, "CompleteMultipartUpload", "AbortMultipartUpload"]
    return [_allow(["PutObject", *parts], f"{_PREFIX}/files/*")]


def _allow(actions: list[str], keys: str) -> dict[str, object]:
    resource = f"qcs::cos:{REGION}:uid/{APP_ID}:{BUCKET}/{keys}"
    return {"effect": "allow", "action": [f"name/cos:{action}" for action in actions], "resource": [resource]}


def _document(*statements: object) -> str:
    return json.dumps({"version": "2.0", "statement": list(statements)})
