"""SCF's triggers: Function URLs, COS and timers."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from local.account import Accounts
from local.api3 import Action, Answer, ApiCall, ApiError
from local.kindness import Unknowns
from local.scf.cron import Cron
from local.scf.model import LATEST, Deployed, Trigger
from local.scf.table import Table, when

__all__ = ["Triggers", "shown"]

_KINDS = ("http", "cos", "timer")
_OTHERS = ("cls", "ckafka", "cmq", "apigw", "clb", "vod", "mps", "eb", "cm")
_MOST = 10
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_COS_NAME = re.compile(r"([a-z0-9-]{1,60})\.cos\.([a-z0-9-]+)\.myqcloud\.com")
_COS_EVENTS = re.compile(r"cos:Object(Created|Remove|Restore):[A-Za-z*]+")
_ABSENT = {"timer": "Timer", "cos": "Cos"}
_DESC = "InvalidParameterValue.TriggerDesc"


class Triggers:
    """Actions on triggers.

    Args:
        url: makes a Function URL of a trigger's own id.
        has_bucket: tells whether a bucket is there, in a region.
        may_notify: tells whether SCF may write a notification into a bucket.
    """

    def __init__(
        self,
        table: Table,
        accounts: Accounts,
        unknowns: Unknowns,
        url: Callable[[str], str],
        has_bucket: Callable[[str, str], bool],
        may_notify: Callable[[], bool],
    ) -> None:
        self._table, self._unknowns, self._app_id = table, unknowns, accounts.app_id
        self._url, self._has_bucket, self._may_notify = url, has_bucket, may_notify

    def actions(self) -> dict[str, Action]:
        return {
            "ListTriggers": self._list,
            "CreateTrigger": self._create,
            "UpdateTrigger": self._update,
            "UpdateTriggerStatus": self._switch,
            "DeleteTrigger": self._delete,
        }

    def _list(self, call: ApiCall) -> Answer:
        deployed, body = self._table.get(call), call.body
        found = deployed.triggers
        for wanted in body.get("Filters", []):
            read = {"Qualifier": "qualifier", "TriggerName": "name", "Description": "description", "Type": "kind"}
            if wanted["Name"] not in read:
                raise ApiError("InvalidParameterValue.Filters", f"There is no filter {wanted['Name']}.")
            found = [each for each in found if getattr(each, read[wanted["Name"]]) in wanted["Values"]]
        offset, limit = body.get("Offset", 0), body.get("Limit", 20)
        rows = [{**shown(each, self._table, deployed), "BoundResources": ""} for each in found[offset : offset + limit]]
        return {"Triggers": rows, "TotalCount": len(found)}

    def _create(self, call: ApiCall) -> Answer:
        deployed, body = self._table.active(call, "FailedOperation.CreateTrigger"), call.body
        kind, qualifier = _kind(body["Type"]), body.get("Qualifier", LATEST)
        self._table.version(deployed, qualifier)
        enabled = _enable(body.get("Enable", "OPEN" if self._unknowns.default_trigger == "open" else "CLOSE"))
        if sum(each.kind == kind for each in deployed.triggers) >= _MOST:
            raise ApiError("LimitExceeded.Trigger", f"A function has at most {_MOST} triggers of a type.")
        sent, name = self._read(call, kind, body["TriggerName"], body.get("TriggerDesc", "")), body["TriggerName"]
        if "CustomArgument" in body and kind != "timer":
            raise ApiError("InvalidParameterValue.CustomArgument", "CustomArgument is a timer's.")
        self._check_new(deployed, kind, name, qualifier, sent)
        if kind == "http":
            name = secrets.token_hex(5)
            sent["url"] = self._url(f"{self._app_id}-{name}")
        now = self._table.now()
        trigger = Trigger(
            kind, name, sent, qualifier, enabled, body.get("CustomArgument", ""), body.get("Description", ""), now, now,
            self._table.clock(),
        )  # fmt: skip
        deployed.triggers.append(trigger)
        return {"TriggerInfo": shown(trigger, self._table, deployed)}

    def _read(self, call: ApiCall, kind: str, name: str, text: str) -> dict[str, Any]:
        if kind == "http":
            return _read_http(text)
        if kind == "timer":
            return _read_timer(name, text)
        return self._read_cos(call.region, name, text)

    def _read_cos(self, region: str, name: str, text: str) -> dict[str, Any]:
        place = _COS_NAME.fullmatch(name)
        if place is None:
            raise ApiError("InvalidParameterValue.TriggerName", "bucket-appid.cos.region.myqcloud.com is wanted.")
        if place[2] != region:
            raise ApiError("InvalidParameterValue.Cos", f"The bucket must be in {region}.")
        sent = _object(text)
        event, chosen = sent.get("event"), sent.get("filter", {})
        if not isinstance(event, str) or _COS_EVENTS.fullmatch(event) is None or not isinstance(chosen, dict):
            raise ApiError(_DESC, "TriggerDesc has event and filter.")
        pattern = {each: chosen.get(each, "") for each in ("Prefix", "Suffix")}
        if not all(isinstance(each, str) for each in pattern.values()) or not chosen.keys() <= pattern.keys():
            raise ApiError(_DESC, "filter has Prefix and Suffix.")
        if not self._has_bucket(place[1], region):
            raise ApiError("ResourceNotFound.Cos", f"There is no bucket {place[1]}.")
        return {"bucketUrl": name, "event": event, "filter": pattern}

    def _check_new(self, deployed: Deployed, kind: str, name: str, qualifier: str, sent: dict[str, Any]) -> None:
        same = [each for each in deployed.triggers if each.kind == kind]
        if kind == "http" and any(each.qualifier == qualifier for each in same):
            raise ApiError("ResourceInUse.Trigger", f"{qualifier} has a Function URL already.")
        if kind == "timer" and any((each.name, each.qualifier) == (name, qualifier) for each in same):
            raise ApiError("ResourceInUse.TriggerName", f"There is a timer {name} already.")
        if kind == "cos":
            if not self._may_notify():
                raise ApiError("UnauthorizedOperation.Role", "SCF may not write into the bucket: see SCF_QcsRole.")
            if any((each.sent, each.qualifier) == (sent, qualifier) for each in same):
                raise ApiError("ResourceInUse.Cos", "There is such a trigger already.")
            rules = [each.sent for other in self._table for each in other.triggers if each.kind == "cos"]
            rules = [each for each in rules if each["bucketUrl"] == name]
            if len(rules) >= _MOST:
                raise ApiError("LimitExceeded.Trigger", f"A bucket has at most {_MOST} triggers.")
            if any(_overlap(each, sent) for each in rules):
                raise ApiError("InvalidParameterValue.CosNotifyRuleConflict", "A rule of the bucket overlaps with it.")

    def _update(self, call: ApiCall) -> Answer:
        if self._unknowns.update_url == "absent":  # as in the international site's SDK
            raise ApiError("InvalidAction", "The request action=`UpdateTrigger` is invalid or not found.")
        deployed, body = self._table.active(call, "FailedOperation.UpdateTrigger"), call.body
        kind = _kind(body["Type"])
        if kind == "cos" or (kind == "http" and self._unknowns.update_url == "refused"):
            raise ApiError("InvalidParameterValue.Type", f"A trigger of type {kind} can't be updated.")
        trigger = self._trigger(deployed, body)
        if "Enable" in body:
            trigger.enabled = _enable(body["Enable"])
        if body.get("TriggerDesc"):
            kept = {"url": trigger.sent["url"]} if kind == "http" else {}
            trigger.sent = {**self._read(call, kind, trigger.name, body["TriggerDesc"]), **kept}
        trigger.description = body.get("Description", trigger.description)
        trigger.argument = body.get("CustomArgument", trigger.argument)
        trigger.updated = self._table.now()
        return {}

    def _switch(self, call: ApiCall) -> Answer:
        deployed, body = self._table.active(call, "FailedOperation.UpdateTriggerStatus"), call.body
        trigger, enabled = self._trigger(deployed, body), _enable(body["Enable"])
        if trigger.enabled == enabled:
            raise ApiError("FailedOperation.UpdateTriggerStatus", "The status is the same as before.")
        trigger.enabled, trigger.updated = enabled, self._table.now()
        return {}

    def _delete(self, call: ApiCall) -> Answer:
        deployed = self._table.active(call, "FailedOperation.DeleteTrigger")
        deployed.triggers.remove(self._trigger(deployed, call.body))
        return {}

    def _trigger(self, deployed: Deployed, body: dict[str, Any]) -> Trigger:
        kind, name = _kind(body["Type"]), body["TriggerName"]
        qualifier = body.get("Qualifier", "")
        found = [each for each in deployed.triggers if (each.kind, each.name) == (kind, name)]
        found = [each for each in found if qualifier in ("", each.qualifier)]
        if kind == "cos":
            sent = _object(body.get("TriggerDesc", ""))
            chosen = sent.get("filter", {})
            wanted = {each: chosen.get(each, "") for each in ("Prefix", "Suffix")} if isinstance(chosen, dict) else {}
            found = [each for each in found if (each.sent["event"], each.sent["filter"]) == (sent.get("event"), wanted)]
        if not found:
            raise ApiError(
                f"ResourceNotFound.{_ABSENT.get(kind, 'Trigger')}", f"{deployed.name} has no trigger {name}."
            )
        return found[0]


def shown(trigger: Trigger, table: Table, _deployed: Deployed) -> Answer:
    """Return a trigger as it is read."""
    if trigger.kind == "timer":
        text = json.dumps({"cron": trigger.sent["cron"]})
    elif trigger.kind == "cos":
        text = json.dumps(trigger.sent)
    else:
        ready = table.clock() - trigger.since >= table.delays.url_s
        net = trigger.sent["NetConfig"]
        url = trigger.sent["url"] if ready and net["EnableExtranet"] else ""
        addresses = {
            "ExtranetUrl": url, "ExtranetHTTPUrl": url, "IntranetUrl": "", "IntranetHTTPUrl": "", "ExtranetWssUrl": "",
            "ExtranetWsUrl": "", "IntranetWssUrl": "", "IntranetWsUrl": "",
        }  # fmt: skip
        read = {name: value for name, value in trigger.sent.items() if name != "url"}
        text = json.dumps({**read, "NetConfig": {**net, **addresses}})
    return {
        "Type": trigger.kind,
        "TriggerName": trigger.name,
        "TriggerDesc": text,
        "Enable": int(trigger.enabled),
        "Qualifier": trigger.qualifier,
        "CustomArgument": trigger.argument,
        "Description": trigger.description,
        "AddTime": when(trigger.created),
        "ModTime": when(trigger.updated),
        "AvailableStatus": "Available",
        "ResourceId": trigger.name,
        "BindStatus": "on" if trigger.enabled else "off",
        "TriggerAttribute": "",
    }


def _kind(text: str) -> str:
    if text in _OTHERS:
        raise ApiError("InvalidParameterValue.Type", f"The local cloud has no triggers of type {text}.")
    if text not in _KINDS:
        raise ApiError("InvalidParameterValue.Type", f"There is no trigger of type {text}.")
    return text


def _enable(text: str) -> bool:
    if text not in ("OPEN", "CLOSE"):
        raise ApiError("InvalidParameterValue.Enable", "Enable is OPEN or CLOSE.")
    return text == "OPEN"


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ApiError(_DESC, "TriggerDesc is no JSON object.")
    return value


def _read_http(text: str) -> dict[str, Any]:
    sent = _object(text)
    if sent.get("AuthType") not in ("NONE", "CAM"):
        raise ApiError(_DESC, "AuthType is NONE or CAM.")
    net = sent.get("NetConfig", {})
    if not isinstance(net, dict) or not all(type(net.get(name, False)) is bool for name in _NET):
        raise ApiError(_DESC, "NetConfig has EnableIntranet and EnableExtranet, true or false.")
    cors = sent.get("CorsConfig", {})
    if not isinstance(cors, dict):
        raise ApiError("InvalidParameterValue.Cors", "CorsConfig is an object.")
    extra: dict[str, Any] = {name: sent[name] for name in _KEPT if name in sent}
    return {"AuthType": sent["AuthType"], "NetConfig": {name: net.get(name, False) for name in _NET}, **extra}


_KEPT = ("CorsConfig", "ApiGwCompatible", "EnableSimpleMode")
_NET = ("EnableIntranet", "EnableExtranet")


def _read_timer(name: str, text: str) -> dict[str, Any]:
    if _NAME.fullmatch(name) is None:
        raise ApiError("InvalidParameterValue.TriggerName", "1 to 100 letters, digits, - and _ are wanted.")
    try:
        Cron.parse(text)
    except ValueError as error:
        raise ApiError(_DESC, f"TriggerDesc is no cron expression: {error}.") from None
    return {"cron": text}


def _overlap(one: dict[str, Any], two: dict[str, Any]) -> bool:
    def nested(first: str, second: str, cut: Callable[[str, str], bool]) -> bool:
        return cut(first, second) or cut(second, first)

    events = (one["event"].removesuffix("*"), two["event"].removesuffix("*"))
    return (
        nested(*events, str.startswith)
        and nested(one["filter"]["Prefix"], two["filter"]["Prefix"], str.startswith)
        and nested(one["filter"]["Suffix"], two["filter"]["Suffix"], str.endswith)
    )
