"""The policies of docs/deploy-by-hand.md, for what a local cloud begins with: of three roles and the upload key."""

from __future__ import annotations

import json

from local.account import APP_ID
from local.config import BUCKET, REGION

__all__ = ["ROLE", "ROLES", "TRUST", "UPLOADER", "documents"]

ROLES = {key: f"scf-webrecord-{key}" for key in ("recordings", "callback", "reconcile")}
ROLE, UPLOADER = ROLES["reconcile"], "scf-webrecord-upload"
"""The role of the key in `keys`: it may what any of the three may."""
_PREFIX, _JOBS = "webrecord", "jobs"


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
    written = ("recordings", "tasks", "index", "open", "due", "tell", "wake")
    return [
        _allow(["GetObject", "GetBucket"], *(f"{_PREFIX}/{folder}/*" for folder in ("recordings", "tasks", "gone"))),
        _allow(["GetBucket"], f"{_PREFIX}/due/*"),
        _allow(["PutObject"], *(f"{_PREFIX}/{folder}/*" for folder in written)),
        _allow(["DeleteObject"], f"{_PREFIX}/tasks/*"),
    ]


def _upload() -> list[dict[str, object]]:
    lists = ["ListParts", "ListMultipartUploads"]
    parts = ["InitiateMultipartUpload", "UploadPart", *lists, "CompleteMultipartUpload", "AbortMultipartUpload"]
    return [_allow(["PutObject", *parts], f"{_PREFIX}/files/*")]


def _allow(actions: list[str], *keys: str) -> dict[str, object]:
    resources = [f"qcs::cos:{REGION}:uid/{APP_ID}:{BUCKET}/{key}" for key in keys]
    return {"effect": "allow", "action": [f"name/cos:{action}" for action in actions], "resource": resources}


def _document(*statements: object) -> str:
    return json.dumps({"version": "2.0", "statement": list(statements)})


_SERVICE = {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}}
TRUST = _document(_SERVICE)
"""Who may take a role: SCF."""
