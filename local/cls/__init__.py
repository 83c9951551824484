"""CLS 2020-10-16: logsets, topics, indexes and alarms, as far as one deploys with them; nothing is logged into them."""

from __future__ import annotations

from local.account import Accounts
from local.api3 import Answer, ApiCall, ApiService, Rate, Schema
from local.cls.alarms import Alarms
from local.cls.store import Logs
from local.cls.topics import Topics

__all__ = ["Logs", "service"]

VERSION = "2020-10-16"


def service(accounts: Accounts, logs: Logs, regions: set[str]) -> ApiService:
    """Return the service."""

    def look(_call: ApiCall) -> Answer:
        return {"Status": 0 if logs.open else 1}

    def activate(_call: ApiCall) -> Answer:
        logs.open = True
        return {}

    def allow(call: ApiCall) -> None:
        topic, resource = call.body.get("TopicId"), "*"
        if topic is not None:
            resource = f"qcs::cls:{call.region}:uin/{accounts.uin}:topic/{topic}"
        accounts.allow(call.caller, f"cls:{call.action}", resource, "AuthFailure.UnauthorizedOperation")

    actions = {
        "GetClsService": look,
        "OpenClsService": activate,
        **Topics(logs).actions(),
        **Alarms(logs).actions(),
    }
    return ApiService(
        "cls", VERSION, actions, regions, Rate(lambda _: 100), allow=allow, schema=Schema.of("cls", VERSION)
    )
