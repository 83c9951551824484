"""SCF's published versions and aliases."""

from __future__ import annotations

from dataclasses import replace

from local.api3 import Action, Answer, ApiCall, ApiError
from local.scf.model import LATEST, Deployed
from local.scf.table import Table, when

__all__ = ["Versions"]

_MOST = 1000


class Versions:
    """Actions on versions and aliases."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def actions(self) -> dict[str, Action]:
        return {
            "PublishVersion": self._publish,
            "ListVersionByFunction": self._list,
            "DeleteFunctionVersion": self._delete,
            "GetAlias": self._alias,
            "ListAliases": self._aliases,
            "UpdateAlias": self._point,
        }

    def _publish(self, call: ApiCall) -> Answer:
        deployed = self._table.active(call, "FailedOperation.PublishVersion")
        if len(deployed.versions) >= _MOST:
            raise ApiError("LimitExceeded.FunctionVersions", f"A function has at most {_MOST} versions.")
        deployed.published += 1
        number, description = str(deployed.published), call.body.get("Description", "")
        frozen = replace(deployed.latest, number=number, created=self._table.now(), description=description)

        def finish() -> None:
            deployed.versions[number], deployed.status = frozen, "Active"

        self._table.begin(deployed, "Publishing", finish)
        settings = frozen.settings
        return {
            "FunctionVersion": number,
            "CodeSize": frozen.code.size,
            "MemorySize": settings.memory_mb,
            "Description": description,
            "Handler": settings.handler,
            "Timeout": settings.timeout_s,
            "Runtime": settings.runtime,
            "Namespace": deployed.namespace,
        }

    def _list(self, call: ApiCall) -> Answer:
        deployed = self._table.get(call)
        versions = [deployed.latest, *deployed.versions.values()]
        rows = [
            {
                "Version": each.number,
                "Description": each.description,
                "AddTime": when(each.created),
                "ModTime": when(each.created),
                "Status": deployed.status if each.number == LATEST else "Active",
            }
            for each in versions
        ]
        offset, limit = call.body.get("Offset", 0), call.body.get("Limit", 20)
        shown = rows[offset : offset + limit]
        return {"FunctionVersion": [row["Version"] for row in shown], "Versions": shown, "TotalCount": len(rows)}

    def _delete(self, call: ApiCall) -> Answer:
        deployed, number = self._table.active(call, "FailedOperation.DeleteFunction"), call.body["Qualifier"]
        if number in deployed.aliases.values():
            raise ApiError("UnsupportedOperation.AliasBind", f"An alias points to version {number}.")
        if deployed.versions.pop(number, None) is None:
            raise ApiError("ResourceNotFound.Version", f"{deployed.name} has no version {number}.")
        return {}

    def _alias(self, call: ApiCall) -> Answer:
        return _shown(self._table.get(call), call.body["Name"])

    def _aliases(self, call: ApiCall) -> Answer:
        deployed = self._table.get(call)
        rows = [
            {**_shown(deployed, name), "RoutingConfig": {"AdditionalVersionWeights": [], "AddtionVersionMatchs": []}}
            for name, number in deployed.aliases.items()
            if call.body.get("FunctionVersion", number) == number
        ]
        return {"Aliases": rows, "TotalCount": len(rows)}

    def _point(self, call: ApiCall) -> Answer:
        deployed = self._table.active(call, "FailedOperation.UpdateAlias")
        name, number = call.body["Name"], call.body["FunctionVersion"]
        _shown(deployed, name)
        if number != LATEST and number not in deployed.versions:
            raise ApiError("ResourceNotFound.FunctionVersion", f"{deployed.name} has no version {number}.")
        deployed.aliases[name] = number
        return {}


def _shown(deployed: Deployed, name: str) -> Answer:
    if name not in deployed.aliases:
        raise ApiError("ResourceNotFound.Alias", f"{deployed.name} has no alias {name}.")
    times = {"AddTime": when(deployed.created), "ModTime": when(deployed.updated)}
    return {"FunctionVersion": deployed.aliases[name], "Name": name, "Description": "", **times}
