"""Replace the upload key: create a second one, deploy it, delete the first when nothing needs it.

There is no state: two keys of the user, the one in .env and the one in the functions tell how far it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from webrecord.deploy.access import UploadKey
from webrecord.deploy.change import Change, unless
from webrecord.deploy.functions import Functions, environment_of
from webrecord.deploy.recordings import OpenRecordings
from webrecord.errors import BadUsage
from webrecord.words import t

KEY_NAMES = ("WEBRECORD_STORAGE_SECRET_ID", "WEBRECORD_STORAGE_SECRET_KEY")
DAYS = 2
"""Days since a key's last use before its deletion: one to notice, one for the service's late figures."""


@dataclass
class Rotation:
    """One rotation; begun anew where the user has one key, gone on with where it has two.

    Attributes:
        functions: returns those that have the key, as .env says by now.
    """

    key: UploadKey
    functions: Callable[[], Sequence[Functions]]
    recordings: OpenRecordings
    clock: Callable[[], float] = time.time
    _begun: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        return self.key.name

    def changes(self) -> Sequence[Change]:
        """Return what is to be done now; the old key's end may have to wait."""
        uin, rows = self._listed()
        known = self.key.known()[0]
        mine = next((row for row in rows if row["AccessKeyId"] == known), None)
        if mine is None or mine.get("Status") != "Active":
            raise BadUsage(
                t("{name}: .env has no key of it that is switched on; run `webrecord deploy` first", name=self.name)
            )
        others = [row for row in rows if row is not mine]
        deployed = self._deployed()
        # A newer one than that in .env: its answer was lost, or we died before it was written.
        lost = [row for row in others if str(row.get("CreateTime")) > str(mine.get("CreateTime"))]
        if any(row["AccessKeyId"] in deployed.values() for row in lost):
            raise BadUsage(
                t("{name}: the functions have a newer key than .env: write theirs into .env first", name=self.name)
            )
        if lost:
            steps = list[Change]()
            for row in lost:
                steps += self._gone(uin, row, t("upload key {key} is unknown: it is disabled", key=_short(row)))
            return steps
        switches = [self._switch(one) for one in self.functions() if deployed[one.function.key] != known]
        if others:
            self._begun = True
            return switches or self._end(uin, others[0])
        if self._begun:
            return switches
        return [self._create(uin), *(self._switch(one) for one in self.functions())]

    def stays(self) -> list[str]:
        """Return what has to wait, and for what."""
        _, rows = self._listed()
        lines = []
        for row in rows:
            if row["AccessKeyId"] == self.key.known()[0]:
                continue
            what = t("the old key {key}", key=_short(row))
            if row.get("Status") == "Active":
                lines.append(
                    t("{what} stays active: recordings that started with it are open; run this again later", what=what)
                )
            else:
                day = self._last_used(row) + timedelta(days=DAYS)
                lines.append(t("{what} is disabled; run this again from {day} on to delete it", what=what, day=day))
        return lines

    def _listed(self) -> tuple[int, list[dict[str, Any]]]:
        uin = self.key.user.uin()
        if uin is None:
            raise BadUsage(t("{user} does not exist: run `webrecord deploy` first", user=self.key.user.name))
        return uin, self.key.cloud.call("cam", "ListAccessKeys", TargetUin=uin).get("AccessKeys") or []

    def _deployed(self) -> dict[str, str]:
        """Return the key that each function has, of those that have one."""
        found = {one.function.key: one.read() for one in self.functions()}
        if missing := [key for key, each in found.items() if each is None]:
            raise BadUsage(t("function {function} does not exist: run `webrecord deploy` first", function=missing[0]))
        return {key: environment_of(each).get(KEY_NAMES[0], "") for key, each in found.items() if each}

    def _create(self, uin: int) -> Change:
        def do() -> None:
            self._begun = True
            self.key.create(uin)

        return Change("+", t("{name}: a second one, written into .env", name=self.name), (), do)

    def _switch(self, function: Functions) -> Change:
        def do() -> None:
            fresh = next(one for one in self.functions() if one.function.key == function.function.key)
            found = fresh.read() or {}
            values = {**environment_of(found), **dict(zip(KEY_NAMES, self.key.known(), strict=True))}
            wanted = fresh.function.marked("0", b"").split()[-1]
            given = {
                "FunctionName": function.function.name,
                "Environment": {"Variables": [{"Key": name, "Value": value} for name, value in values.items()]},
                "Description": re.sub(r"config \w+$", f"config {wanted}", str(found.get("Description") or "")),
            }
            function.cloud.call("scf", "UpdateFunctionConfiguration", **given)

        return Change("~", t("{function} takes the new key", function=function.name), (), do)

    def _end(self, uin: int, row: dict[str, Any]) -> Sequence[Change]:
        if row.get("Status") == "Active":
            needed = self.recordings.any(self._switched_ms())
            self._ended = True  # it is deleted by another run
            what = t("upload key {key} is not used any more: it is disabled", key=_short(row))
            return () if needed else self._gone(uin, row, what)[:1]
        over = not self._ended and self._last_used(row) + timedelta(days=DAYS) <= self._today()
        return self._gone(uin, row, "") if over else ()

    def _gone(self, uin: int, row: dict[str, Any], what: str) -> list[Change]:
        given = {"TargetUin": uin, "AccessKeyId": row["AccessKeyId"]}
        off = lambda: self.key.cloud.call("cam", "UpdateAccessKey", **given, Status="Inactive")  # noqa: E731 (a step)
        delete = unless(
            ("ResourceNotFound.SecretNotExist",), lambda: self.key.cloud.call("cam", "DeleteAccessKey", **given)
        )
        steps = [Change("-", what, (), off)]
        if row.get("Status") != "Active":
            steps = []
        return [*steps, Change("-", t("upload key {key}", key=_short(row)), (), delete)]

    def _switched_ms(self) -> float:
        """Return when the functions had the new key at the latest.

        Their time of change says no zone: it is Beijing's, as far as is known, and UTC is never earlier than that.
        """
        texts = [str((function.read() or {}).get("ModTime")) for function in self.functions()]
        try:
            return max(datetime.fromisoformat(f"{text}+00:00").timestamp() for text in texts) * 1000
        except ValueError:
            return float("inf")

    def _last_used(self, row: dict[str, Any]) -> date:
        """Return the last day on which the key was used; the functions' last change, where nothing is known of it."""
        asked = {"SecretIdList": [row["AccessKeyId"]]}
        rows = self.key.cloud.call("cam", "GetSecurityLastUsed", **asked).get("SecretIdLastUsedRows") or []
        try:
            return date.fromisoformat(str(rows[0]["LastUsedDate"])[:10])
        except (ValueError, LookupError, TypeError):
            at_s = min(self._switched_ms() / 1000, self.clock())
            return datetime.fromtimestamp(at_s, timezone.utc).date()

    def _today(self) -> date:
        return datetime.fromtimestamp(self.clock(), timezone.utc).date()


def _short(row: dict[str, Any]) -> str:
    return f"…{str(row['AccessKeyId'])[-4:]}"
