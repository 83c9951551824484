"""SCF as a service of API 3.0: its actions, and what a caller needs for each."""

from __future__ import annotations

from dataclasses import dataclass

from local.account import Accounts
from local.api3 import ApiCall, ApiService, Rate, Schema
from local.scf.calls import Calls
from local.scf.functions import Functions
from local.scf.triggers import Triggers
from local.scf.versions import Versions
from local.scf.views import Views

__all__ = ["Parts", "service"]

VERSION = "2018-04-16"
_OF_A_FUNCTION = {
    "GetFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "DeleteFunction", "ListTriggers",
    "GetFunctionAddress", "PublishVersion", "ListVersionByFunction", "GetAlias", "ListAliases", "UpdateAlias",
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """What the service is made of."""

    views: Views
    functions: Functions
    triggers: Triggers
    versions: Versions
    calls: Calls


def service(accounts: Accounts, parts: Parts, regions: set[str]) -> ApiService:
    """Return the service."""

    def allow(call: ApiCall) -> None:
        resource = "*"
        if call.action in _OF_A_FUNCTION:
            name = f"namespace/{call.body.get('Namespace', 'default')}/function/{call.body['FunctionName']}"
            resource = f"qcs::scf:{call.region}:uin/{accounts.uin}:{name}"
        accounts.allow(call.caller, f"scf:{call.action}", resource, "UnauthorizedOperation.CAM")

    actions = {
        **parts.views.actions(),
        **parts.functions.actions(),
        **parts.triggers.actions(),
        **parts.versions.actions(),
        **parts.calls.actions(),
    }
    rate = Rate(lambda action: 20 if action == "UpdateTriggerStatus" else 100)
    return ApiService("scf", VERSION, actions, regions, rate, allow=allow, schema=Schema.of("scf", VERSION))
