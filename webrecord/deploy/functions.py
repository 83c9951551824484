"""The three functions."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from webrecord.deploy.access import absent
from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.description import MARK, Function
from webrecord.deploy.errors import ApiError, DeployFailed, NotOurs
from webrecord.errors import BadUsage
from webrecord.words import t

ABSENT = ("ResourceNotFound.Function", "ResourceNotFound.FunctionName", "InvalidParameterValue.FunctionName")
BUSY = ("Creating", "Updating", "Publishing", "Deleting")
ROLE_CODES = (
    "ResourceNotFound.Role",
    "FailedOperation.CallRoleFailed",
    "InternalError.GetRoleError",
    "InternalError.GetStsTokenFailed",
)
ROLE_S = 90
"""How long a new role may stay unknown to SCF."""
ACTIVE_S = 300
LARGEST_BODY = 10_485_760


@dataclass
class Functions:
    """One function.

    Attributes:
        function: as it is to be.
        code: its zip.
        version: what Description says.
        logs: returns the ids of logset and topic.
        keep_drift: names of variables that somebody set in the console stay.
    """

    cloud: Cloud
    function: Function
    code: bytes = field(repr=False)
    version: str
    logs: Callable[[], tuple[str | None, str | None]]
    adopt: bool = False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return t("function {function}", function=self.function.name)

    def read(self) -> dict[str, Any] | None:
        """Return the function as it is, when nothing is under way with it; None where there is none."""
        begun, pause = self.clock(), 1.0
        asked = {"FunctionName": self.function.name, "ShowCode": "FALSE"}
        while True:
            found = absent(
                (*ABSENT, "ResourceNotFound.Version"), lambda: self.cloud.call("scf", "GetFunction", **asked)
            )
            if found is None or found.get("Status") not in BUSY:
                return found
            if self.clock() - begun > ACTIVE_S:
                raise DeployFailed(
                    t(
                        "{name} has been {status} for {seconds} s; see the SCF console",
                        name=self.name,
                        status=found["Status"],
                        seconds=ACTIVE_S,
                    )
                )
            self.sleep(pause)
            pause = min(pause * 1.5, 5)

    def changes(self) -> Sequence[Change]:
        found = self.read()
        if found is None:
            return (Change("+", self.name, self._summary(), self._create),)
        if found.get("Status") == "CreateFailed":
            why = _reasons(found)
            return (
                Change("-", t("{name}, whose creation failed ({why})", name=self.name, why=why), (), self._delete),
                Change("+", self.name, self._summary(), self._create),
            )
        described = str(found.get("Description") or "")
        if not described.startswith(f"{MARK} ") and not self.adopt:
            raise NotOurs(self.name)
        if found.get("Runtime", self.function.runtime) != self.function.runtime:
            raise BadUsage(
                t(
                    "{name} runs on {actual}, serverless.yml says {wanted}: SCF changes no function's runtime;"
                    ' docs/deploy.md, "Python 3.10\'s end", says what to do',
                    name=self.name,
                    actual=found["Runtime"],
                    wanted=self.function.runtime,
                )
            )
        steps = []
        wanted = self.function.marked(self.version, self.code)
        if _word(described, "code") != _word(wanted, "code"):
            given = {"FunctionName": self.function.name, "ZipFile": base64.b64encode(self.code).decode()}
            steps.append(
                Change(
                    "~",
                    t("{name}: code", name=self.name),
                    (),
                    lambda: self.cloud.call("scf", "UpdateFunctionCode", **given),
                )
            )
        fields = self._differs(found)
        if fields or described != wanted or found.get("Status") == "UpdateFailed":
            steps.append(Change("~", t("{name}: configuration", name=self.name), fields, self._configure))
        # Code that is new under an old Description would be sent again: both are one step to whoever waits for them.
        if len(steps) == 2:
            both = steps

            def do() -> None:
                both[0].do()
                self.read()
                both[1].do()

            return (Change("~", t("{name}: code and configuration", name=self.name), fields, do),)
        return steps

    def _differs(self, found: dict[str, Any]) -> tuple[str, ...]:
        wanted, logset_topic = self.function, self.logs()
        pairs = {
            "MemorySize": (wanted.memory_mb, found.get("MemorySize")),
            "Timeout": (wanted.timeout_s, found.get("Timeout")),
            "Role": (wanted.role, found.get("Role")),
            "ClsTopicId": (logset_topic[1] or "", found.get("ClsTopicId") or ""),
        }
        fields = [f"{name} {actual} → {value}" for name, (value, actual) in pairs.items() if value != actual]
        there = environment_of(found)
        for name in sorted({*wanted.environment, *there}):
            if name not in there:
                fields.append(t("{name} is new", name=name))
            elif name not in wanted.environment:
                fields.append(t("{name} goes", name=name))
            elif there[name] != wanted.environment[name]:
                fields.append(t("{name} (changed)", name=name))
        return tuple(fields)

    def _summary(self) -> tuple[str, ...]:
        return (
            t("{memory} MB, {seconds} s", memory=self.function.memory_mb, seconds=self.function.timeout_s),
            t("{count} variables", count=len(self.function.environment)),
        )

    def _settings(self) -> dict[str, Any]:
        logset, topic = self.logs()
        variables = [{"Key": name, "Value": value} for name, value in self.function.environment.items()]
        return {
            "FunctionName": self.function.name,
            "MemorySize": self.function.memory_mb,
            "Timeout": self.function.timeout_s,
            "Environment": {"Variables": variables},
            "Role": self.function.role,
            "Description": self.function.marked(self.version, self.code),
            **({"ClsLogsetId": logset, "ClsTopicId": topic} if logset and topic else {}),
        }

    def _create(self) -> None:
        given = {
            **self._settings(),
            "Code": {"ZipFile": base64.b64encode(self.code).decode()},
            "Handler": self.function.handler,
            "Runtime": self.function.runtime,
            "Type": "Event",
        }
        exists = ("ResourceInUse",)
        self._with_role(unless(exists, lambda: self.cloud.call("scf", "CreateFunction", **given)))

    def _configure(self) -> None:
        self._with_role(lambda: self.cloud.call("scf", "UpdateFunctionConfiguration", **self._settings()))

    def _with_role(self, do: Callable[[], object]) -> None:
        """Make the call, again while SCF does not know a role that was made a moment ago."""
        begun = self.clock()
        while True:
            try:
                do()
            except ApiError as error:  # noqa: PERF203 (a few tries)
                if not error.code.startswith(ROLE_CODES) or self.clock() - begun > ROLE_S:
                    raise
                self.sleep(5)
            else:
                return

    def _delete(self) -> None:
        self.cloud.call("scf", "DeleteFunction", FunctionName=self.function.name)


def environment_of(found: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a function as it was read."""
    rows = (found.get("Environment") or {}).get("Variables") or []
    return {str(row.get("Key")): str(row.get("Value")) for row in rows}


def _word(described: str, name: str) -> str:
    words = described.split()
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _reasons(found: dict[str, Any]) -> str:
    rows = found.get("StatusReasons") or []
    return "; ".join(f"{row.get('ErrorCode')}: {row.get('ErrorMessage')}" for row in rows) or str(
        found.get("StatusDesc")
    )
