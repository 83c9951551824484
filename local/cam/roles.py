"""CAM's roles."""

from __future__ import annotations

from typing import Any

from local.account import Accounts, PolicyError, parse_trust
from local.account.model import AccountRole
from local.account.policy import written
from local.api3 import Action, Answer, ApiCall, ApiError
from local.cam.common import attached, invalid, page, policy_of, refused, when
from local.cam.policies import NAME
from local.kindness import Unknowns

__all__ = ["Roles"]

_LONGEST_SESSION_S = 43_200


class Roles:
    """Actions on roles."""

    def __init__(self, accounts: Accounts, unknowns: Unknowns) -> None:
        self._accounts, self._unknowns = accounts, unknowns

    def actions(self) -> dict[str, Action]:
        return {
            "GetRole": lambda call: {"RoleInfo": self._info(self._role(call.body))},
            "DescribeRoleList": self._list,
            "CreateRole": self._create,
            "DeleteRole": self._delete,
            "UpdateAssumeRolePolicy": self._trust,
            "UpdateRoleDescription": self._describe,
            "AttachRolePolicy": self._attach,
            "DetachRolePolicy": self._detach,
            "ListAttachedRolePolicies": lambda call: attached(self._accounts, self._role(call.body), call.body),
        }

    def _role(self, body: dict[str, Any], prefix: str = "Role") -> AccountRole:
        number, name = body.get(f"{prefix}Id"), body.get(f"{prefix}Name")
        if number is None and name is None:
            raise invalid("ParamError", f"{prefix}Id or {prefix}Name is needed.")
        for role in self._accounts.roles.values():
            if role.name == name if number is None else role.number == number:
                return role
        raise invalid("RoleNotExist", f"role not exist: {name if number is None else number}")

    def _info(self, role: AccountRole) -> Answer:
        return {
            "RoleId": role.number,
            "RoleName": role.name,
            "PolicyDocument": written(role.trust),
            "Description": role.description,
            "AddTime": when(role.created),
            "UpdateTime": when(role.updated),
            "ConsoleLogin": 0,
            "RoleType": "user",
            "SessionDuration": role.session_s,
            "DeletionTaskId": "",
            "Tags": role.tags,
            "RoleArn": f"qcs::cam::uin/{self._accounts.uin}:roleName/{role.name}",
        }

    def _list(self, call: ApiCall) -> Answer:
        late = self._accounts.now() - self._accounts.delays.fresh_s
        rows = [self._info(role) for role in self._accounts.roles.values() if role.created <= late]
        return {"List": page(rows, call.body), "TotalNum": len(rows)}

    def _create(self, call: ApiCall) -> Answer:
        body = call.body
        name, session_s = body["RoleName"], body.get("SessionDuration", 7200)
        if NAME.fullmatch(name) is None:
            raise invalid("RoleNameError", "RoleName has 1 to 128 letters, digits or +=,.@_-.")
        if name.endswith("_QcsRole") and self._unknowns.service_role == "refused":
            raise invalid("RoleNameError", f"{name} is a service's: grant it in the console.")
        if session_s > _LONGEST_SESSION_S:
            raise invalid("ParamError", f"SessionDuration is at most {_LONGEST_SESSION_S}.")
        if name in self._accounts.roles:
            raise invalid("RoleNameInUse", f"role name in use: {name}")
        try:
            role = self._accounts.add_role(
                name, body["PolicyDocument"], body.get("Description", ""), session_s=session_s, tags=body.get("Tags")
            )
        except PolicyError as error:
            raise refused(error) from None
        return {"RoleId": role.number}

    def _delete(self, call: ApiCall) -> Answer:
        role = self._role(call.body)
        if role.policies.now and self._unknowns.delete_attached == "refused":
            raise ApiError("FailedOperation", f"{role.name} has {len(role.policies.now)} policies: detach them first.")
        del self._accounts.roles[role.name]
        return {}

    def _trust(self, call: ApiCall) -> Answer:
        role = self._role(call.body)
        try:
            role.services = parse_trust(call.body["PolicyDocument"])
        except PolicyError as error:
            raise refused(error) from None
        role.trust, role.updated = call.body["PolicyDocument"], self._accounts.now()
        return {}

    def _describe(self, call: ApiCall) -> Answer:
        role = self._role(call.body)
        role.description, role.updated = call.body["Description"], self._accounts.now()
        return {}

    def _attach(self, call: ApiCall) -> Answer:
        role, policy = self._role(call.body, "AttachRole"), policy_of(self._accounts, call.body)
        if policy.number in role.policies.now:
            if self._unknowns.attach_twice == "refused":
                raise invalid("ParamError", f"{policy.name} is attached to {role.name} already.")
            return {}
        self._accounts.attach(role, policy)
        return {}

    def _detach(self, call: ApiCall) -> Answer:
        role, policy = self._role(call.body, "DetachRole"), policy_of(self._accounts, call.body)
        self._accounts.detach(role, policy.number)
        return {}
