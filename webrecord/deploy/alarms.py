"""The alarms on what the functions log: statements on indexed fields, kept by CLS; docs/operations.md explains each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from webrecord.deploy.access import mark
from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.errors import MOST_PAGES, NotOurs, endless
from webrecord.deploy.logs import Logs
from webrecord.errors import BadUsage
from webrecord.words import t

EVERY_MIN = 5
"""How often a statement runs, and the minutes of lines that it reads."""
AGAIN_MIN = 60
"""Minutes before an alarm that goes on is told again."""
WARN, CRITICAL = 0, 2
PAGE = 100
_GONE = ("ResourceNotFound.AlarmNotExist",)


class Statement(NamedTuple):
    """One alarm.

    Attributes:
        key: the end of its name.
        function: whose lines are read: key of a function; several with blanks between them.
        select: what is counted in them.
        condition: on the result, when it is told.
        periods: how many times in a row the condition must hold.
    """

    key: str
    function: str
    select: str
    condition: str
    level: int
    message: str
    periods: int = 1

    def query(self, deployment: str) -> str:
        """Return the whole statement."""
        names = " OR ".join(f'SCF_FunctionName:"{deployment}-{one}"' for one in self.function.split())
        names = f"({names})" if " OR " in names else names
        return f'{names} AND SCF_Type:"Custom" | SELECT {self.select}'


STATEMENTS = (
    Statement(
        "ended-badly",
        "reconcile",
        "sum(coalesce(ended_lost, 0) + coalesce(ended_failed, 0)) AS bad",
        "$1.bad > 0",
        WARN,
        "Recordings are lost or failed: `webrecord list --state failed --state lost` shows each with its reason.",
    ),
    Statement(
        "queue-stands",
        "reconcile",
        "max(queue_age_s) AS age, max(queue_length) AS waiting",
        "$1.age > 600",
        WARN,
        "A start has waited for more than ten minutes. The quota is full or TRTC refuses: see `refused` in the log.",
    ),
    Statement(
        "timer-silent",
        "reconcile",
        "count_if(outcome = 'ticked') AS ticks",
        "$1.ticks < 3",
        CRITICAL,
        "The timer does not tick: queued starts, stops and second attempts wait. Check reconcile's timer trigger.",
        2,  # a deployment that is five minutes old may have fewer ticks
    ),
    Statement(
        "callbacks-refused",
        "callback",
        "count_if(status >= 400) AS bad",
        "$1.bad > 0",
        WARN,
        "Callbacks are refused or not stored: 401 means the key in TRTC's console, 500 the bucket.",
    ),
    Statement(
        "misconfigured",
        "recordings reconcile",
        "count_if(error IN ('RecorderMisconfigured', 'ConfigurationError')) + sum(coalesce(starts_blocked, 0)) AS bad",
        "$1.bad > 0",
        CRITICAL,
        'TRTC or a setting blocks all starts: invoke reconcile with {"doctor": true}.',
    ),
    Statement(
        "callbacks-lost",
        "reconcile",
        "sum(coalesce(ended_unheard, 0)) AS unheard",
        "$1.unheard > 0",
        WARN,
        "Callbacks are being lost: recordings ended, and no callback said so. Check URL and key in TRTC's console.",
    ),
)


@dataclass
class Alarm:
    """One alarm of a deployment. Whom it tells besides `notice` is the account's to choose, and stays.

    Attributes:
        notice: name of a notification channel group of the account that it is to tell.
    """

    cloud: Cloud
    statement: Statement
    deployment: str
    notice: str | None = None
    adopt: bool = False

    @property
    def alarm(self) -> str:
        """Return its name in the account."""
        return f"{self.deployment}-{self.statement.key}"

    @property
    def name(self) -> str:
        return t("alarm {alarm}", alarm=self.alarm)

    def changes(self) -> Sequence[Change]:
        logset, topic = Logs(self.cloud, self.deployment).ids()
        found, notices = (self.found(), self._notices()) if logset else (None, [])
        wanted = self._wanted(logset, topic)
        if found is None:
            told_to = {"AlarmNoticeIds": notices} if notices else {}
            given = {"Name": self.alarm, **wanted, **self._marked(), **told_to}
            do = unless(("InvalidParameter.AlarmConflict",), partial(self.cloud.call, "cls", "CreateAlarm", **given))
            return (Change("+", self.name, (self.statement.condition,), do),)
        if not self.is_ours(found, topic) and not self.adopt:
            raise NotOurs(self.name)
        shown = {name: _read(name, found.get(name)) for name in wanted}
        fields = [_field(name, shown[name], value) for name, value in wanted.items() if shown[name] != value]
        told = [str(one) for one in found.get("AlarmNoticeIds") or []]
        if missing := [one for one in notices if one not in told]:
            fields.append(t("tells {notice}", notice=self.notice))
        if not fields:
            return ()
        given = {"AlarmId": found["AlarmId"], **wanted, **self._marked()}
        if missing:
            given["AlarmNoticeIds"] = [*told, *missing]
        return (Change("~", self.name, tuple(fields), partial(self.cloud.call, "cls", "ModifyAlarm", **given)),)

    def found(self) -> dict[str, Any] | None:
        """Return the alarm as the account has it."""
        return _named(self.cloud, "DescribeAlarms", "Alarms", "name", self.alarm)

    def is_silent(self) -> bool:
        """Return True if the alarm exists and has no receiver."""
        found = self.found()
        return found is not None and not (found.get("AlarmNoticeIds") or found.get("MonitorNotice"))

    def is_ours(self, found: dict[str, Any], topic: str | None) -> bool:
        """Tell whether this deployment made it: its mark says so, or it reads our topic."""
        marks = {str(one.get("Value")) for one in found.get("Classifications") or []}
        reads = {one.get("TopicId") for one in found.get("AlarmTargets") or []}
        return mark(self.deployment) in marks or (topic is not None and topic in reads)

    def _marked(self) -> dict[str, Any]:
        return {"Classifications": [{"Key": "deployment", "Value": mark(self.deployment)}]}

    def _wanted(self, logset: str | None, topic: str | None) -> dict[str, Any]:
        one = self.statement
        target = {"TopicId": topic, "LogsetId": logset, "Query": one.query(self.deployment), "Number": 1}
        return {
            "AlarmTargets": [{**target, "StartTimeOffset": -EVERY_MIN, "EndTimeOffset": 0, "SyntaxRule": 1}],
            "MonitorTime": {"Type": "Period", "Time": EVERY_MIN},
            "Condition": one.condition,
            "TriggerCount": one.periods,
            "AlarmPeriod": AGAIN_MIN,
            "AlarmLevel": one.level,
            "MessageTemplate": one.message,
            "Status": True,
        }

    def _notices(self) -> list[str]:
        if self.notice is None:
            return []
        found = _named(self.cloud, "DescribeAlarmNotices", "AlarmNotices", "name", self.notice)
        if found is None:
            raise BadUsage(
                t(
                    "there is no notification channel group {notice} in this region: make it in the CLS console, with"
                    " its receivers, or leave out --alarm-notice",
                    notice=self.notice,
                )
            )
        return [str(found["AlarmNoticeId"])]


@dataclass
class AlarmGone:
    """One alarm. It holds no data."""

    alarm: Alarm

    @property
    def name(self) -> str:
        return self.alarm.name

    def changes(self) -> Sequence[Change]:
        found, ours = self._found()
        if found is None or not ours:
            return ()
        do: Callable[[], object] = partial(self.alarm.cloud.call, "cls", "DeleteAlarm", AlarmId=found["AlarmId"])
        return (Change("-", self.name, (), unless(_GONE, do)),)

    def stays(self) -> str | None:
        found, ours = self._found()
        return t("{name}: not created by this deployment", name=self.name) if found and not ours else None

    def _found(self) -> tuple[dict[str, Any] | None, bool]:
        alarm = self.alarm
        if alarm.cloud.call("cls", "GetClsService").get("Status") == 1:
            return None, False  # nothing can be asked before it is activated
        found = alarm.found()
        return found, found is not None and alarm.is_ours(found, Logs(alarm.cloud, alarm.deployment).ids()[1])


def _named(cloud: Cloud, action: str, rows: str, key: str, name: str) -> dict[str, Any] | None:
    """Return the row of exactly this name; a filter may also find names that hold it."""
    for page in range(MOST_PAGES):
        asked = [{"Key": key, "Values": [name]}]
        found = cloud.call("cls", action, Filters=asked, Limit=PAGE, Offset=page * PAGE).get(rows) or []
        for row in found:
            if row.get("Name") == name:
                return dict(row)
        if len(found) < PAGE:
            return None
    raise endless(name, action)


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return a member as it was sent: what the service adds to it is left out."""
    if name == "AlarmTargets":
        keys = ("TopicId", "LogsetId", "Query", "Number", "StartTimeOffset", "EndTimeOffset", "SyntaxRule")
        return [{key: one.get(key) for key in keys} for one in value or []]
    if name == "MonitorTime":
        return {key: (value or {}).get(key) for key in ("Type", "Time")}
    return value


def _field(name: str, actual: Any, wanted: Any) -> str:  # noqa: ANN401 (any JSON)
    if name == "AlarmTargets" and len(actual) == 1:
        names = [key for key in wanted[0] if actual[0].get(key) != wanted[0][key]]
        return ", ".join(f"{key} {actual[0].get(key)} → {wanted[0][key]}" for key in names)
    return f"{name} {actual} → {wanted}"
