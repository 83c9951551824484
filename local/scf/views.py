"""SCF's functions, shown."""

from __future__ import annotations

from local.api3 import Action, Answer, ApiCall, ApiError
from local.scf.model import LATEST, Deployed
from local.scf.table import NAMESPACE, Table, when
from local.scf.triggers import shown as trigger_shown

__all__ = ["MOST", "POOL_MB", "Views"]

MOST = 50
POOL_MB = 128_000


class Views:
    """Actions that only look."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def actions(self) -> dict[str, Action]:
        return {"GetAccount": self._account, "GetFunction": self._get, "ListFunctions": self._list}

    def _account(self, call: ApiCall) -> Answer:
        names = [each.name for each in self._table if each.region == call.region]
        used = sum(each.reserved_mb or 0 for each in self._table if each.region == call.region)
        return {
            "AccountUsage": {
                "NamespacesCount": 1,
                "Namespace": [{"Namespace": NAMESPACE, "Functions": names, "FunctionsCount": len(names)}],
                "TotalConcurrencyMem": POOL_MB,
                "TotalAllocatedConcurrencyMem": used,
                "UserConcurrencyMemLimit": POOL_MB,
            },
            "AccountLimit": {
                "NamespacesCount": 5,
                "Namespace": [
                    {
                        "Namespace": NAMESPACE,
                        "FunctionsCount": MOST,
                        "Trigger": {"Cos": 10, "Timer": 10, "Total": 100},
                        "TimeoutLimit": 900,
                    }
                ],
            },
        }

    def _get(self, call: ApiCall) -> Answer:
        deployed = self._table.get(call)
        qualifier = call.body.get("Qualifier", LATEST)
        version = self._table.version(deployed, qualifier)
        settings = version.settings
        failed = deployed.status == "CreateFailed"
        triggers = [trigger_shown(each, self._table, deployed) for each in deployed.triggers]
        return {
            "FunctionName": deployed.name,
            "FunctionId": deployed.number,
            "Namespace": deployed.namespace,
            "FunctionVersion": version.number,
            "Qualifier": qualifier,
            "Status": deployed.status,
            "StatusDesc": deployed.reasons[0]["ErrorMessage"] if deployed.reasons else "",
            "StatusReasons": deployed.reasons,
            "AvailableStatus": "Available",
            "AddTime": when(deployed.created),
            "ModTime": when(deployed.updated),
            "CodeInfo": "",
            "CodeSize": 0 if failed else version.code.size,
            "CodeResult": "success",
            "CodeError": "",
            "ErrNo": 0,
            "Description": settings.description,
            "Handler": settings.handler,
            "Runtime": settings.runtime,
            "MemorySize": settings.memory_mb,
            "Timeout": settings.timeout_s,
            "InitTimeout": settings.init_timeout_s,
            "Environment": {"Variables": [{"Key": key, "Value": value} for key, value in settings.environment]},
            "Role": settings.role,
            "ClsLogsetId": settings.logset,
            "ClsTopicId": settings.topic,
            "Type": "Event",
            "Tags": deployed.tags,
            "Triggers": triggers,
            "VpcConfig": {"VpcId": "", "SubnetId": ""},
            "PublicNetConfig": {
                "PublicNetStatus": settings.public,
                "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []},
            },
            "InstallDependency": "FALSE",
            "UseGpu": "FALSE",
            "Layers": [],
            "AsyncRunEnable": "FALSE",
            "TraceEnable": "FALSE",
            "ProtocolType": "",
        }

    def _list(self, call: ApiCall) -> Answer:
        body = call.body
        found = [each for each in self._table if each.region == call.region]
        found = [each for each in found if body.get("SearchKey", "") in each.name]
        for wanted in body.get("Filters", []):
            found = [each for each in found if _value(each, wanted["Name"]) in wanted["Values"]]
        offset, limit = body.get("Offset", 0), body.get("Limit", 20)
        rows = [
            {
                "FunctionName": each.name,
                "FunctionId": each.number,
                "Namespace": each.namespace,
                "Runtime": each.latest.settings.runtime,
                "Status": each.status,
                "StatusDesc": "",
                "StatusReasons": each.reasons,
                "Description": each.latest.settings.description,
                "AddTime": when(each.created),
                "ModTime": when(each.updated),
                "Tags": each.tags,
                "Type": "Event",
            }
            for each in found[offset : offset + limit]
        ]
        return {"Functions": rows, "TotalCount": len(found)}


def _value(deployed: Deployed, name: str) -> str:
    if name.startswith("tag-"):
        return next((tag["Value"] for tag in deployed.tags if tag["Key"] == name.removeprefix("tag-")), "")
    settings = deployed.latest.settings
    known = {
        "Status": deployed.status,
        "Role": settings.role,
        "Runtime": settings.runtime,
        "ClsTopicId": settings.topic,
        "ClsLogsetId": settings.logset,
        "FunctionName": deployed.name,
        "Description": settings.description,
    }
    if name not in known:
        raise ApiError("InvalidParameterValue.Filters", f"There is no filter {name}.")
    return known[name]
