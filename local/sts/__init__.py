"""STS 2018-08-13: who am I."""

from __future__ import annotations

from local.account import Accounts
from local.api3 import Answer, ApiCall, ApiService, Rate, Schema

__all__ = ["service"]

VERSION = "2018-08-13"


def service(accounts: Accounts, regions: set[str]) -> ApiService:
    """Return the service."""

    def identity(call: ApiCall) -> Answer:
        caller, own = call.caller, str(accounts.uin)
        kinds = {"root": "RootAccount", "user": "SubAccount", "role": "AssumedRole"}
        user = str(accounts.users[caller.name].uin) if caller.kind == "user" else own
        principal = f"{accounts.roles[caller.name].number}:local" if caller.kind == "role" else user
        return {
            "Arn": accounts.arn(caller),
            "AccountId": own,
            "UserId": principal,
            "PrincipalId": user,
            "Type": kinds[caller.kind],
        }

    return ApiService(
        "sts", VERSION, {"GetCallerIdentity": identity}, regions, Rate(lambda _: 200), schema=Schema.of("sts", VERSION)
    )
