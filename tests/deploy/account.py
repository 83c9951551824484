"""An account in memory: what a deployment calls, with the habits of the real one that matter to it.

A process may die before or after any call; the answer of a call may be lost.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from webrecord.deploy.errors import ApiError


class Died(BaseException):
    """The deploying process ends here."""


@dataclass
class FakeBuckets:
    """COS, as far as a deployment needs it."""

    account: Account
    regions: dict[str, str] = field(default_factory=dict)
    versioned: dict[str, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)

    def cors(self, _bucket: str) -> dict[str, Any]:
        self.account.counted("GET Bucket cors", lambda: None)
        return deepcopy(self.rules)

    def set_cors(self, _bucket: str, whole: Mapping[str, Any]) -> None:
        def do() -> None:
            self.rules = deepcopy(dict(whole)) if whole.get("CORSRule") else {}

        self.account.counted("PUT Bucket cors", do)

    def keys(self, _bucket: str, prefix: str, after: str, most: int) -> list[str]:
        self.account.counted("GET Bucket", lambda: None)
        return sorted(key for key in self.objects if key.startswith(prefix) and key > after)[:most]

    def read(self, _bucket: str, key: str) -> bytes | None:
        self.account.counted("GET Object", lambda: None)
        return self.objects.get(key)

    def region_of(self, bucket: str) -> str | None:
        self.account.counted("GET Service", lambda: None)
        return self.regions.get(bucket)

    def create(self, bucket: str) -> None:
        self.account.counted("PUT Bucket", lambda: self.regions.setdefault(bucket, self.account.region))

    def versioning(self, bucket: str) -> str | None:
        return self.versioned.get(bucket)


@dataclass
class Account:
    """One account. `die_before` and `die_after` name the number of a call; `lose` loses its answer."""

    region: str = "ap-guangzhou"
    die_before: int | None = None
    die_after: int | None = None
    lose: int | None = None
    calls: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[int, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    logsets: dict[str, str] = field(default_factory=dict)
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    logs_open: bool = False
    last_used: str = ""
    unknown_roles: int = 0
    """How many calls SCF does not know a role for."""
    counter: int = 0

    def __post_init__(self) -> None:
        self._buckets = FakeBuckets(self)

    @property
    def buckets(self) -> FakeBuckets:
        return self._buckets

    def call(self, service: str, action: str, **given: Any) -> dict[str, Any]:
        do = getattr(self, f"_{service}_{re.sub(r'(?<!^)(?=[A-Z])', '_', action).lower()}", None)
        if do is None:
            raise ApiError(action, "InvalidAction", f"no such action: {action}", "fake")
        return self.counted(action, lambda: do(given)) or {}

    def counted(self, action: str, do: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(action)
        if number == self.die_before:
            raise Died
        result = do()
        if not action.startswith(("Get", "List", "Describe", "GET")):
            self.writes.append(action)
        if number == self.die_after:
            raise Died
        if number == self.lose:
            raise ApiError(action, "ClientNetworkError", "the answer was lost")
        return result

    def restarted(self) -> None:
        """Forget the faults: the next run."""
        self.die_before = self.die_after = self.lose = None
        self.calls.clear()
        self.writes.clear()

    def picture(self) -> str:
        """Return everything that is there, without numbers that were given out."""
        policies = {each["PolicyName"]: json.loads(each["PolicyDocument"]) for each in self.policies.values()}
        attached = {
            name: sorted(self.policies[one]["PolicyName"] if one > 0 else "preset" for one in role["attached"])
            for name, role in self.roles.items()
        }
        users = {
            name: sorted(self.policies[one]["PolicyName"] for one in user["attached"])
            for name, user in self.users.items()
        }
        functions = {
            name: {
                key: value
                for key, value in each.items()
                if key not in ("Environment", "Description", "ClsLogsetId", "ClsTopicId")
            }
            for name, each in self.functions.items()
        }
        names = {
            name: sorted(row["Key"] for row in each["Environment"]["Variables"])
            for name, each in self.functions.items()
        }
        triggers = {
            name: sorted(
                (row["Type"], row["TriggerDesc"] if row["Type"] != "http" else "", row["Enable"]) for row in rows
            )
            for name, rows in self.triggers.items()
        }
        parts = (
            [{**rule, "AllowedOrigin": len(rule["AllowedOrigin"])} for rule in self.buckets.rules.get("CORSRule", [])],
            policies,
            attached,
            users,
            functions,
            names,
            triggers,
            sorted(self.logsets),
            len(self.topics),
            len(self.indexes),
            sorted((row["Name"], row["AlarmTargets"][0]["Query"], row["Condition"]) for row in self.alarms.values()),
        )
        return json.dumps([*parts, sorted(self._buckets.regions)], sort_keys=True, indent=1)

    def live_keys(self) -> list[str]:
        return [key for key, row in self.keys.items() if row["Status"] == "Active"]

    def _next(self) -> int:
        self.counter += 1
        return 1000 + self.counter

    def _refuse(self, action: str, code: str) -> ApiError:
        return ApiError(action, code, f"refused: {code}", "fake-request")

    # CAM

    def _cam_get_role(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["RoleName"] not in self.roles:
            raise self._refuse("GetRole", "InvalidParameter.RoleNotExist")
        return {"RoleInfo": self.roles[given["RoleName"]]}

    def _cam_create_role(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["RoleName"] in self.roles:
            raise self._refuse("CreateRole", "InvalidParameter.RoleNameInUse")
        self.roles[given["RoleName"]] = {**given, "attached": set()}
        return {}

    def _cam_update_assume_role_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        self.roles[given["RoleName"]]["PolicyDocument"] = given["PolicyDocument"]
        return {}

    def _cam_list_policies(self, given: dict[str, Any]) -> dict[str, Any]:
        rows = [each for each in self.policies.values() if given["Keyword"] in each["PolicyName"]]
        start = (given["Page"] - 1) * given["Rp"]
        return {
            "List": [{**row, "Attachments": self._held(row["PolicyId"])} for row in rows[start : start + given["Rp"]]]
        }

    def _held(self, number: int) -> int:
        return sum(number in each["attached"] for each in (*self.roles.values(), *self.users.values()))

    def _cam_create_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        if any(each["PolicyName"] == given["PolicyName"] for each in self.policies.values()):
            raise self._refuse("CreatePolicy", "FailedOperation.PolicyNameInUse")
        number = self._next()
        self.policies[number] = {**given, "PolicyId": number}
        return {"PolicyId": number}

    def _cam_get_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self.policies[given["PolicyId"]]
        document = json.loads(found["PolicyDocument"])
        for statement in document["statement"]:  # given back in another form
            statement["action"] = [one.removeprefix("name/") for one in reversed(statement["action"])]
        return {**found, "PolicyDocument": json.dumps(document).replace("/", "\\/")}

    def _cam_update_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        self.policies[given["PolicyId"]].update(given)
        return {}

    def _cam_list_attached_role_policies(self, given: dict[str, Any]) -> dict[str, Any]:
        names = {-1: "QcloudAccessForScfRole", **{one: each["PolicyName"] for one, each in self.policies.items()}}
        attached = sorted(self.roles[given["RoleName"]]["attached"])
        return {"List": [{"PolicyId": one, "PolicyName": names[one]} for one in attached]}

    def _cam_attach_role_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        preset = given.get("PolicyName") == "QcloudAccessForScfRole"
        self.roles[given["AttachRoleName"]]["attached"].add(-1 if preset else given["PolicyId"])
        return {}

    def _cam_get_user(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["Name"] not in self.users:
            raise self._refuse("GetUser", "ResourceNotFound.UserNotExist")
        return self.users[given["Name"]]

    def _cam_add_user(self, given: dict[str, Any]) -> dict[str, Any]:
        assert (given["ConsoleLogin"], given["UseApi"]) == (0, 0)
        if given["Name"] in self.users:
            raise self._refuse("AddUser", "InvalidParameter.SubUserNameInUse")
        self.users[given["Name"]] = {**given, "Uin": self._next(), "attached": set()}
        return {}

    def _cam_list_attached_user_policies(self, given: dict[str, Any]) -> dict[str, Any]:
        user = next(each for each in self.users.values() if each["Uin"] == given["TargetUin"])
        return {"List": [{"PolicyId": one} for one in sorted(user["attached"])]}

    def _cam_attach_user_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        next(each for each in self.users.values() if each["Uin"] == given["AttachUin"])["attached"].add(
            given["PolicyId"]
        )
        return {}

    def _cam_list_access_keys(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"AccessKeys": [{k: v for k, v in row.items() if k != "secret"} for row in self.keys.values()]}

    def _cam_create_access_key(self, given: dict[str, Any]) -> dict[str, Any]:
        if len(self.keys) == 2:
            raise self._refuse("CreateAccessKey", "OperationDenied.AccessKeyOverLimit")
        number = self._next()
        row = {
            "AccessKeyId": f"AKID{number:032d}",
            "Status": "Active",
            "Description": given["Description"],
            "CreateTime": f"2026-01-01 00:00:{number % 10**6:06d}",
            "secret": f"S{number:031d}",
        }
        self.keys[row["AccessKeyId"]] = row
        return {"AccessKey": {"AccessKeyId": row["AccessKeyId"], "SecretAccessKey": row["secret"], "Status": "Active"}}

    def _cam_update_access_key(self, given: dict[str, Any]) -> dict[str, Any]:
        self.keys[given["AccessKeyId"]]["Status"] = given["Status"]
        return {}

    def _cam_get_security_last_used(self, given: dict[str, Any]) -> dict[str, Any]:
        rows = [{"SecretId": one, "LastUsedDate": self.last_used} for one in given["SecretIdList"]]
        return {"SecretIdLastUsedRows": rows}

    def _cam_delete_access_key(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.keys[given["AccessKeyId"]]["Status"] == "Active":
            raise self._refuse("DeleteAccessKey", "FailedOperation.Accesskey")
        del self.keys[given["AccessKeyId"]]
        return {}

    def _cam_detach_user_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        user = next(each for each in self.users.values() if each["Uin"] == given["DetachUin"])
        user["attached"].discard(given["PolicyId"])
        return {}

    def _cam_detach_role_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        self.roles[given["DetachRoleName"]]["attached"].discard(given["PolicyId"])
        return {}

    def _cam_delete_user(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.keys:
            raise self._refuse("DeleteUser", "OperationDenied.HaveKeys")
        del self.users[given["Name"]]
        return {}

    def _cam_delete_role(self, given: dict[str, Any]) -> dict[str, Any]:
        assert not self.roles[given["RoleName"]]["attached"]
        del self.roles[given["RoleName"]]
        return {}

    def _cam_delete_policy(self, given: dict[str, Any]) -> dict[str, Any]:
        for number in given["PolicyId"]:
            assert not self._held(number)
            del self.policies[number]
        return {}

    # CLS

    def _cls_delete_topic(self, given: dict[str, Any]) -> dict[str, Any]:
        del self.topics[given["TopicId"]]
        self.indexes.pop(given["TopicId"], None)
        return {}

    def _cls_delete_logset(self, given: dict[str, Any]) -> dict[str, Any]:
        assert not [one for one in self.topics.values() if one["LogsetId"] == given["LogsetId"]]
        self.logsets = {name: one for name, one in self.logsets.items() if one != given["LogsetId"]}
        return {}

    def _cls_get_cls_service(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Status": 0 if self.logs_open else 1}

    def _cls_open_cls_service(self, _: dict[str, Any]) -> dict[str, Any]:
        self.logs_open = True
        return {}

    def _cls_describe_logsets(self, _: dict[str, Any]) -> dict[str, Any]:
        if not self.logs_open:
            raise self._refuse("DescribeLogsets", "OperationDenied.AccountNotExists")
        return {"Logsets": [{"LogsetName": name, "LogsetId": one} for name, one in self.logsets.items()]}

    def _cls_create_logset(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["LogsetName"] in self.logsets:
            raise self._refuse("CreateLogset", "InvalidParameter.LogsetConflict")
        self.logsets[given["LogsetName"]] = f"logset-{self._next()}"
        return {}

    def _cls_describe_topics(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Topics": list(self.topics.values())}

    def _cls_create_topic(self, given: dict[str, Any]) -> dict[str, Any]:
        assert given["LogsetId"]
        number = f"topic-{self._next()}"
        self.topics[number] = {**given, "TopicId": number}
        return {}

    def _cls_describe_index(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["TopicId"] not in self.indexes:
            raise self._refuse("DescribeIndex", "ResourceNotFound.IndexNotExist")
        return self.indexes[given["TopicId"]]

    def _cls_create_index(self, given: dict[str, Any]) -> dict[str, Any]:
        assert given["TopicId"] in self.topics
        self.indexes[given["TopicId"]] = given
        return {}

    def _cls_modify_index(self, given: dict[str, Any]) -> dict[str, Any]:
        self.indexes[given["TopicId"]] = given
        return {}

    def _cls_describe_alarms(self, given: dict[str, Any]) -> dict[str, Any]:
        (wanted,) = given["Filters"][0]["Values"]
        rows = [row for row in self.alarms.values() if wanted in row["Name"]]
        return {"Alarms": rows[given["Offset"] : given["Offset"] + given["Limit"]]}

    def _cls_create_alarm(self, given: dict[str, Any]) -> dict[str, Any]:
        assert {target["TopicId"] for target in given["AlarmTargets"]} <= set(self.indexes)
        if given["Name"] in {row["Name"] for row in self.alarms.values()}:
            raise self._refuse("CreateAlarm", "InvalidParameter.AlarmConflict")
        number = f"alarm-{self._next()}"
        self.alarms[number] = {**given, "AlarmId": number}
        return {"AlarmId": number}

    def _cls_modify_alarm(self, given: dict[str, Any]) -> dict[str, Any]:
        self.alarms[given["AlarmId"]].update(given)
        return {}

    def _cls_delete_alarm(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.alarms.pop(given["AlarmId"], None) is None:
            raise self._refuse("DeleteAlarm", "ResourceNotFound.AlarmNotExist")
        return {}

    def _cls_describe_alarm_notices(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"AlarmNotices": [{"Name": name, "AlarmNoticeId": one} for name, one in self.notices.items()]}

    # SCF

    def _scf_get_function(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self.functions.get(given["FunctionName"])
        if found is None:
            raise self._refuse("GetFunction", "ResourceNotFound.Function")
        if found["Status"] in ("Creating", "Updating"):
            answer = dict(found)
            found["Status"] = "Active"
            return answer
        return found

    def _settled(self, action: str, name: str) -> dict[str, Any]:
        found = self.functions[name]
        if found["Status"] != "Active":
            raise self._refuse(action, f"FailedOperation.{action}")
        return found

    def _checked(self, action: str, given: dict[str, Any]) -> dict[str, Any]:
        assert all(row["Value"] for row in given["Environment"]["Variables"]), "SCF takes no empty value"
        assert given.get("Role", "") in {"", *self.roles}
        if self.unknown_roles:
            self.unknown_roles -= 1
            raise self._refuse(action, "ResourceNotFound.Role")
        return given

    def _scf_create_function(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["FunctionName"] in self.functions:
            raise self._refuse("CreateFunction", "ResourceInUse.Function")
        code = hashlib.sha256(base64.b64decode(given.pop("Code")["ZipFile"])).hexdigest()
        self.functions[given["FunctionName"]] = {
            **self._checked("CreateFunction", given),
            "code": code,
            "Status": "Creating",
        }
        return {}

    def _scf_update_function_code(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._settled("UpdateFunctionCode", given["FunctionName"])
        found.update(code=hashlib.sha256(base64.b64decode(given["ZipFile"])).hexdigest(), Status="Updating")
        return {}

    def _scf_update_function_configuration(self, given: dict[str, Any]) -> dict[str, Any]:
        assert "Handler" not in given
        self._settled("UpdateFunctionConfiguration", given["FunctionName"]).update(
            self._checked("Update", given), Status="Updating"
        )
        return {}

    def _scf_list_triggers(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["FunctionName"] not in self.functions:
            raise self._refuse("ListTriggers", "ResourceNotFound.Function")
        return {"Triggers": self.triggers.get(given["FunctionName"], [])}

    def _scf_create_trigger(self, given: dict[str, Any]) -> dict[str, Any]:
        self._settled("CreateTrigger", given["FunctionName"])
        rows = self.triggers.setdefault(given["FunctionName"], [])
        row = {**given, "Enable": 1 if given.get("Enable") == "OPEN" else 0}
        if given["Type"] == "timer":
            row["TriggerDesc"] = json.dumps({"cron": given["TriggerDesc"]})
        if given["Type"] == "http":
            if any(each["Type"] == "http" for each in rows):
                raise self._refuse("CreateTrigger", "ResourceInUse.Trigger")
            row["TriggerName"] = f"id{self._next()}"
            sent = json.loads(given["TriggerDesc"])
            sent["NetConfig"]["ExtranetUrl"] = f"https://1250000000-{row['TriggerName']}.{self.region}.tencentscf.com"
            row["TriggerDesc"] = json.dumps(sent)
        rows.append(row)
        return {}

    def _scf_update_trigger(self, given: dict[str, Any]) -> dict[str, Any]:
        row = next(each for each in self.triggers[given["FunctionName"]] if each["TriggerName"] == given["TriggerName"])
        assert row["Type"] in ("timer", "http")
        if row["Type"] == "http":
            sent = json.loads(given["TriggerDesc"])
            sent["NetConfig"]["ExtranetUrl"] = json.loads(row["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
            row["TriggerDesc"] = json.dumps(sent)
        else:
            row["TriggerDesc"] = json.dumps({"cron": given["TriggerDesc"]})
            row["CustomArgument"] = given.get("CustomArgument")
        row["Enable"] = 1
        return {}

    def _scf_update_trigger_status(self, given: dict[str, Any]) -> dict[str, Any]:
        row = next(each for each in self.triggers[given["FunctionName"]] if each["TriggerName"] == given["TriggerName"])
        row["Enable"] = 1 if given["Enable"] == "OPEN" else 0
        return {}

    def _scf_delete_function(self, given: dict[str, Any]) -> dict[str, Any]:
        assert not self.triggers.get(given["FunctionName"]), "a COS trigger may stay in the bucket"
        del self.functions[given["FunctionName"]]
        return {}

    def _scf_delete_trigger(self, given: dict[str, Any]) -> dict[str, Any]:
        rows = self.triggers[given["FunctionName"]]
        rows[:] = [each for each in rows if each["TriggerDesc"] != given["TriggerDesc"]]
        if not rows:
            del self.triggers[given["FunctionName"]]
        return {}
