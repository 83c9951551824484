"""SCF's functions: made, changed, shown, deleted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.account import Accounts
from local.api3 import Action, Answer, ApiCall, ApiError
from local.cls.store import Logs
from local.kindness import Unknowns
from local.scf.checks import check_name, check_settings, environment
from local.scf.model import LATEST, Deployed, Settings, Version
from local.scf.packages import Packages
from local.scf.running import Running
from local.scf.table import NAMESPACE, Table
from local.scf.views import MOST, POOL_MB

__all__ = ["SERVICE", "SERVICE_ROLE", "Functions", "has_service_role"]

SERVICE = "scf.qcloud.com"
SERVICE_ROLE = "SCF_QcsRole"
_KEPT_FREE_MB = 12_800


def has_service_role(accounts: Accounts) -> bool:
    """Tell whether SCF is activated: its role is there, with its policy."""
    role, policy = accounts.assumable(SERVICE_ROLE, SERVICE), accounts.policy_named("QcloudAccessForScfRole")
    return role is not None and policy is not None and policy.number in role.policies.now


class Functions:
    """Actions on functions."""

    def __init__(
        self,
        table: Table,
        accounts: Accounts,
        logs: Logs,
        packages: Packages,
        running: Running,
        unknowns: Unknowns,
        code_url: Callable[[str], str],
    ) -> None:
        self._table, self._accounts, self._logs = table, accounts, logs
        self._packages, self._running, self._unknowns, self._code_url = packages, running, unknowns, code_url

    def actions(self) -> dict[str, Action]:
        return {
            "CreateFunction": self._create,
            "UpdateFunctionCode": self._update_code,
            "UpdateFunctionConfiguration": self._configure,
            "DeleteFunction": self._delete,
            "GetFunctionAddress": self._address,
            "PutReservedConcurrencyConfig": self._reserve,
            "GetReservedConcurrencyConfig": self._reserved,
            "DeleteReservedConcurrencyConfig": self._unreserve,
        }

    async def _create(self, call: ApiCall) -> Answer:
        body = call.body
        check_name(body["FunctionName"])
        self._absent(call)
        check_settings(body, self._unknowns)
        variables = environment(body, self._unknowns) or ()
        if not has_service_role(self._accounts):
            raise ApiError("FailedOperation.QcsRoleNotFound", f"The role {SERVICE_ROLE} of SCF is not there.")
        role = body.get("Role", "")
        self._check_role(call, role)
        self._check_logs(call.region, body)
        if sum(each.region == call.region for each in self._table) >= MOST:
            raise ApiError("LimitExceeded.Function", f"A namespace has at most {MOST} functions.")
        settings = Settings(
            handler=body.get("Handler", "index.main_handler"),
            runtime=body.get("Runtime", "Python2.7"),
            memory_mb=body.get("MemorySize", 128),
            timeout_s=body.get("Timeout", 3),
            init_timeout_s=body.get("InitTimeout", 65),
            environment=variables,
            role=role,
            logset=body.get("ClsLogsetId", ""),
            topic=body.get("ClsTopicId", ""),
            description=body.get("Description", ""),
            public=body.get("PublicNetConfig", {}).get("PublicNetStatus", "ENABLE"),
        )
        unlogged = not self._logs.open and body.get("AutoCreateClsTopic", "TRUE") == "TRUE"
        if unlogged and self._unknowns.closed_logs == "refused":
            raise ApiError("FailedOperation.ClsServiceUnregistered", "The log service is not open: open it first.")
        code = await asyncio.to_thread(
            self._packages.unpack, self._packages.read(body["Code"], call.region), settings.handler
        )
        self._absent(call)
        now = self._table.now()
        latest = Version(LATEST, code, settings, now)
        deployed = Deployed(
            call.region, NAMESPACE, body["FunctionName"], f"lam-{uuid.uuid4().hex[:8]}", latest, now, now
        )
        deployed.tags = body.get("Tags", [])

        def finish() -> None:
            deployed.status = "CreateFailed" if unlogged else "Active"
            if unlogged:
                said = "The log service is not open."
                deployed.reasons = [{"ErrorCode": "FailedOperation.ClsServiceUnregistered", "ErrorMessage": said}]

        self._table.add(call, deployed)
        self._table.begin(deployed, "Creating", finish)
        return {}

    def _absent(self, call: ApiCall) -> None:
        if self._table.find(call) is not None:
            raise ApiError("ResourceInUse.Function", f"There is a function {call.body['FunctionName']} already.")

    def _check_role(self, call: ApiCall, role: str) -> None:
        if not role:
            return
        resource = f"qcs::cam::uin/{self._accounts.uin}:roleName/{role}"
        self._accounts.allow(call.caller, "cam:PassRole", resource, "UnauthorizedOperation.CAM")
        if self._accounts.assumable(role, SERVICE) is None:
            raise ApiError("ResourceNotFound.Role", f"There is no role {role} that SCF may take.")

    def _check_logs(self, region: str, body: dict[str, Any]) -> None:
        logset, topic = body.get("ClsLogsetId", ""), body.get("ClsTopicId", "")
        if bool(logset) != bool(topic):
            raise ApiError("InvalidParameterValue.Cls", "ClsLogsetId and ClsTopicId go together.")
        if topic and not self._logs.has(region, logset, topic):
            raise ApiError("InvalidParameterValue.Cls", "There is no such topic in the function's region.")

    async def _update_code(self, call: ApiCall) -> Answer:
        body = call.body
        deployed = self._table.active(call, "FailedOperation.UpdateFunctionCode")
        check_settings(body, self._unknowns)
        settings = replace(deployed.latest.settings, handler=body.get("Handler", deployed.latest.settings.handler))
        source = body.get("Code") or body
        code = await asyncio.to_thread(
            self._packages.unpack, self._packages.read(source, call.region), settings.handler
        )
        deployed = self._table.active(call, "FailedOperation.UpdateFunctionCode")
        self._update(deployed, replace(deployed.latest, code=code, settings=settings))
        return {}

    def _configure(self, call: ApiCall) -> Answer:
        body = call.body
        deployed = self._table.active(call, "FailedOperation.UpdateFunctionConfiguration")
        check_settings(body, self._unknowns)
        old = deployed.latest.settings
        if body.get("Runtime", old.runtime) != old.runtime:
            raise ApiError("FailedOperation.UpdateFunctionConfiguration", "A function's runtime can't be changed.")
        variables = environment(body, self._unknowns)
        logs = body.get("ClsLogsetId", old.logset), body.get("ClsTopicId", old.topic)
        if logs != (old.logset, old.topic) and "Role" not in body:
            raise ApiError("InvalidParameterValue.ClsRole", "Changing the log topic needs Role in the same request.")
        if "Role" in body:
            self._check_role(call, body["Role"])
        self._check_logs(call.region, {"ClsLogsetId": logs[0], "ClsTopicId": logs[1]})
        settings = replace(
            old,
            memory_mb=body.get("MemorySize", old.memory_mb),
            timeout_s=body.get("Timeout", old.timeout_s),
            init_timeout_s=body.get("InitTimeout", old.init_timeout_s),
            environment=old.environment if variables is None else variables,
            role=body.get("Role", old.role),
            logset=logs[0],
            topic=logs[1],
            description=body.get("Description", old.description),
            public=body.get("PublicNetConfig", {}).get("PublicNetStatus", old.public),
            quiet=body.get("IgnoreSysLog", old.quiet),
        )
        self._update(deployed, replace(deployed.latest, settings=settings))
        return {}

    def _update(self, deployed: Deployed, latest: Version) -> None:
        def finish() -> None:
            deployed.latest, deployed.status, deployed.updated = latest, "Active", self._table.now()

        self._table.begin(deployed, "Updating", finish)

    def _delete(self, call: ApiCall) -> Answer:
        deployed, qualifier = self._table.get(call), call.body.get("Qualifier", "")
        if deployed.status in ("Creating", "Updating", "Publishing", "Deleting"):
            raise ApiError("FailedOperation.DeleteFunction", f"{deployed.name} is {deployed.status}, retry later.")
        if qualifier and qualifier != LATEST:
            if qualifier in deployed.aliases.values():
                raise ApiError("UnsupportedOperation.AliasBind", f"An alias points to version {qualifier}.")
            if deployed.versions.pop(qualifier, None) is None:
                raise ApiError("ResourceNotFound.Version", f"There is no version {qualifier}.")
            return {}

        def finish() -> None:
            self._table.drop(deployed)
            self._running.forget(deployed)

        self._table.begin(deployed, "Deleting", finish)
        return {}

    def _address(self, call: ApiCall) -> Answer:
        deployed = self._table.get(call)
        if deployed.status == "CreateFailed":
            raise ApiError("FailedOperation.GetFunctionAddress", f"{deployed.name} is {deployed.status}.")
        code = self._table.version(deployed, call.body.get("Qualifier", LATEST)).code
        digest = code.sha256 if self._unknowns.code_sha256 == "equal" else code.sha256[::-1]
        return {"Url": self._code_url(code.sha256), "CodeSha256": digest}

    def _reserve(self, call: ApiCall) -> Answer:
        deployed, wanted = self._table.active(call, "FailedOperation.ReservedInProgress"), call.body
        others = sum(
            each.reserved_mb or 0 for each in self._table if each.region == call.region and each is not deployed
        )
        if wanted["ReservedConcurrencyMem"] < 0 or others + wanted["ReservedConcurrencyMem"] > POOL_MB - _KEPT_FREE_MB:
            raise ApiError("FailedOperation.ReservedExceedTotal", f"{_KEPT_FREE_MB} MB must stay free.")
        deployed.reserved_mb = wanted["ReservedConcurrencyMem"]
        return {}

    def _reserved(self, call: ApiCall) -> Answer:
        reserved = self._table.get(call).reserved_mb
        return {} if reserved is None else {"ReservedMem": reserved}

    def _unreserve(self, call: ApiCall) -> Answer:
        self._table.get(call).reserved_mb = None
        return {}
