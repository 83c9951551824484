"""CLS's logsets, topics and indexes."""

from __future__ import annotations

import re
from typing import Any

from local.api3 import Action, Answer, ApiCall, ApiError
from local.cls.store import Logs, Thing, when

__all__ = ["Topics"]

_KEY = re.compile(r"[A-Za-z0-9\-./@][A-Za-z0-9_\-./@]*")
_TYPES = {"long", "double", "text"}
_MOST_KEYS = 300
_LONGEST_NAME = 255
_PERIODS = {3640, *range(1, 3601)}


class Topics:
    """Actions on logsets, topics and indexes."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def actions(self) -> dict[str, Action]:
        return {
            "DescribeLogsets": self._logsets,
            "CreateLogset": self._create_logset,
            "DeleteLogset": self._delete_logset,
            "DescribeTopics": self._topics,
            "CreateTopic": self._create_topic,
            "ModifyTopic": self._modify_topic,
            "DeleteTopic": self._delete_topic,
            "DescribeIndex": self._index,
            "CreateIndex": self._create_index,
            "ModifyIndex": self._modify_index,
        }

    def _logsets(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        keys = {"logsetName": lambda thing: thing.body["LogsetName"], "logsetId": lambda thing: thing.id}
        rows, total = self._logs.listed(call, region.logsets.values(), keys)
        return {
            "TotalCount": total,
            "Logsets": [
                {
                    "LogsetId": thing.id,
                    "LogsetName": thing.body["LogsetName"],
                    "CreateTime": when(thing.created),
                    "Tags": thing.body.get("Tags", []),
                    "TopicCount": sum(topic.body["LogsetId"] == thing.id for topic in region.topics.values()),
                }
                for thing in rows
            ],
        }

    def _create_logset(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        _check_name(call.body["LogsetName"], "LogsetName")
        if any(thing.body["LogsetName"] == call.body["LogsetName"] for thing in region.logsets.values()):
            raise ApiError("InvalidParameter.LogsetConflict", f"There is a logset {call.body['LogsetName']} already.")
        thing = self._logs.new("", call.body)
        region.logsets[thing.id] = thing
        return {"LogsetId": thing.id}

    def _delete_logset(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        _there(region.logsets, call.body["LogsetId"], "Logset")
        if any(topic.body["LogsetId"] == call.body["LogsetId"] for topic in region.topics.values()):
            raise ApiError("FailedOperation.LogsetNotEmpty", "The logset has topics: delete them first.")
        del region.logsets[call.body["LogsetId"]]
        return {}

    def _topics(self, call: ApiCall) -> Answer:
        region = self._logs.region(call)
        keys = {
            "topicName": lambda thing: thing.body["TopicName"],
            "topicId": lambda thing: thing.id,
            "logsetId": lambda thing: thing.body["LogsetId"],
            "logsetName": lambda thing: region.logsets[thing.body["LogsetId"]].body["LogsetName"],
        }
        exact = call.body.get("PreciseSearch", 0) in (1, 3)
        rows, total = self._logs.listed(call, region.topics.values(), keys, exact=exact)
        return {"Topics": [self._row(thing) for thing in rows], "TotalCount": total}

    def _row(self, thing: Thing) -> Answer:
        body = thing.body
        return {
            "LogsetId": body["LogsetId"],
            "TopicId": thing.id,
            "TopicName": body["TopicName"],
            "PartitionCount": body.get("PartitionCount", 1),
            "Index": bool(thing.index and thing.index.get("Status", False)),
            "CreateTime": when(thing.created),
            "Status": body.get("Status", True),
            "Tags": body.get("Tags", []),
            "AutoSplit": body.get("AutoSplit", True),
            "MaxSplitPartitions": body.get("MaxSplitPartitions", 50),
            "StorageType": body.get("StorageType", "hot"),
            "Period": body.get("Period", 30),
            "Describes": body.get("Describes", ""),
            "HotPeriod": body.get("HotPeriod", 0),
            "BizType": body.get("BizType", 0),
        }

    def _create_topic(self, call: ApiCall) -> Answer:
        region, body = self._logs.region(call), call.body
        _there(region.logsets, body["LogsetId"], "Logset")
        _check_topic(body)
        for topic in region.topics.values():
            if (topic.body["LogsetId"], topic.body["TopicName"]) == (body["LogsetId"], body["TopicName"]):
                raise ApiError("InvalidParameter.TopicConflict", f"There is a topic {body['TopicName']} already.")
        thing = self._logs.new("", body)
        region.topics[thing.id] = thing
        return {"TopicId": thing.id}

    def _modify_topic(self, call: ApiCall) -> Answer:
        topic = _there(self._logs.region(call).topics, call.body["TopicId"], "Topic")
        changed = {**topic.body, **{name: value for name, value in call.body.items() if name != "TopicId"}}
        _check_topic(changed)
        topic.body, topic.updated = changed, self._logs.now()
        return {}

    def _delete_topic(self, call: ApiCall) -> Answer:
        region, topic = self._logs.region(call), call.body["TopicId"]
        _there(region.topics, topic, "Topic")
        if any(target["TopicId"] == topic for alarm in region.alarms.values() for target in alarm.body["AlarmTargets"]):
            raise ApiError("FailedOperation.BindedAlarm", "An alarm looks at the topic: delete it first.")
        del region.topics[topic]
        return {}

    def _index(self, call: ApiCall) -> Answer:
        topic = _there(self._logs.region(call).topics, call.body["TopicId"], "Topic")
        if topic.index is None:
            raise ApiError("ResourceNotFound.IndexNotExist", "The topic has no index.")
        shown: Answer = {
            name: topic.index[name] for name in ("Rule", "IncludeInternalFields", "MetadataFlag") if name in topic.index
        }
        return {
            "TopicId": topic.id,
            "Status": topic.index.get("Status", True),
            "ModifyTime": when(topic.updated),
            **shown,
        }

    def _create_index(self, call: ApiCall) -> Answer:
        topic = _there(self._logs.region(call).topics, call.body["TopicId"], "Topic")
        if topic.index is not None:
            raise ApiError("InvalidParameter.IndexConflict", "The topic has an index already.")
        self._set_index(topic, call.body)
        return {}

    def _modify_index(self, call: ApiCall) -> Answer:
        topic = _there(self._logs.region(call).topics, call.body["TopicId"], "Topic")
        if topic.index is None:
            raise ApiError("ResourceNotFound.IndexNotExist", "The topic has no index.")
        self._set_index(topic, {**topic.index, **call.body})
        return {}

    def _set_index(self, topic: Thing, body: dict[str, Any]) -> None:
        _check_rule(body.get("Rule", {}))
        if self._logs.clock() < topic.busy_until:
            raise ApiError("LimitExceeded.IndexOperating", "The index is being changed: try again later.")
        topic.busy_until = self._logs.clock() + self._logs.delays.index_s
        topic.index, topic.updated = dict(body), self._logs.now()


def _there(things: dict[str, Thing], wanted: str, kind: str) -> Thing:
    if wanted not in things:
        raise ApiError(f"ResourceNotFound.{kind}NotExist", f"There is no {kind.lower()} {wanted}.")
    return things[wanted]


def _check_name(name: str, what: str) -> None:
    if not name or "|" in name or len(name) > _LONGEST_NAME:
        raise ApiError("InvalidParameter", f"{what} has 1 to {_LONGEST_NAME} characters, none of them |.")


def _check_topic(body: dict[str, Any]) -> None:
    _check_name(body["TopicName"], "TopicName")
    if body.get("StorageType", "hot") not in ("hot", "cold"):
        raise ApiError("InvalidParameter", "StorageType is hot or cold.")
    if body.get("Period", 30) not in _PERIODS:
        raise ApiError("FailedOperation.InvalidPeriod", "Period is 1 to 3600 days, or 3640 for ever.")
    if not 1 <= body.get("PartitionCount", 1) <= 10:
        raise ApiError("InvalidParameter", "PartitionCount is 1 to 10.")


def _check_rule(rule: dict[str, Any]) -> None:
    pairs = rule.get("KeyValue", {}).get("KeyValues", [])
    if len(pairs) > _MOST_KEYS:
        raise ApiError("LimitExceeded.IndexKeyOverLimit", f"An index has at most {_MOST_KEYS} keys.")
    names = [pair["Key"] for pair in pairs]
    if len(set(names)) < len(names):
        raise ApiError("InvalidParameter", "A key is there twice.")
    for pair in pairs:
        value = pair["Value"]
        if _KEY.fullmatch(pair["Key"]) is None:
            raise ApiError("InvalidParameter", f"{pair['Key']} is no key: letters, digits, _-./@, _ not first.")
        if value["Type"] not in _TYPES:
            raise ApiError("InvalidParameter", f"{pair['Key']}: the type is long, double or text.")
        if value["Type"] != "text" and (value.get("Tokenizer") or value.get("ContainZH")):
            raise ApiError("InvalidParameter", f"{pair['Key']}: a number has no tokenizer and no Chinese.")
