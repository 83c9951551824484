"""`python -m local up` begins with the deployment that `webrecord deploy` makes, by the same calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from local.config import BUCKET, REGION, LocalConfig
from local.kindness import Delays
from tests.cloud import RunningCloud
from tests.local.deploying.account import Account
from webrecord.deploy.description import Description, describe, meaning
from webrecord.deploy.policies import TRUST, canonical, of_function, of_upload

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of a local cloud that is not empty, with the usual delays."""
    config = LocalConfig(tmp_path_factory.mktemp("up"), timer_recorder=True, gentle=True, tick_s=0, delays=Delays())
    with RunningCloud(config) as running:
        keys = running.cloud.keys
        yield Account(running, (keys.owner_id, keys.owner_key))


@pytest.fixture(scope="module")
def plan(account: Account) -> Description:
    """What would be deployed with the settings that `up` has."""
    text = (ROOT / "serverless.yml").read_text("utf-8")
    values = {**account.running.cloud.settings(), "TENCENT_REGION": REGION, "WEBRECORD_BUCKET": BUCKET}
    return describe(yaml.safe_load(text), values, "scf-webrecord")


def test_functions_are_those_that_would_be_deployed(account: Account, plan: Description) -> None:
    """Each is Active at once, with the limits, the role and the variables, which are no more than it reads."""
    for wanted in plan.functions:
        found = account.call("scf", "GetFunction", FunctionName=wanted.name)
        variables = {row["Key"]: row["Value"] for row in found["Environment"]["Variables"]}
        assert ("Active", wanted.handler, wanted.memory_mb, wanted.timeout_s, wanted.role, wanted.runtime) == (
            found["Status"], found["Handler"], found["MemorySize"], found["Timeout"], found["Role"], found["Runtime"],
        )  # fmt: skip
        assert wanted.environment == variables


def test_triggers_are_those_that_would_be_deployed(account: Account, plan: Description) -> None:
    """All of them; the timer alone is switched off, since the local cloud ticks itself."""
    for function in plan.functions:
        rows = account.call("scf", "ListTriggers", FunctionName=function.name)["Triggers"]
        assert [row["Type"] == "timer" for row in rows] == [not row["Enable"] for row in rows]
        found = [(row["Type"], meaning(row["Type"], row["TriggerDesc"], row["TriggerName"])) for row in rows]
        wanted = [(one.type, dict(one.means)) for one in plan.triggers if one.function == function.key]
        assert sorted(map(_text, wanted)) == sorted(map(_text, found))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def test_roles_and_policies_are_those_that_would_be_deployed(account: Account, plan: Description) -> None:
    """Each role with its one policy, and SCF may take it; the upload user with its own."""
    numbers = {
        row["PolicyName"]: row["PolicyId"]
        for row in account.call("cam", "ListPolicies", Scope="Local", Rp=200, Page=1)["List"]
    }
    policies = {
        name: account.call("cam", "GetPolicy", PolicyId=number)["PolicyDocument"] for name, number in numbers.items()
    }
    for function in plan.functions:
        info = account.call("cam", "GetRole", RoleName=function.role)["RoleInfo"]
        attached = account.call("cam", "ListAttachedRolePolicies", RoleName=function.role, Page=1, Rp=200)["List"]
        assert canonical(TRUST) == canonical(info["PolicyDocument"])
        assert [function.role] == [row["PolicyName"] for row in attached]
        assert canonical(of_function(plan, function.key)) == canonical(policies[function.role])
    assert canonical(of_upload(plan)) == canonical(policies["scf-webrecord-upload"])


@pytest.mark.long
def test_what_is_changed_by_the_api_runs(account: Account) -> None:
    """A variable, and the function's own address beside the usual one."""
    name = "scf-webrecord-recordings"
    rows = account.call("scf", "GetFunction", FunctionName=name)["Environment"]["Variables"]
    triggers = account.call("scf", "ListTriggers", FunctionName=name)["Triggers"]
    (trigger,) = [row for row in triggers if row["Type"] == "http"]
    url = json.loads(trigger["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
    gateway = account.running.cloud.address.gateway

    def statuses() -> list[int]:
        how: Any = {"headers": {"Authorization": "Bearer another-token-of-its-own"}, "trust_env": False, "timeout": 60}
        return [httpx.get(f"{each}/recordings", **how).status_code for each in (gateway, url)]

    def give(rows: list[dict[str, Any]]) -> None:
        account.call("scf", "UpdateFunctionConfiguration", FunctionName=name, Environment={"Variables": rows})
        assert "Active" == account.settled(name)["Status"]

    assert [401, 401] == statuses()
    give(
        [
            row if row["Key"] != "WEBRECORD_API_TOKENS" else {**row, "Value": "x:another-token-of-its-own"}
            for row in rows
        ]
    )
    assert [200, 200] == statuses()
    give(rows)


def test_a_minutes_timer_is_the_accounts_own(tmp_path: Path) -> None:
    """As in production: its trigger is switched on, and the local cloud does not tick beside it."""
    config = LocalConfig(tmp_path, timer_recorder=True, gentle=True, tick_s=60)
    with RunningCloud(config) as running:
        account = Account(running, (running.cloud.keys.owner_id, running.cloud.keys.owner_key))
        rows = account.call("scf", "ListTriggers", FunctionName="scf-webrecord-reconcile")["Triggers"]
    assert [("timer", 1, "tick")] == [
        (row["Type"], row["Enable"], row["CustomArgument"]) for row in rows if row["Type"] == "timer"
    ]
