"""The triggers of the three functions. Others than ours stay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webrecord.deploy.access import absent
from webrecord.deploy.change import Change, unless
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.description import Function, Trigger, meaning
from webrecord.deploy.errors import ApiError
from webrecord.deploy.functions import ABSENT
from webrecord.errors import BadUsage
from webrecord.words import t

NO_UPDATE = ("InvalidAction", "InvalidParameterValue.Type", "UnsupportedOperation")


@dataclass
class Triggers:
    """All triggers of one function. Others than ours stay."""

    cloud: Cloud
    function: Function
    wanted: Sequence[Trigger]

    @property
    def name(self) -> str:
        return t("triggers of {function}", function=self.function.name)

    def listed(self) -> list[dict[str, Any]]:
        """Return what is there; [] where there is no function yet."""
        asked = {"FunctionName": self.function.name, "Limit": 100}
        found = absent(ABSENT, lambda: self.cloud.call("scf", "ListTriggers", **asked))
        return (found or {}).get("Triggers") or []

    def changes(self) -> Sequence[Change]:
        """Return what is to be done. A Function URL is never made anew: its address would change."""
        there, steps = self.listed(), list[Change]()
        for trigger in self.wanted:
            steps += self._changes_of(trigger, there)
        return steps

    def _changes_of(self, trigger: Trigger, there: Sequence[dict[str, Any]]) -> list[Change]:
        alike = [row for row in there if row.get("Type") == trigger.type]
        if trigger.type != "http":
            alike = [row for row in alike if row.get("TriggerName") == trigger.name]
        read = [(row, meaning(trigger.type, str(row.get("TriggerDesc")), str(row.get("TriggerName")))) for row in alike]
        if trigger.type == "cos":  # several may have the bucket's name; ours can't be beside what overlaps with it
            read = [(row, means) for row, means in read if _watched(means) == _watched(trigger.means)]
        if not read:
            exists = ("ResourceInUse",)
            return [Change("+", trigger.title, (), unless(exists, lambda: self._call("CreateTrigger", trigger)))]
        # Of several that are alike, ours is the one that is as it should be.
        row, means = next((pair for pair in read if pair[1] == trigger.means), read[0])
        fields = tuple(
            f"{name} {means.get(name)} → {value}" for name, value in trigger.means.items() if means.get(name) != value
        )
        steps = []
        if fields and trigger.type == "cos":
            old = {"TriggerDesc": row.get("TriggerDesc")}
            steps.append(
                Change(
                    "-",
                    t("{trigger}, to be created again", trigger=trigger.title),
                    fields,
                    lambda: self._call("DeleteTrigger", trigger, **old),
                )
            )
            steps.append(Change("+", trigger.title, (), lambda: self._call("CreateTrigger", trigger)))
        elif fields or (trigger.argument or "") != (row.get("CustomArgument") or ""):
            steps.append(Change("~", trigger.title, fields, lambda: self._update(trigger, row, fields)))
        if row.get("Enable") not in (1, "OPEN", True):
            steps.append(
                Change("~", t("{trigger} is switched on", trigger=trigger.title), (), lambda: self._on(trigger, row))
            )
        return steps

    def _update(self, trigger: Trigger, row: dict[str, Any], fields: Sequence[str]) -> None:
        """Change it in place. Not every site's SCF does that: a timer is made anew there, an address never is."""
        own = {"TriggerName": row["TriggerName"]}
        try:
            self._call("UpdateTrigger", trigger, **own)
        except ApiError as error:
            if not error.code.startswith(NO_UPDATE):
                raise
            if trigger.type == "http":
                raise BadUsage(
                    t(
                        "{trigger}: SCF refuses to change it ({code}), and a new one would have another address:"
                        " set it in the SCF console ({fields}), then run the same command again",
                        trigger=trigger.title,
                        code=error.code,
                        fields=", ".join(fields),
                    )
                ) from None
            self._call("DeleteTrigger", trigger, **own)
            self._call("CreateTrigger", trigger)

    def _call(self, action: str, trigger: Trigger, **other: Any) -> object:  # noqa: ANN401 (any JSON)
        given: dict[str, Any] = {
            "FunctionName": self.function.name,
            "TriggerName": trigger.name,
            "Type": trigger.type,
            "TriggerDesc": trigger.description,
            "Qualifier": "$DEFAULT",
        }
        if action != "DeleteTrigger":
            given["Enable"] = "OPEN"
            if trigger.argument:
                given["CustomArgument"] = trigger.argument
        return self.cloud.call("scf", action, **{**given, **other})

    def _on(self, trigger: Trigger, row: dict[str, Any]) -> object:
        given = {
            "FunctionName": self.function.name,
            "TriggerName": row["TriggerName"],
            "Type": trigger.type,
            "Enable": "OPEN",
            "Qualifier": row.get("Qualifier") or "$DEFAULT",
            "TriggerDesc": row.get("TriggerDesc"),
        }
        same = ("FailedOperation.UpdateTriggerStatus",)
        return unless(same, lambda: self.cloud.call("scf", "UpdateTriggerStatus", **given))()

    def url(self) -> str | None:
        """Return the function's address, where it has one."""
        for row in self.listed():
            if row.get("Type") == "http":
                try:
                    net = json.loads(row["TriggerDesc"])["NetConfig"]
                    return net.get("ExtranetUrl") or None
                except (ValueError, KeyError, TypeError):
                    return None
        return None


def _watched(means: Mapping[str, Any]) -> tuple[object, list[str]]:
    """Return what of a bucket a trigger is told of: the prefix, and whether objects come or go."""
    return means.get("prefix"), str(means.get("event")).split(":")[:2]
