"""CAM's policies."""

from __future__ import annotations

import re

from local.account import Accounts, Policy, PolicyError, parse_policy
from local.account.policy import Statement, written
from local.api3 import Action, Answer, ApiCall, ApiError, Schema
from local.cam.common import invalid, page, policy_of, refused, when
from local.kindness import Unknowns

__all__ = ["Policies"]

NAME = re.compile(r"[\w+=,.@-]{1,128}")
_LONGEST_DESCRIPTION = 300
_KNOWN = {"scf": "2018-04-16", "cam": "2019-01-16"}  # services whose actions are looked up in the schema


class Policies:
    """Actions on policies."""

    def __init__(self, accounts: Accounts, unknowns: Unknowns) -> None:
        self._accounts, self._unknowns = accounts, unknowns

    def actions(self) -> dict[str, Action]:
        return {
            "ListPolicies": self._list,
            "CreatePolicy": self._create,
            "GetPolicy": self._get,
            "UpdatePolicy": self._update,
            "DeletePolicy": self._delete,
            "ListEntitiesForPolicy": self._entities,
        }

    def _list(self, call: ApiCall) -> Answer:
        scope, keyword = call.body.get("Scope", "All"), call.body.get("Keyword", "")
        if scope not in ("All", "QCS", "Local"):
            raise invalid("ScopeError", "Scope is All, QCS or Local.")
        late = self._accounts.now() - self._accounts.delays.fresh_s
        found = [
            policy
            for policy in self._accounts.policies.values()
            if policy.created <= late and scope in ("All", "QCS" if policy.preset else "Local")
            if keyword in policy.name or keyword in policy.description
        ]
        rows = [self._row(policy) for policy in page(found, call.body)]
        return {"TotalNum": len(found), "List": rows, "ServiceTypeList": []}

    def _row(self, policy: Policy) -> Answer:
        holders = len(self._accounts.holders(policy.number))
        return {
            "PolicyId": policy.number,
            "PolicyName": policy.name,
            "AddTime": when(policy.created),
            "UpdateTime": when(policy.updated),
            "Type": 2 if policy.preset else 1,
            "Description": policy.description,
            "CreateMode": 2,
            "Attachments": holders,
            "ServiceType": "",
            "IsAttached": int(bool(holders)),
            "Deactived": 0,
            "DeactivedDetail": [],
        }

    def _create(self, call: ApiCall) -> Answer:
        name, text = call.body["PolicyName"], call.body["PolicyDocument"]
        description = call.body.get("Description", "")
        if NAME.fullmatch(name) is None:
            raise invalid("PolicyNameError", "PolicyName has 1 to 128 letters, digits or +=,.@_-.")
        if len(description.encode()) > _LONGEST_DESCRIPTION:
            raise invalid("DescriptionLengthOverlimit", f"Description has at most {_LONGEST_DESCRIPTION} bytes.")
        _read(text)
        if self._accounts.policy_named(name) is not None:
            raise ApiError("FailedOperation.PolicyNameInUse", f"There is a policy {name} already.")
        return {"PolicyId": self._accounts.add_policy(name, text, description).number}

    def _get(self, call: ApiCall) -> Answer:
        policy = self._accounts.policies.get(call.body["PolicyId"])
        if policy is None:
            raise ApiError("ResourceNotFound.PolicyIdNotFound", f"There is no policy {call.body['PolicyId']}.")
        return {
            "PolicyName": policy.name,
            "Description": policy.description,
            "Type": 2 if policy.preset else 1,
            "AddTime": when(policy.created),
            "UpdateTime": when(policy.updated),
            "PolicyDocument": written(policy.text),
            "PresetAlias": "",
            "IsServiceLinkedRolePolicy": 0,
        }

    def _update(self, call: ApiCall) -> Answer:
        policy, body = policy_of(self._accounts, call.body), call.body
        if policy.preset:
            raise ApiError("FailedOperation.Unmodifiable", "A preset policy can't be changed.")
        if "PolicyDocument" in body:
            statements = _read(body["PolicyDocument"])
            policy.text = body["PolicyDocument"]
            policy.statements.set(statements)
        policy.description = body.get("Description", policy.description)
        policy.updated = self._accounts.now()
        return {"PolicyId": policy.number}

    def _delete(self, call: ApiCall) -> Answer:
        wanted = [policy_of(self._accounts, {"PolicyId": number}) for number in call.body["PolicyId"]]
        for policy in wanted:
            if policy.preset:
                raise ApiError("FailedOperation.Unmodifiable", "A preset policy can't be deleted.")
            holders = self._accounts.holders(policy.number)
            if holders and self._unknowns.delete_attached == "refused":
                raise ApiError("FailedOperation", f"{policy.name} is attached to {len(holders)}: detach it first.")
            for holder in holders:
                self._accounts.detach(holder, policy.number)
        for policy in wanted:
            self._accounts.policies.pop(policy.number, None)
        return {}

    def _entities(self, call: ApiCall) -> Answer:
        policy, accounts = policy_of(self._accounts, call.body), self._accounts
        rows = [
            {
                "Id": str(getattr(holder, "uin", getattr(holder, "number", ""))),
                "Name": holder.name,
                "Uin": getattr(holder, "uin", accounts.uin),
                "RelatedType": 1 if hasattr(holder, "uin") else 3,
            }
            for holder in accounts.holders(policy.number)
        ]
        return {"TotalNum": len(rows), "List": page(rows, call.body)}


def _read(text: str) -> tuple[Statement, ...]:
    try:
        statements = parse_policy(text)
    except PolicyError as error:
        raise refused(error) from None
    for action in (each for statement in statements for each in statement.actions):
        service, _, name = action.partition(":")
        known = service in _KNOWN and "*" not in name and action != "cam:PassRole"
        if known and name not in Schema.of(service, _KNOWN[service]).actions:
            raise invalid("ActionNotExist", f"There is no action {action}.")
    return statements
