"""The CAM policies of a deployment: the least that each identity needs. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from webrecord.deploy.description import Description, role_of

TRUST = {
    "version": "2.0",
    "statement": [
        {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}},
    ],
}
"""Who may take a function's role: SCF."""
_WRITE = ("PutObject", "GetObject", "HeadObject", "DeleteObject", "DeleteMultipleObjects", "GetBucket")
_CALLBACK_READS = ("recordings", "tasks", "gone")
_CALLBACK_LISTS = ("due",)
_CALLBACK_WRITES = ("recordings", "tasks", "index", "open", "due", "tell", "wake")
"""Folders below the prefix: documents and facts, tombstones, the index, markers, wakes; no films and no jobs."""
_UPLOAD = (
    "PutObject",
    "InitiateMultipartUpload",
    "UploadPart",
    "ListParts",
    "ListMultipartUploads",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
)
_SCF = (
    "GetAccount",
    "GetFunction",
    "ListFunctions",
    "CreateFunction",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "ListTriggers",
    "CreateTrigger",
    "UpdateTrigger",
    "UpdateTriggerStatus",
    "DeleteTrigger",
    "InvokeFunction",
    "DeleteFunction",
)
_CAM_SETUP = (
    "CreateRole",
    "UpdateAssumeRolePolicy",
    "ListPolicies",
    "GetPolicy",
    "CreatePolicy",
    "UpdatePolicy",
    "AttachRolePolicy",
    "GetUser",
    "AddUser",
    "ListAttachedUserPolicies",
    "AttachUserPolicy",
    "ListAccessKeys",
    "CreateAccessKey",
    "UpdateAccessKey",
)
_CLS_SETUP = (
    "GetClsService",
    "OpenClsService",
    "DescribeLogsets",
    "CreateLogset",
    "DescribeTopics",
    "CreateTopic",
    "DescribeIndex",
    "CreateIndex",
    "ModifyIndex",
    *("DescribeAlarms", "CreateAlarm", "ModifyAlarm", "DescribeAlarmNotices"),
)
_CORS_SETUP = ("GetBucketCORS", "PutBucketCORS")
_CAM_REMOVAL = (
    "UpdateAccessKey",
    "DeleteAccessKey",
    "DetachUserPolicy",
    "DeleteUser",
    "DetachRolePolicy",
    "DeleteRole",
    "DeletePolicy",
    *("GetUser", "ListPolicies", "ListAttachedUserPolicies", "ListAccessKeys"),
    *("CreateAccessKey", "GetSecurityLastUsed"),
)
_CLS_REMOVAL = (
    *("GetClsService", "DescribeLogsets", "DescribeTopics", "DeleteTopic", "DeleteLogset"),
    *("DescribeAlarms", "DeleteAlarm"),
)


def document(*statements: tuple[Sequence[str], str | Sequence[str]]) -> dict[str, Any]:
    """Return a policy that allows actions on a resource, or on several, each."""
    allowed = [
        {"effect": "allow", "action": list(actions), "resource": [on] if isinstance(on, str) else list(on)}
        for actions, on in statements
    ]
    return {"version": "2.0", "statement": allowed}


def canonical(policy: dict[str, Any] | str) -> str:
    """Return what a policy allows as one text: the service gives documents back in another form."""
    read = (
        json.loads(unquote(policy) if policy.lstrip().startswith("%") else policy)
        if isinstance(policy, str)
        else policy
    )
    statements = []
    for statement in read["statement"]:
        rows = {name: sorted(_bare(one) for one in _many(value)) for name, value in statement.items() if name in _LISTS}
        statements.append({**statement, **rows})
    return json.dumps(sorted(statements, key=lambda one: json.dumps(one, sort_keys=True)), sort_keys=True)


_LISTS = ("action", "resource")


def _many(value: Any) -> list[str]:  # noqa: ANN401 (what JSON holds)
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _bare(action: str) -> str:
    return action.removeprefix("name/")


def _cos(names: Sequence[str]) -> list[str]:
    return [f"name/cos:{name}" for name in names]


def _objects(plan: Description, below: str) -> str:
    app_id = plan.bucket.rpartition("-")[2]
    return f"qcs::cos:{plan.region}:uid/{app_id}:{plan.bucket}/{below}"


def of_function(plan: Description, key: str) -> dict[str, Any]:
    """Return what a function may do: the callback stores facts, and takes back no others; the rest is the others'."""
    all_of_ours = _objects(plan, f"{plan.prefix}/*")
    if key == "callback":
        reads, lists, writes, late = (
            [_objects(plan, f"{plan.prefix}/{folder}/*") for folder in folders]
            for folders in (_CALLBACK_READS, _CALLBACK_LISTS, _CALLBACK_WRITES, ("tasks",))
        )
        # Who may not list an object's folder may be told 403 in place of 404.
        return document(
            (_cos(["GetObject", "GetBucket"]), reads),
            (_cos(["GetBucket"]), lists),
            (_cos(["PutObject"]), writes),
            (_cos(["DeleteObject"]), late),  # what comes for a recording that was deleted
        )
    actions = ("StartWebRecord", "DescribeWebRecord", "StopWebRecord")
    statements: list[tuple[Sequence[str], str | Sequence[str]]] = [
        (_cos(_WRITE), all_of_ours),
        (_cos(["GetObject"]), _objects(plan, f"{plan.jobs_prefix}*")),
        ([f"name/trtc:{action}" for action in actions], "*"),
    ]
    if key == "reconcile":
        statements.append((_cos(["GetBucketVersioning"]), _objects(plan, "*")))
    return document(*statements)


def of_upload(plan: Description) -> dict[str, Any]:
    """Return what the key may do that TRTC uploads with: add films, or replace them."""
    return document((_cos(_UPLOAD), _objects(plan, f"{plan.prefix}/files/*")))


def of_deployer(plan: Description, uin: str) -> dict[str, Any]:
    """Return what every deployment needs, CI's included."""
    roles = [f"qcs::cam::uin/{uin}:roleName/{role_of(plan.deployment, function.key)}" for function in plan.functions]
    return {
        "version": "2.0",
        "statement": [
            *document(
                (
                    [
                        *(f"cam:{name}" for name in ("GetUserAppId", "GetRole", "ListAttachedRolePolicies")),
                        *(f"scf:{name}" for name in _SCF),
                    ],
                    "*",
                ),
                (_cos(["GetService"]), "*"),
                (_cos(["GetBucketVersioning"]), _objects(plan, "*")),
            )["statement"],
            {"effect": "allow", "action": ["cam:PassRole"], "resource": roles},
        ],
    }


def of_setup(plan: Description, uin: str) -> dict[str, Any]:
    """Return what the first deployment needs besides: an administrator has it, or gives it."""
    first = document(
        ([*(f"cam:{name}" for name in _CAM_SETUP), *(f"cls:{name}" for name in _CLS_SETUP)], "*"),
        (_cos(["PutBucket", *_CORS_SETUP]), _objects(plan, "*")),
    )
    return {"version": "2.0", "statement": [*of_deployer(plan, uin)["statement"], *first["statement"]]}


def of_removal(plan: Description, uin: str) -> dict[str, Any]:
    """Return what `webrecord deploy destroy` and `rotate-key` need besides what every deployment does."""
    last = document(
        ([*(f"cam:{name}" for name in _CAM_REMOVAL), *(f"cls:{name}" for name in _CLS_REMOVAL)], "*"),
        (_cos(["GetBucket"]), _objects(plan, f"{plan.prefix}/*")),
        (_cos(["GetObject"]), _objects(plan, f"{plan.prefix}/recordings/*")),
        (_cos([*_CORS_SETUP, "DeleteBucketCORS"]), _objects(plan, "*")),
    )
    return {"version": "2.0", "statement": [*of_deployer(plan, uin)["statement"], *last["statement"]]}
