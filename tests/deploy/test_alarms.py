"""`webrecord deploy --alarms`: the six alarms are made, kept as they should be, and taken away."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.account import Account, Died
from tests.deploy.test_deployment import FRESH, checkout, deploy
from tests.deploy.test_removal import destroy, stays
from webrecord.deploy import logs
from webrecord.deploy.alarms import STATEMENTS
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ApiError, NotOurs
from webrecord.deploy.options import Options
from webrecord.deploy.verify import left_to_do
from webrecord.errors import BadUsage

NAMES = [f"scf-webrecord-{one.key}" for one in STATEMENTS]


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A checkout whose deployment has alarms."""
    return replace(checkout(tmp_path), alarms=True)


def plan(account: Account, options: Options) -> list[str]:
    """Return the lines of a plan."""
    return [change.line for change in Deployment(account, options).plan()]


def named(account: Account, name: str) -> dict[str, object]:
    """Return an alarm of the account."""
    return next(row for row in account.alarms.values() if row["Name"] == name)


def test_six_alarms_come_last_and_once(options: Options) -> None:
    """An empty account's plan ends with them; made, they read our topic; a second run has nothing to do."""
    account = Account()
    assert [f"+ alarm {name}" for name in NAMES] == [line.partition(":")[0] for line in plan(account, options)[-6:]]
    deploy(account, options)
    assert NAMES == [row["Name"] for row in account.alarms.values()]
    assert set(account.topics) == {row["AlarmTargets"][0]["TopicId"] for row in account.alarms.values()}
    account.restarted()
    assert [] == deploy(account, options)
    assert [] == account.writes


def test_who_asks_for_no_alarms_gets_none_and_keeps_what_is_there(options: Options) -> None:
    """Without --alarms they are neither made nor looked at."""
    account, without = Account(), replace(options, alarms=False)
    deploy(account, without)
    assert {} == account.alarms
    deploy(account, options)
    before = deepcopy(account.alarms)
    named(account, NAMES[0])["Status"] = False
    assert [] == deploy(account, without)
    assert before.keys() == account.alarms.keys()


def test_what_somebody_changed_is_shown_and_set_right(options: Options) -> None:
    """Statement, condition, period, switched off: each is named with what it was; whom an alarm tells stays."""
    account = Account()
    deploy(account, options)
    found = named(account, "scf-webrecord-queue-stands")
    found |= {"Condition": "$1.age > 1", "Status": False, "AlarmNoticeIds": ["theirs"]}
    found["AlarmTargets"][0]["StartTimeOffset"] = -60  # type: ignore[index]
    (line,) = plan(account, options)
    for words in ("$1.age > 1 → $1.age > 600", "Status False → True", "StartTimeOffset -60 → -5"):
        assert words in line
    deploy(account, options)
    assert [] == plan(account, options)
    assert ["theirs"] == named(account, "scf-webrecord-queue-stands")["AlarmNoticeIds"]


def test_alarms_tell_the_group_that_is_named(options: Options) -> None:
    """Besides whom they tell already; a group that is not there is said, and nothing is changed."""
    account, telling = Account(notices={"on call": "notice-1"}), replace(options, notice="on call")
    deploy(account, options)
    named(account, NAMES[0])["AlarmNoticeIds"] = ["theirs"]
    deploy(account, telling)
    assert ["theirs", "notice-1"] == named(account, NAMES[0])["AlarmNoticeIds"]
    assert ["notice-1"] == named(account, NAMES[1])["AlarmNoticeIds"]
    account.restarted()
    assert [] == deploy(account, telling)
    with pytest.raises(BadUsage, match="no notification channel group nobody"):
        deploy(account, replace(options, notice="nobody"))
    assert [] == account.writes


def test_alarms_that_tell_nobody_are_something_to_do(options: Options) -> None:
    """Until they have a group, by --alarm-notice or by hand; nothing is said of them without --alarms."""
    account = Account(notices={"on call": "notice-1"})
    deploy(account, options)
    named(account, NAMES[0])["AlarmNoticeIds"] = ["theirs"]
    silent = Deployment(account, options).silent_alarms()
    assert NAMES[1:] == silent
    assert "5 alarms have no receiver" in left_to_do(None, "china", silent)[-1]
    assert [] == Deployment(account, replace(options, alarms=False)).silent_alarms()
    deploy(account, replace(options, notice="on call"))
    assert [] == Deployment(account, options).silent_alarms()
    assert 2 == len(left_to_do(None, "china", []))


def test_another_alarm_of_our_name_stops_the_run(options: Options) -> None:
    """It reads another topic and has no mark of ours; --adopt takes it over, destroy leaves it."""
    account = Account()
    deploy(account, replace(options, alarms=False))
    target = {"TopicId": "theirs", "Query": "*"}
    account.alarms["theirs"] = {
        "AlarmId": "theirs",
        "Name": NAMES[0],
        "AlarmTargets": [target],
        "Condition": "$1.x > 0",
    }
    with pytest.raises(NotOurs, match=f"alarm {NAMES[0]} exists"):
        plan(account, options)
    left = deepcopy(account)
    destroy(left, options)
    assert ["theirs"] == list(left.alarms)
    assert any(NAMES[0] in line for line in stays(account, options))
    deploy(account, replace(options, adopt=True))
    assert [] == plan(account, options)


def test_destroy_takes_them_first(options: Options) -> None:
    """They would tell that the timer is silent; whatever is not ours stays."""
    account = Account()
    deploy(account, options)
    account.alarms["theirs"] = {"AlarmId": "theirs", "Name": f"{NAMES[0]}-2", "AlarmTargets": [], "Condition": ""}
    done = destroy(account, replace(options, alarms=False))
    assert [f"- alarm {name}" for name in NAMES] == done[:6]
    assert ["theirs"] == list(account.alarms)


@pytest.mark.long
@pytest.mark.parametrize("fault", ["die_after", "lose"])
def test_killed_at_any_call_about_alarms_the_same_command_finishes(options: Options, fault: str) -> None:
    """The end is one clean run's, six alarms and no second of a name."""
    account = Account()
    deploy(account, replace(options, alarms=False))
    clean, env = deepcopy(account), options.env.read_text()
    clean.restarted()
    deploy(clean, options)
    first = next(number for number, call in enumerate(clean.calls) if call == "DescribeAlarms")
    for number in range(first, len(clean.calls)):
        options.env.write_text(env)
        struck = deepcopy(account)
        struck.restarted()
        setattr(struck, fault, number)
        try:
            deploy(struck, options)
        except (Died, ApiError):
            struck.restarted()
            deploy(struck, options)
        assert clean.picture() == struck.picture(), (fault, number)


def test_statements_read_fields_that_are_noted_as_numbers_or_words_and_indexed() -> None:
    """A field that the index lacks makes a statement fail, and the alarm silent."""
    words = {"sum", "max", "coalesce", "count_if", "AS", "IN", "AND", "SELECT"}
    for one in STATEMENTS:
        select = re.sub(r"'[^']*'", "", one.select)
        aliases = set(re.findall(r"AS (\w+)", select))
        fields = set(re.findall(r"[A-Za-z_]+", select)) - words - aliases
        assert fields <= {*logs.LONGS, *logs.TEXTS}, one.key
        assert set(re.findall(r"\$1\.(\w+)", one.condition)) <= aliases


def test_a_deployment_of_another_name_reads_its_own_functions(options: Options) -> None:
    """Name and statement follow --deployment."""
    account = Account()
    deploy(account, replace(options, deployment="lessons"))
    found = named(account, "lessons-timer-silent")
    assert 'SCF_FunctionName:"lessons-reconcile" ' in str(found["AlarmTargets"])
    assert FRESH not in str(found)


def test_what_blocks_starts_is_read_in_the_lines_of_both_that_start(options: Options) -> None:
    """In one statement: a call that `recordings` answers, and a scheduled start that reconcile makes."""
    account = Account()
    deploy(account, options)
    target: Any = named(account, "scf-webrecord-misconfigured")["AlarmTargets"]
    search, _, select = target[0]["Query"].partition(" | ")
    one, other = ('SCF_FunctionName:"scf-webrecord-recordings"', 'SCF_FunctionName:"scf-webrecord-reconcile"')
    assert f'({one} OR {other}) AND SCF_Type:"Custom"' == search
    assert "starts_blocked" in select
