"""CLS's alarms and notices. They are kept and checked; none is ever raised here."""

from __future__ import annotations

import re
from typing import Any

from local.api3 import Action, Answer, ApiCall, ApiError
from local.cls.store import Logs, Region, Thing, when

__all__ = ["Alarms"]

_MOST_TARGETS = 3
_DAY_MIN = 1440
_LONGEST_NAME = 255
_CLASS = re.compile(r"[a-z][a-z0-9_]{0,49}")
_ALARM = [
    "Name",
    "AlarmTargets",
    "MonitorTime",
    "TriggerCount",
    "AlarmPeriod",
    "Condition",
    "AlarmLevel",
    "MultiConditions",
    "Status",
    "MessageTemplate",
    "CallBack",
    "Analysis",
    "GroupTriggerStatus",
    "GroupTriggerCondition",
    "Tags",
    "MonitorObjectType",
    "Classifications",
    "AlarmNoticeIds",
    "MonitorNotice",
]
_NOTICE = ["Name", "Type", "NoticeReceivers", "WebCallbacks", "NoticeRules", "Tags", "JumpDomain", "DeliverStatus"]


class Alarms:
    """Actions on alarms and notices."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def actions(self) -> dict[str, Action]:
        return {
            "DescribeAlarms": self._alarms,
            "CreateAlarm": self._create,
            "ModifyAlarm": self._modify,
            "DeleteAlarm": self._delete,
            "DescribeAlarmNotices": self._notices,
            "CreateAlarmNotice": self._create_notice,
            "ModifyAlarmNotice": self._modify_notice,
            "DeleteAlarmNotice": self._delete_notice,
        }

    def _alarms(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        keys = {
            "name": lambda thing: thing.body["Name"],
            "alarmId": lambda thing: thing.id,
            "topicId": lambda thing: thing.body["AlarmTargets"][0]["TopicId"],
        }
        rows, total = self._logs.listed(call, region.alarms.values(), keys)
        return {"Alarms": [self._row(region, thing) for thing in rows], "TotalCount": total}

    def _row(self, region: Region, thing: Thing) -> Answer:
        shown = {name: thing.body[name] for name in _ALARM if name in thing.body}
        shown["AlarmTargets"] = [
            {
                **target,
                "LogsetName": region.logsets[target["LogsetId"]].body["LogsetName"],
                "TopicName": region.topics[target["TopicId"]].body["TopicName"],
            }
            for target in thing.body["AlarmTargets"]
        ]
        times = {"CreateTime": when(thing.created), "UpdateTime": when(thing.updated)}
        return {**shown, "AlarmId": thing.id, "Status": thing.body.get("Status", True), **times}

    def _create(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        self._check(region, call.body)
        if any(thing.body["Name"] == call.body["Name"] for thing in region.alarms.values()):
            raise ApiError("InvalidParameter.AlarmConflict", f"There is an alarm {call.body['Name']} already.")
        thing = self._logs.new("alarm-", call.body)
        region.alarms[thing.id] = thing
        return {"AlarmId": thing.id}

    def _modify(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        thing = self._alarm(region, call)
        changed = {**thing.body, **{name: value for name, value in call.body.items() if name != "AlarmId"}}
        self._check(region, changed)
        thing.body, thing.updated = changed, self._logs.now()
        return {}

    def _delete(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        del region.alarms[self._alarm(region, call).id]
        return {}

    def _alarm(self, region: Region, call: ApiCall) -> Thing:
        wanted = call.body["AlarmId"]
        if wanted not in region.alarms:
            raise ApiError("ResourceNotFound.AlarmNotExist", f"There is no alarm {wanted}.")
        return region.alarms[wanted]

    def _check(self, region: Region, body: dict[str, Any]) -> None:
        if not 1 <= len(body["AlarmTargets"]) <= _MOST_TARGETS:
            raise ApiError("InvalidParameter", f"An alarm looks at 1 to {_MOST_TARGETS} targets.")
        _check_ranges(body)
        for target in body["AlarmTargets"]:
            if target["TopicId"] not in region.topics:
                raise ApiError("ResourceNotFound.TopicNotExist", f"There is no topic {target['TopicId']}.")
            if region.topics[target["TopicId"]].body["LogsetId"] != target["LogsetId"]:
                raise ApiError("InvalidParameter", "The topic is in another logset.")
        if ("Condition" in body) == ("MultiConditions" in body):
            raise ApiError("InvalidParameter", "One of Condition and MultiConditions is needed.")
        if body["MonitorTime"]["Type"] not in ("Period", "Fixed", "Cron"):
            raise ApiError("InvalidParameter", "MonitorTime.Type is Period, Fixed or Cron.")
        for notice in body.get("AlarmNoticeIds", []):
            if notice not in region.notices:
                raise ApiError("ResourceNotFound.AlarmNoticeNotExist", f"There is no notice {notice}.")

    def _notices(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        keys = {"name": lambda thing: thing.body["Name"], "alarmNoticeId": lambda thing: thing.id}
        rows, total = self._logs.listed(call, region.notices.values(), keys)
        return {
            "AlarmNotices": [
                {
                    **{name: thing.body[name] for name in _NOTICE if name in thing.body},
                    "AlarmNoticeId": thing.id,
                    "CreateTime": when(thing.created),
                    "UpdateTime": when(thing.updated),
                }
                for thing in rows
            ],
            "TotalCount": total,
        }

    def _create_notice(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        _check_notice(call.body)
        if any(thing.body["Name"] == call.body["Name"] for thing in region.notices.values()):
            raise ApiError("InvalidParameter.AlarmNoticeConflict", f"There is a notice {call.body['Name']} already.")
        thing = self._logs.new("notice-", call.body)
        region.notices[thing.id] = thing
        return {"AlarmNoticeId": thing.id}

    def _modify_notice(self, call: ApiCall) -> Answer:
        thing = self._notice(self._logs.region(call), call)
        changed = {**thing.body, **{name: value for name, value in call.body.items() if name != "AlarmNoticeId"}}
        _check_notice(changed)
        thing.body, thing.updated = changed, self._logs.now()
        return {}

    def _delete_notice(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        notice = self._notice(region, call)
        if any(notice.id in alarm.body.get("AlarmNoticeIds", []) for alarm in region.alarms.values()):
            raise ApiError("OperationDenied.NoticeHasAlarm", "An alarm uses the notice: delete it first.")
        del region.notices[notice.id]
        return {}

    def _notice(self, region: Region, call: ApiCall) -> Thing:
        wanted = call.body["AlarmNoticeId"]
        if wanted not in region.notices:
            raise ApiError("ResourceNotFound.AlarmNoticeNotExist", f"There is no notice {wanted}.")
        return region.notices[wanted]


def _check_ranges(body: dict[str, Any]) -> None:
    """Refuse what the reference says of values, and a condition about a statement that is not there."""
    time = body["MonitorTime"].get("Time", 1)
    ranges = {
        "TriggerCount": (body["TriggerCount"], 1, 2000),
        "AlarmPeriod": (body["AlarmPeriod"], 0, _DAY_MIN),
        "MonitorTime.Time": (time, 1, _DAY_MIN),
        "AlarmLevel": (body.get("AlarmLevel", 0), 0, 2),
        **{f"StartTimeOffset {n}": (each["StartTimeOffset"], -_DAY_MIN, 0) for n, each in _numbered(body)},
        **{
            f"EndTimeOffset {n}": (each["EndTimeOffset"], each["StartTimeOffset"] + 1, 0) for n, each in _numbered(body)
        },
    }
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            raise ApiError("InvalidParameter", f"{name} is {least} to {most}.")
    if not body["Name"] or "|" in body["Name"] or len(body["Name"].encode()) > _LONGEST_NAME:
        raise ApiError("InvalidParameter", f"Name has 1 to {_LONGEST_NAME} bytes, and no |.")
    keys = [each["Key"] for each in body.get("Classifications", [])]
    if len(set(keys)) < len(keys) or not all(_CLASS.fullmatch(key) for key in keys):
        raise ApiError("InvalidParameter", "Keys of Classifications differ, and are a letter, then letters, digits, _.")
    unknown = {int(number) for number in re.findall(r"\$(\d+)\.", body.get("Condition", ""))} - dict(
        _numbered(body)
    ).keys()
    if unknown:
        raise ApiError("InvalidParameter", f"Condition names a statement that is not there: {min(unknown)}.")


def _numbered(body: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    return [(each["Number"], each) for each in body["AlarmTargets"]]


def _check_notice(body: dict[str, Any]) -> None:
    if body.get("Type", "All") not in ("All", "Trigger", "Recovery"):
        raise ApiError("InvalidParameter", "Type is All, Trigger or Recovery.")
    if not any(body.get(name) for name in ("NoticeReceivers", "WebCallbacks", "NoticeRules")):
        raise ApiError("InvalidParameter", "A notice has receivers, callbacks or rules.")
