"""Roles, policies, and the sub-user with the key that TRTC uploads with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.errors import MOST_PAGES, ApiError, NotOurs, endless
from webrecord.deploy.policies import TRUST, canonical
from webrecord.errors import BadUsage
from webrecord.words import t

PAGE = 200
KEY_MARK = "scf-webrecord/"
SERVICE_ROLE, SERVICE_POLICY = "SCF_QcsRole", "QcloudAccessForScfRole"


def mark(deployment: str) -> str:
    """Return the Description that says whose something is."""
    return f"scf-webrecord deployment {deployment}"


@dataclass
class Services:
    """What must be activated in an account once: SCF's service role, and the log service."""

    cloud: Cloud
    name: str = "services"

    def changes(self) -> Sequence[Change]:
        import json

        steps = []
        code = ("InvalidParameter.RoleNotExist",)
        found = absent(code, lambda: self.cloud.call("cam", "GetRole", RoleName=SERVICE_ROLE))
        if found is None:
            made = {"RoleName": SERVICE_ROLE, "PolicyDocument": json.dumps(TRUST)}
            do = unless(("InvalidParameter.RoleNameInUse",), lambda: self.cloud.call("cam", "CreateRole", **made))
            steps.append(Change("+", t("SCF is activated: its service role {role}", role=SERVICE_ROLE), (), do))
        attached = found and self.cloud.call("cam", "ListAttachedRolePolicies", RoleName=SERVICE_ROLE, Page=1, Rp=PAGE)
        if SERVICE_POLICY not in {row.get("PolicyName") for row in (attached or {}).get("List") or []}:
            given = {"PolicyName": SERVICE_POLICY, "AttachRoleName": SERVICE_ROLE}
            do = lambda: self.cloud.call("cam", "AttachRolePolicy", **given)  # noqa: E731 (a step)
            steps.append(Change("+", t("role {role} gets its preset policy", role=SERVICE_ROLE), (), do))
        if self.cloud.call("cls", "GetClsService").get("Status") == 1:
            do = lambda: self.cloud.call("cls", "OpenClsService")  # noqa: E731 (a step)
            steps.append(Change("+", t("CLS, the log service, is activated; it is billed by use"), (), do))
        return steps


@dataclass
class Policy:
    """One policy of ours, and what it is attached to."""

    cloud: Cloud
    name: str
    document: dict[str, Any]
    deployment: str
    adopt: bool = False

    def row(self) -> dict[str, Any] | None:
        """Return it as it is listed; None where there is none. There is no lookup by name."""
        for page in range(1, MOST_PAGES + 1):
            answer = self.cloud.call("cam", "ListPolicies", Scope="Local", Keyword=self.name, Rp=PAGE, Page=page)
            rows = answer.get("List") or []
            for row in rows:
                if row.get("PolicyName") == self.name:
                    return dict(row)
            if len(rows) < PAGE:
                return None
        raise endless(t("policy {name}", name=self.name), "ListPolicies")

    def changes(self) -> tuple[int | None, list[Change]]:
        """Return its id, and what is to be done."""
        import json

        text, what = json.dumps(self.document), t("policy {name}", name=self.name)
        row = self.row()
        if row is None:
            made = {"PolicyName": self.name, "PolicyDocument": text, "Description": mark(self.deployment)}
            exists = ("FailedOperation.PolicyNameInUse", "InvalidParameter.PolicyNameInUse")
            do = unless(exists, lambda: self.cloud.call("cam", "CreatePolicy", **made))
            return None, [Change("+", what, (), do)]
        policy_id = int(row["PolicyId"])
        known = self.cloud.call("cam", "GetPolicy", PolicyId=policy_id)
        if known.get("Description") != mark(self.deployment) and not self.adopt:
            raise NotOurs(t("policy {name}", name=self.name))
        if canonical(known["PolicyDocument"]) == canonical(self.document):
            return policy_id, []
        update = {"PolicyId": policy_id, "PolicyDocument": text, "Description": mark(self.deployment)}
        return policy_id, [
            Change("~", what, (t("document"),), lambda: self.cloud.call("cam", "UpdatePolicy", **update))
        ]


@dataclass
class Role:
    """A function's role with its one policy."""

    cloud: Cloud
    role: str
    document: dict[str, Any]
    deployment: str
    adopt: bool = False

    @property
    def name(self) -> str:
        return t("role {role}", role=self.role)

    def changes(self) -> Sequence[Change]:
        import json

        found = absent(
            ("InvalidParameter.RoleNotExist",), lambda: self.cloud.call("cam", "GetRole", RoleName=self.role)
        )
        policy_id, changes = Policy(self.cloud, self.role, self.document, self.deployment, self.adopt).changes()
        if found is None:
            made = {"RoleName": self.role, "PolicyDocument": json.dumps(TRUST), "Description": mark(self.deployment)}
            exists = ("InvalidParameter.RoleNameInUse",)
            do = unless(exists, lambda: self.cloud.call("cam", "CreateRole", **made))
            return [Change("+", self.name, (), do), *changes, self._attach(policy_id)]
        info = found["RoleInfo"]
        if info.get("Description") != mark(self.deployment) and not self.adopt:
            raise NotOurs(self.name)
        if canonical(info["PolicyDocument"]) != canonical(TRUST):
            trust = {"RoleName": self.role, "PolicyDocument": json.dumps(TRUST)}
            do = lambda: self.cloud.call("cam", "UpdateAssumeRolePolicy", **trust)  # noqa: E731 (bound to this trust)
            changes.insert(0, Change("~", self.name, (t("trusted entity"),), do))
        attached = self.cloud.call("cam", "ListAttachedRolePolicies", RoleName=self.role, Page=1, Rp=PAGE)
        if policy_id is None or policy_id not in {int(row["PolicyId"]) for row in attached.get("List") or []}:
            changes.append(self._attach(policy_id))
        return changes

    def _attach(self, policy_id: int | None) -> Change:
        what = t("{name} gets policy {role}", name=self.name, role=self.role)
        given = {"PolicyId": policy_id, "AttachRoleName": self.role}
        return Change("+", what, (), lambda: self.cloud.call("cam", "AttachRolePolicy", **given))


@dataclass
class UploadUser:
    """The sub-user without a login that owns the upload key, and its policy."""

    cloud: Cloud
    user: str
    document: dict[str, Any]
    deployment: str
    adopt: bool = False

    @property
    def name(self) -> str:
        return t("user {user}", user=self.user)

    def uin(self) -> int | None:
        """Return its number; None where there is none."""
        found = absent(("ResourceNotFound.UserNotExist",), lambda: self.cloud.call("cam", "GetUser", Name=self.user))
        if found is not None and found.get("Remark") != mark(self.deployment) and not self.adopt:
            raise NotOurs(self.name)
        return int(found["Uin"]) if found else None

    def changes(self) -> Sequence[Change]:
        uin = self.uin()
        policy_id, changes = Policy(self.cloud, self.user, self.document, self.deployment, self.adopt).changes()
        attach = Change(
            "+",
            t("{name} gets policy {user}", name=self.name, user=self.user),
            (),
            lambda: self.cloud.call("cam", "AttachUserPolicy", PolicyId=policy_id, AttachUin=uin),
        )
        if uin is None:
            made = {"Name": self.user, "ConsoleLogin": 0, "UseApi": 0, "Remark": mark(self.deployment)}
            exists = ("InvalidParameter.SubUserNameInUse",)
            do = unless(exists, lambda: self.cloud.call("cam", "AddUser", **made))
            return [Change("+", self.name, (), do), *changes, attach]
        attached = self.cloud.call("cam", "ListAttachedUserPolicies", TargetUin=uin, Page=1, Rp=PAGE)
        if policy_id is None or policy_id not in {int(row["PolicyId"]) for row in attached.get("List") or []}:
            changes.append(attach)
        return changes


@dataclass
class UploadKey:
    """The long-lived key that TRTC uploads with. Its first home is .env: it is written there before anything else.

    Attributes:
        known: returns the pair in .env; two empty texts where there is none.
        deployed: returns the pair that the functions have.
        keep: writes a pair into .env; durable when it returns.
    """

    cloud: Cloud
    user: UploadUser
    known: Callable[[], tuple[str, str]]
    deployed: Callable[[], tuple[str, str]]
    keep: Callable[[str, str], None]

    @property
    def name(self) -> str:
        return t("upload key of {user}", user=self.user.user)

    def changes(self) -> Sequence[Change]:
        """Return what is to be done: nothing where the pair is known, and works."""
        known, uin = self.known(), self.user.uin()
        if all(known):
            return self._on(uin, known[0]) if uin is not None else ()
        # Another machine with the same .env may have made one since.
        make = lambda: None if all(self.known()) else self.create(uin)  # noqa: E731 (a step)
        create = Change("+", t("{name}, written into .env", name=self.name), (), make)
        if uin is None:
            return (create,)
        listed = self.cloud.call("cam", "ListAccessKeys", TargetUin=uin).get("AccessKeys") or []
        theirs = {str(row["AccessKeyId"]): str(row.get("Status")) for row in listed}
        deployed = self.deployed()
        if all(deployed) and theirs.get(deployed[0]) == "Active":
            take = lambda: self.keep(*deployed)  # noqa: E731 (a step)
            return (Change("~", t("{name}: .env takes it from the functions", name=self.name), (), take),)
        # A key of ours that is in neither place: its answer was lost, or we died before it was written.
        mine = [row for row in listed if str(row.get("Description", "")).startswith(KEY_MARK)]
        unknown = [str(row["AccessKeyId"]) for row in mine if row.get("Status") == "Active"]
        if len(theirs) > 1:
            raise BadUsage(
                t(
                    "{name}: it has two keys ({keys}), and .env none: write the one in use into .env, or delete one in"
                    " the CAM console",
                    name=self.name,
                    keys=", ".join(sorted(theirs)),
                )
            )
        steps = [
            Change("~", t("{name}: {key} is unknown: switched off", name=self.name, key=key), (), self._off(uin, key))
            for key in unknown
        ]
        return (*steps, create)

    def _on(self, uin: int, key: str) -> Sequence[Change]:
        """Return how the key in .env is switched on again: a removal that was interrupted switched it off."""
        listed = self.cloud.call("cam", "ListAccessKeys", TargetUin=uin).get("AccessKeys") or []
        if not any(row["AccessKeyId"] == key and row.get("Status") == "Inactive" for row in listed):
            return ()
        given = {"TargetUin": uin, "AccessKeyId": key, "Status": "Active"}
        do = lambda: self.cloud.call("cam", "UpdateAccessKey", **given)  # noqa: E731 (a step)
        return (Change("~", t("{name}: it is switched on again", name=self.name), (), do),)

    def _off(self, uin: int, key: str) -> Callable[[], object]:
        given = {"TargetUin": uin, "AccessKeyId": key, "Status": "Inactive"}
        return lambda: self.cloud.call("cam", "UpdateAccessKey", **given)

    def create(self, uin: int | None) -> None:
        """Make a key, and write it before anything else is called."""
        description = re.sub(r"[^\w+=,.@:/-]", "-", f"{KEY_MARK}{self.user.deployment}")
        made = self.cloud.call("cam", "CreateAccessKey", TargetUin=uin, Description=description)["AccessKey"]
        self.keep(str(made["AccessKeyId"]), str(made["SecretAccessKey"]))


def absent(codes: Sequence[str], read: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """Return what is read; None where the service says that there is none."""
    try:
        return read()
    except ApiError as error:
        if error.code.startswith(tuple(codes)):
            return None
        raise
