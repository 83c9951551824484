"""The log topic of a deployment, and its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webrecord.deploy.access import absent, mark
from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud, same
from webrecord.words import t

DAYS = 30
TOKENIZER = "@&?|#()='\",;:<>[]{}/ \n\t\r\\"
TEXTS = (
    *("SCF_FunctionName", "SCF_Namespace", "SCF_RequestId", "SCF_Alias", "SCF_Qualifier", "SCF_Level", "SCF_Message"),
    *("SCF_Type", "function", "event", "level", "outcome", "error", "recording_id", "task_id", "trtc_code", "state"),
    *("service", "version", "message", "refused"),
)
LONGS = (
    *("SCF_StartTime", "SCF_LogTime", "SCF_Duration", "SCF_StatusCode", "SCF_RetryNum", "status", "queue_age_s"),
    *("queue_length", "starts", "looked", "asked_late_s", "notify_failures", "error_count"),
    *("ended_completed", "ended_failed", "ended_lost", "ended_cancelled", "ended_unheard", "refusals"),
    *("films_suspect", "films_bad", "starts_blocked"),
)
DOUBLES = ("SCF_MemUsage", "duration_ms")
"""Fields that alarms and searches use; docs/operations.md explains ours."""


def rule() -> dict[str, Any]:
    """Return what is indexed: every word, and the fields by their types."""
    fields = [
        *(("text", name) for name in TEXTS),
        *(("long", name) for name in LONGS),
        *(("double", name) for name in DOUBLES),
    ]
    rows = [
        {
            "Key": name,
            "Value": {
                "Type": kind,
                "SqlFlag": True,
                "Tokenizer": TOKENIZER if kind == "text" else "",
                "ContainZH": kind == "text",
            },
        }
        for kind, name in fields
    ]
    return {
        "FullText": {"CaseSensitive": False, "Tokenizer": TOKENIZER, "ContainZH": True},
        "KeyValue": {"CaseSensitive": False, "KeyValues": rows},
    }


@dataclass
class Logs:
    """Logset, topic and index, all of the deployment's name."""

    cloud: Cloud
    deployment: str

    @property
    def name(self) -> str:
        return t("logs {deployment}", deployment=self.deployment)

    def ids(self) -> tuple[str | None, str | None]:
        """Return the ids of logset and topic, as far as they are there."""
        if self.cloud.call("cls", "GetClsService").get("Status") == 1:
            return None, None  # nothing can be asked before it is activated
        logset = self._find("DescribeLogsets", "Logsets", "LogsetName", "LogsetId", [("logsetName", self.deployment)])
        if logset is None:
            return None, None
        asked = [("topicName", self.deployment), ("logsetId", logset)]
        return logset, self._find("DescribeTopics", "Topics", "TopicName", "TopicId", asked)

    def changes(self) -> Sequence[Change]:
        logset, topic = self.ids()
        steps = []
        if logset is None:
            do = unless(
                ("FailedOperation.LogsetConflict", "InvalidParameter.LogsetConflict"),
                lambda: self.cloud.call("cls", "CreateLogset", LogsetName=self.deployment),
            )
            steps.append(Change("+", t("logset {deployment}", deployment=self.deployment), (), do))
        if topic is None:
            made = {
                "LogsetId": logset,
                "TopicName": self.deployment,
                "Period": DAYS,
                "StorageType": "hot",
                "PartitionCount": 1,
                "AutoSplit": True,
                "Describes": mark(self.deployment),
            }
            do = unless(("InvalidParameter.TopicConflict",), lambda: self.cloud.call("cls", "CreateTopic", **made))
            steps.append(
                Change("+", t("log topic {deployment}, {days} days", deployment=self.deployment, days=DAYS), (), do)
            )
        if topic is None or (step := self._index(topic)) is not None:
            steps.append(step if topic is not None and step else self._made(topic))
        return steps

    def _index(self, topic: str) -> Change | None:
        missing = ("ResourceNotFound.IndexNotExist", "ResourceNotFound")
        found = absent(missing, lambda: self.cloud.call("cls", "DescribeIndex", TopicId=topic))
        if found is None or not found.get("Rule"):
            return self._made(topic)
        indexed = {row["Key"] for row in ((found["Rule"].get("KeyValue") or {}).get("KeyValues") or [])}
        if found.get("Status") and indexed >= {*TEXTS, *LONGS, *DOUBLES}:
            return None
        # What somebody indexed besides stays.
        whole = rule()
        theirs = (found["Rule"].get("KeyValue") or {}).get("KeyValues") or []
        ours = {row["Key"] for row in whole["KeyValue"]["KeyValues"]}
        whole["KeyValue"]["KeyValues"] += [row for row in theirs if row["Key"] not in ours]
        given = {"TopicId": topic, "Status": True, "Rule": whole}
        fields = tuple(sorted(ours - indexed)[:5])
        return Change(
            "~",
            t("log index {deployment}", deployment=self.deployment),
            fields,
            lambda: self.cloud.call("cls", "ModifyIndex", **given),
        )

    def _made(self, topic: str | None) -> Change:
        given = {"TopicId": topic, "Status": True, "IncludeInternalFields": True, "MetadataFlag": 1, "Rule": rule()}
        do = unless(("InvalidParameter.IndexConflict",), lambda: self.cloud.call("cls", "CreateIndex", **given))
        return Change("+", t("log index {deployment}", deployment=self.deployment), (), do)

    def _find(self, action: str, rows: str, name: str, key: str, asked: list[tuple[str, str]]) -> str | None:
        filters = [{"Key": field, "Values": [value]} for field, value in asked]
        answer = self.cloud.call("cls", action, Filters=filters, Limit=100)
        return next((str(row[key]) for row in answer.get(rows) or [] if same(row.get(name), self.deployment)), None)
