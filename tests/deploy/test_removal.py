"""A deployment is taken away, whatever call that was interrupted at; what holds data or is not ours stays."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import pytest

from tests.deploy.account import Account, Died
from tests.deploy.test_deployment import FRESH, Clock, checkout, deploy
from webrecord.deploy import envfile
from webrecord.deploy.change import Applying
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ApiError
from webrecord.deploy.options import Options

BUCKET = "films-1250000000"


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A checkout with packages and a .env."""
    return checkout(tmp_path)


def destroy(account: Account, options: Options, *, logs: bool = False) -> list[str]:
    """Apply the removal as the command does; return the lines of what was done."""
    clock, said = Clock(), list[str]()
    applying = Applying(lambda change, _: said.append(change.line), clock, clock.sleep)
    for resource in Deployment(account, options).removals(logs=logs):
        applying.apply(resource)
    return said


def listed(account: Account, options: Options, *, logs: bool = False) -> list[str]:
    """Return the lines of what would be done."""
    resources = Deployment(account, options).removals(logs=logs)
    return [change.line for resource in resources for change in resource.changes()]


def stays(account: Account, options: Options) -> list[str]:
    """Return why something stays."""
    return [line for one in Deployment(account, options).removals(logs=False) if (line := one.stays())]


def marked(kind: str, seconds: float, state: str = "recording", started_ms: int = 1) -> dict[str, bytes]:
    """Return the objects of a recording that is to be looked at in so many seconds."""
    document = {"state": state, "evidence": {"attempts": {"1": {"at_ms": started_ms}}}}
    return {
        f"webrecord/{kind}/{int((time.time() + seconds) * 1000):013d}-one": b"",
        "webrecord/recordings/one/recording.json": json.dumps(document).encode(),
    }


def test_everything_goes_but_bucket_logs_and_the_services_role(options: Options) -> None:
    """It does what it listed, the timer first; then there is nothing left to do, and nothing is written."""
    account = Account()
    deploy(account, options)
    lines = listed(account, options)
    account.restarted()
    assert lines == destroy(account, options)
    assert "is switched off" in lines[0]
    assert ({}, {}, {}, {}, {}) == (account.functions, account.triggers, account.users, account.policies, account.keys)
    assert ["SCF_QcsRole"] == list(account.roles)
    assert ([BUCKET], 1, 1) == (list(account.buckets.regions), len(account.logsets), len(account.topics))
    values = envfile.read(options.env)
    assert ("", "") == (values["WEBRECORD_STORAGE_SECRET_ID"], values["WEBRECORD_STORAGE_SECRET_KEY"])
    account.restarted()
    assert [] == destroy(account, options)
    assert [] == account.writes


def test_logs_go_when_they_are_asked_to(options: Options) -> None:
    """Topic and logset; a logset with somebody's topic in it stays."""
    account = Account()
    deploy(account, options)
    account.topics["theirs"] = {
        "TopicId": "theirs",
        "TopicName": "theirs",
        "LogsetId": next(iter(account.logsets.values())),
    }
    destroy(account, options, logs=True)
    assert (["scf-webrecord"], ["theirs"]) == (list(account.logsets), list(account.topics))
    del account.topics["theirs"]
    destroy(account, options, logs=True)
    assert {} == account.logsets


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["die_after", "lose"])
def test_killed_at_any_call_the_same_command_finishes(options: Options, fault: str) -> None:
    """After each fault a second run ends where one clean run ends."""
    clean = Account()
    deploy(clean, options)
    clean.restarted()
    deployed, env = deepcopy(clean), options.env.read_text()
    destroy(clean, options)
    total, picture = len(clean.calls), clean.picture()
    for number in range(total):
        options.env.write_text(env)
        account = deepcopy(deployed)
        setattr(account, fault, number)
        try:
            destroy(account, options)
        except (Died, ApiError):
            account.restarted()
            destroy(account, options)
        assert picture == account.picture(), (fault, number)
        assert {} == account.keys, (fault, number)
        assert "" == envfile.read(options.env)["WEBRECORD_STORAGE_SECRET_ID"], (fault, number)


@pytest.mark.parametrize("number", range(0, 90, 3))
def test_interrupted_and_thought_better_of(options: Options, number: int) -> None:
    """A removal that was killed anywhere, then a deployment: it is whole, with one live key, the one in .env."""
    clean = Account()
    deploy(clean, options)
    options.env.write_text(FRESH)
    account = Account()
    deploy(account, options)
    account.restarted()
    account.die_after = number
    with suppress(Died):
        destroy(account, options)
    account.restarted()
    deploy(account, options)
    assert clean.picture() == account.picture()
    assert [envfile.read(options.env)["WEBRECORD_STORAGE_SECRET_ID"]] == account.live_keys()


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("open", marked("open", -4 * 24 * 3600)),
        ("ask", marked("ask", 3600, "completed")),
        ("open", marked("open", 3600, "lost")),
        ("ask", {}),
    ],
)
def test_the_key_stays_while_a_recording_is_open(options: Options, kind: str, after: dict[str, bytes]) -> None:
    """TRTC uploads with it; when it is over, the same command takes user, key and policy."""
    account = Account()
    deploy(account, options)
    account.buckets.objects = marked(kind, -3600)
    destroy(account, options)
    assert {} == account.functions
    assert 1 == len(account.live_keys())
    assert ["scf-webrecord-upload"] == [each["PolicyName"] for each in account.policies.values()]
    assert "recordings are open" in "\n".join(stays(account, options))
    account.buckets.objects = after
    destroy(account, options)
    assert ({}, {}, {}) == (account.keys, account.users, account.policies)


def test_what_is_not_ours_stays(options: Options) -> None:
    """A function, a role and a user of our names that others made, and a policy that others hold as well."""
    account = Account()
    deploy(account, options)
    account.functions["scf-webrecord-callback"]["Description"] = "somebody's"
    account.roles["scf-webrecord-callback"]["Description"] = "somebody's"
    account.users["scf-webrecord-upload"]["Remark"] = "somebody's"
    shared = next(one for one, each in account.policies.items() if each["PolicyName"] == "scf-webrecord-reconcile")
    account.roles["theirs"] = {"Description": "", "PolicyDocument": "{}", "attached": {shared}}
    destroy(account, options)
    assert ["scf-webrecord-callback"] == list(account.functions)
    assert {"SCF_QcsRole", "scf-webrecord-callback", "theirs"} == set(account.roles)
    assert {shared} == account.roles["theirs"]["attached"]
    assert shared in account.policies
    assert 1 == len(account.live_keys())
    assert 3 == len(
        [line for line in dict.fromkeys(stays(account, options)) if "not created by this deployment" in line]
    )


def test_a_function_whose_creation_failed_goes_without_its_triggers(options: Options) -> None:
    """It has none, and refuses to be asked."""
    account = Account()
    deploy(account, options)
    account.functions["scf-webrecord-callback"]["Status"] = "CreateFailed"
    account.triggers.pop("scf-webrecord-callback")
    destroy(account, options)
    assert {} == account.functions


def test_what_can_not_be_read_is_open(options: Options) -> None:
    """A marker whose document is missing or is none keeps the key."""
    account = Account()
    deploy(account, options)
    for content in (
        {},
        {"webrecord/recordings/one/recording.json": b"["},
        {"webrecord/recordings/one/recording.json": b"7"},
    ):
        account.buckets.objects = {**marked("open", 60), "webrecord/recordings/one/recording.json": b"", **content}
        destroy(account, options)
        assert 1 == len(account.live_keys())
