"""Remove what a deployment created, in an order that leaves nothing half working.

The bucket and SCF's own role stay, and so does whatever is not marked as ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webrecord.deploy.access import PAGE, Policy, Role, UploadUser, absent, mark
from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.description import MARK, meaning
from webrecord.deploy.functions import ABSENT, Functions
from webrecord.deploy.logs import Logs
from webrecord.deploy.recordings import OpenRecordings
from webrecord.deploy.triggers import Triggers
from webrecord.words import t

NO_TRIGGER = ("ResourceNotFound.Trigger", "ResourceNotFound.Timer", "ResourceNotFound.Cos")


@dataclass
class FunctionGone:
    """One function and its triggers; `timers` alone is their first step: what is timed ends before all else."""

    reader: Functions
    triggers: Triggers
    timers: bool = False

    @property
    def name(self) -> str:
        return self.reader.name

    def changes(self) -> Sequence[Change]:
        found = self.reader.read()
        if found is None or not _is_ours(found):
            return ()
        steps = []
        # Where its creation failed it has no triggers, and refuses to be asked about them.
        for row in self.triggers.listed() if found.get("Status") == "Active" else []:
            title = t(
                "trigger {type} {trigger} of {function}",
                type=row["Type"],
                trigger=row["TriggerName"],
                function=self.reader.function.name,
            )
            if row["Type"] != "timer" and self.timers:
                continue
            if not self.timers:
                steps.append(Change("-", f"{title}{_filter(row)}", (), self._delete(row)))
            elif row.get("Enable") in (1, "OPEN", True):
                steps.append(Change("-", t("{title} is switched off", title=title), (), self._off(row)))
        if not self.timers:
            do = unless(ABSENT, lambda: self._call("DeleteFunction"))
            steps.append(Change("-", self.name, (), do))
        return steps

    def stays(self) -> str | None:
        found = self.reader.read()
        return t("{name}: not created by this deployment", name=self.name) if found and not _is_ours(found) else None

    def _off(self, row: dict[str, Any]) -> Callable[[], object]:
        given = {**_named(row), "Enable": "CLOSE"}
        return unless(
            ("FailedOperation.UpdateTriggerStatus", *NO_TRIGGER), lambda: self._call("UpdateTriggerStatus", **given)
        )

    def _delete(self, row: dict[str, Any]) -> Callable[[], object]:
        return unless(NO_TRIGGER, lambda: self._call("DeleteTrigger", **_named(row)))

    def _call(self, action: str, **given: Any) -> object:  # noqa: ANN401 (any JSON)
        return self.reader.cloud.call("scf", action, FunctionName=self.reader.function.name, **given)


def _is_ours(found: dict[str, Any]) -> bool:
    return str(found.get("Description") or "").startswith(f"{MARK} ")


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "TriggerName": row["TriggerName"],
        "Type": row["Type"],
        "TriggerDesc": row.get("TriggerDesc"),
        "Qualifier": row.get("Qualifier") or "$DEFAULT",
    }


def _filter(row: dict[str, Any]) -> str:
    """Return what tells two triggers of one name apart."""
    prefix = meaning(str(row["Type"]), str(row.get("TriggerDesc")), "").get("prefix")
    return t(" on {prefix}", prefix=prefix) if prefix else ""


@dataclass
class UploadGone:
    """The upload key, its user and policy; all of them stay while a recording is open."""

    user: UploadUser
    known: Callable[[], tuple[str, str]]
    forget: Callable[[], None]
    recordings: OpenRecordings

    @property
    def name(self) -> str:
        return self.user.name

    def changes(self) -> Sequence[Change]:
        cloud, found = self.user.cloud, self._found()
        policy = _policy_gone(Policy(cloud, self.user.user, {}, self.user.deployment), held=int(found is not None))
        if found is None:
            return policy
        if found.get("Remark") != mark(self.user.deployment):
            return ()
        uin = int(found["Uin"])
        rows = cloud.call("cam", "ListAccessKeys", TargetUin=uin).get("AccessKeys") or []
        if rows and self.recordings.any():
            return ()
        keys = {str(row["AccessKeyId"]): row.get("Status") == "Active" for row in rows}
        steps = [
            self._key(uin, key, "UpdateAccessKey", t(" is switched off"), Status="Inactive")
            for key, on in keys.items()
            if on
        ]
        # Before it is deleted: a later run can't tell any more that the pair in .env was this user's.
        if self.known()[0] in keys:
            steps.append(Change("-", t("the upload key in .env"), (), self.forget))
        steps += [self._key(uin, key, "DeleteAccessKey", "") for key in keys]
        attached = cloud.call("cam", "ListAttachedUserPolicies", TargetUin=uin, Page=1, Rp=PAGE).get("List") or []
        for row in attached:
            given = {"PolicyId": int(row["PolicyId"]), "DetachUin": uin}
            what = t("{name} loses policy {policy}", name=self.name, policy=row.get("PolicyName") or row["PolicyId"])
            steps.append(Change("-", what, (), _call(cloud, "cam", "DetachUserPolicy", given)))
        steps.append(
            Change("-", self.name, (), _call(cloud, "cam", "DeleteUser", {"Name": self.user.user, "Force": 0}))
        )
        return [*steps, *policy]

    def stays(self) -> str | None:
        found = self._found()
        if found is None:
            return None
        if found.get("Remark") != mark(self.user.deployment):
            return t("{name}: not created by this deployment", name=self.name)
        rows = self.user.cloud.call("cam", "ListAccessKeys", TargetUin=int(found["Uin"])).get("AccessKeys")
        if rows and self.recordings.any():
            return t(
                "{name} with its key: recordings are open, and TRTC uploads with it; run the same command again when"
                " they have ended",
                name=self.name,
            )
        return None

    def _found(self) -> dict[str, Any] | None:
        code = ("ResourceNotFound.UserNotExist",)
        return absent(code, lambda: self.user.cloud.call("cam", "GetUser", Name=self.user.user))

    def _key(self, uin: int, key: str, action: str, what: str, **more: str) -> Change:
        given = {"TargetUin": uin, "AccessKeyId": key, **more}
        do = unless(("ResourceNotFound.SecretNotExist",), _call(self.user.cloud, "cam", action, given))
        return Change("-", t("upload key …{end} of {user}{what}", end=key[-4:], user=self.user.user, what=what), (), do)


@dataclass
class RoleGone:
    """A function's role and its policy."""

    role: Role

    @property
    def name(self) -> str:
        return self.role.name

    def changes(self) -> Sequence[Change]:
        role, found = self.role, self._found()
        policy = _policy_gone(Policy(role.cloud, role.role, {}, role.deployment), held=int(found is not None))
        if found is None:
            return policy
        if found["RoleInfo"].get("Description") != mark(role.deployment):
            return ()
        steps = []
        attached = role.cloud.call("cam", "ListAttachedRolePolicies", RoleName=role.role, Page=1, Rp=PAGE)
        for row in attached.get("List") or []:
            given = {"PolicyId": int(row["PolicyId"]), "DetachRoleName": role.role}
            what = t("{name} loses policy {policy}", name=self.name, policy=row.get("PolicyName") or row["PolicyId"])
            steps.append(Change("-", what, (), _call(role.cloud, "cam", "DetachRolePolicy", given)))
        steps.append(Change("-", self.name, (), _call(role.cloud, "cam", "DeleteRole", {"RoleName": role.role})))
        return [*steps, *policy]

    def stays(self) -> str | None:
        found = self._found()
        theirs = found is not None and found["RoleInfo"].get("Description") != mark(self.role.deployment)
        return t("{name}: not created by this deployment", name=self.name) if theirs else None

    def _found(self) -> dict[str, Any] | None:
        code = ("InvalidParameter.RoleNotExist",)
        return absent(code, lambda: self.role.cloud.call("cam", "GetRole", RoleName=self.role.role))


def _policy_gone(policy: Policy, held: int) -> list[Change]:
    """Return how a policy goes: only ours, and only where nobody else holds it. `held`: how many of ours do."""
    row = policy.row()
    if row is None or row.get("Description") != mark(policy.deployment) or int(row.get("Attachments") or 0) > held:
        return []
    given = {"PolicyId": [int(row["PolicyId"])]}
    return [
        Change("-", t("policy {policy}", policy=policy.name), (), _call(policy.cloud, "cam", "DeletePolicy", given))
    ]


@dataclass
class LogsGone:
    """The log topic with all its lines; the logset where nothing else is in it."""

    logs: Logs

    @property
    def name(self) -> str:
        return self.logs.name

    def changes(self) -> Sequence[Change]:
        cloud, (logset, topic) = self.logs.cloud, self.logs.ids()
        if logset is None:
            return ()
        asked = [{"Key": "logsetId", "Values": [logset]}]
        rows = cloud.call("cls", "DescribeTopics", Filters=asked, Limit=100).get("Topics") or []
        ours = [row for row in rows if row["TopicId"] == topic and row.get("Describes") == mark(self.logs.deployment)]
        steps = [
            Change(
                "-",
                t("log topic {topic} with its lines", topic=row["TopicName"]),
                (),
                _call(cloud, "cls", "DeleteTopic", {"TopicId": topic}),
            )
            for row in ours
        ]
        if len(rows) == len(ours):
            do = unless(("FailedOperation.LogsetNotEmpty",), _call(cloud, "cls", "DeleteLogset", {"LogsetId": logset}))
            steps.append(Change("-", t("logset {deployment}", deployment=self.logs.deployment), (), do))
        return steps

    def stays(self) -> str | None:
        return None


def _call(cloud: Cloud, service: str, action: str, given: dict[str, Any]) -> Callable[[], object]:
    return lambda: cloud.call(service, action, **given)
