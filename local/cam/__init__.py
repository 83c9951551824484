"""CAM 2019-01-16: users, keys, roles and policies, as far as one deploys with them."""

from __future__ import annotations

from local.account import Accounts
from local.api3 import Answer, ApiCall, ApiService, Rate, Schema
from local.cam.policies import Policies
from local.cam.roles import Roles
from local.cam.users import Users
from local.kindness import Unknowns

__all__ = ["service"]

VERSION = "2019-01-16"
_OF_A_USER = {"CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey"}


def service(accounts: Accounts, unknowns: Unknowns) -> ApiService:
    """Return the service."""
    policies, roles, users = Policies(accounts, unknowns), Roles(accounts, unknowns), Users(accounts)

    def whose(call: ApiCall) -> Answer:
        caller = call.caller
        uin = accounts.users[caller.name].uin if caller.kind == "user" else accounts.uin
        return {"Uin": str(uin), "OwnerUin": str(accounts.uin), "AppId": accounts.app_id}

    def allow(call: ApiCall) -> None:
        resource = "*"
        if call.action in _OF_A_USER:
            resource = f"qcs::cam::uin/{accounts.uin}:uin/{call.body.get('TargetUin', users.own(call))}"
        accounts.allow(call.caller, f"cam:{call.action}", resource, "AuthFailure.UnauthorizedOperation")

    actions = {"GetUserAppId": whose, **policies.actions(), **roles.actions(), **users.actions()}
    return ApiService("cam", VERSION, actions, None, Rate(lambda _: 100), allow=allow, schema=Schema.of("cam", VERSION))
