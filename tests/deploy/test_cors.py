"""The bucket's CORS rule: ours is made, kept as it is to be and taken away; others' rules stay."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deploy.account import Account
from tests.deploy.test_deployment import Clock, checkout, deploy
from tests.deploy.test_removal import destroy, listed
from tests.examples import at_most
from webrecord.deploy import envfile
from webrecord.deploy.change import Applying
from webrecord.deploy.cors import FilmReaders, FilmReadersGone
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import DeployFailed
from webrecord.deploy.options import Options

BUCKET, OURS = "films-1250000000", "scf-webrecord/scf-webrecord"
WHAT = f"CORS rule of bucket {BUCKET}"
THEIRS: dict[str, Any] = {"ID": "theirs", "AllowedOrigin": ["https://a.example"], "AllowedMethod": ["PUT"]}
UNNAMED: dict[str, Any] = {"AllowedOrigin": ["*"], "AllowedMethod": ["POST"]}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A checkout with packages and a .env."""
    return checkout(tmp_path)


def origin(account: Account, options: Options) -> str:
    """Return the console's."""
    return str(Deployment(account, options).addresses()["recordings"])


def rules(account: Account) -> list[dict[str, Any]]:
    """Return the bucket's rules."""
    found: list[dict[str, Any]] = account.buckets.rules.get("CORSRule", [])
    return found


def planned(account: Account, options: Options) -> list[str]:
    """Return what a plan says of the rule."""
    return [change.line for change in Deployment(account, options).plan() if change.what == WHAT]


def test_the_console_may_read_films_and_nobody_else(options: Options) -> None:
    """GET and HEAD from its own origin; a plan says so before there is an address."""
    account = Account()
    assert [f"+ {WHAT}: for the console, whose address comes with its function"] == planned(account, options)
    deploy(account, options)
    (rule,) = rules(account)
    assert (OURS, [origin(account, options)], ["GET", "HEAD"], ["Range"]) == (
        rule["ID"], rule["AllowedOrigin"], rule["AllowedMethod"], rule["AllowedHeader"],
    )  # fmt: skip
    assert [] == planned(account, options)


def test_pages_that_may_call_the_api_may_read_films(options: Options) -> None:
    """WEBRECORD_CORS_ORIGINS beside the console, each once; `*` is any."""
    account = Account()
    deploy(account, options)
    console = origin(account, options)
    envfile.write(options.env, {"WEBRECORD_CORS_ORIGINS": f"https://app.example, {console}"})
    assert [f"~ {WHAT}: AllowedOrigin {console} → {console}, https://app.example"] == planned(account, options)
    deploy(account, options)
    assert [console, "https://app.example"] == rules(account)[0]["AllowedOrigin"]
    envfile.write(options.env, {"WEBRECORD_CORS_ORIGINS": "*"})
    deploy(account, options)
    assert ["*"] == rules(account)[0]["AllowedOrigin"]


def test_drift_is_shown_and_set_right_where_it_stood(options: Options) -> None:
    """What somebody changed in the console, or made twice; others' rules, and what is beside rules, stay."""
    account = Account()
    deploy(account, options)
    (ours,) = rules(account)
    drifted = {**ours, "AllowedMethod": ["GET", "PUT"], "MaxAgeSeconds": "5"}
    account.buckets.rules = {"CORSRule": [THEIRS, drifted, UNNAMED], "ResponseVary": "true"}
    assert [f"~ {WHAT}: AllowedMethod GET, PUT → GET, HEAD, MaxAgeSeconds 5 → 600"] == planned(account, options)
    deploy(account, options)
    assert {"CORSRule": [THEIRS, ours, UNNAMED], "ResponseVary": "true"} == account.buckets.rules
    account.buckets.rules = {"CORSRule": [ours, THEIRS, ours]}
    assert [f"~ {WHAT}: 2 rules instead of one"] == planned(account, options)
    deploy(account, options)
    assert [ours, THEIRS] == rules(account)


def test_another_order_and_kind_of_text_is_no_drift(options: Options) -> None:
    """COS gives back what it was given, in its own form."""
    account = Account()
    deploy(account, options)
    (ours,) = rules(account)
    account.buckets.rules = {"CORSRule": [{**ours, "AllowedMethod": ["HEAD", "GET"], "MaxAgeSeconds": 600}]}
    assert [] == planned(account, options)


def test_destroy_takes_our_rule_alone(options: Options) -> None:
    """Listed before; another deployment's in the same bucket stays, too."""
    account = Account()
    deploy(account, options)
    other = {**rules(account)[0], "ID": "scf-webrecord/another"}
    account.buckets.rules["CORSRule"] += [THEIRS, other]
    assert f"- {WHAT}" in listed(account, options)
    destroy(account, options)
    assert [THEIRS, other] == rules(account)
    account.restarted()
    assert [] == destroy(account, options)
    assert [] == account.writes


def test_ci_does_not_touch_it(options: Options) -> None:
    """It has no right on the bucket's rules, and needs none."""
    account = Account()
    deploy(account, options)
    account.buckets.rules = {}
    assert [] == planned(account, replace(options, only_functions=True))


def readers(account: Account, console: Any, sleep: Any = time.sleep) -> FilmReaders:
    """Return a rule for a console whose address comes as `console` says."""
    return FilmReaders(account, BUCKET, "scf-webrecord", "", console, sleep)


def test_an_address_that_comes_late_is_waited_for() -> None:
    """That of a new function is empty for some seconds; what has none at all is said, and the bucket is left alone."""
    account, clock = Account(), Clock()
    late = readers(account, lambda: "https://x.example/" if clock.now > 3 else None, clock.sleep)
    Applying(clock=clock, sleep=clock.sleep).apply(late)
    assert ["https://x.example"] == rules(account)[0]["AllowedOrigin"]
    account.buckets.rules = {}
    with pytest.raises(DeployFailed, match="no Function URL yet"):
        Applying(clock=clock, sleep=clock.sleep).apply(readers(account, lambda: None, clock.sleep))
    assert [] == rules(account)


RULES = st.lists(
    st.fixed_dictionaries(
        {"AllowedOrigin": st.lists(st.text(max_size=5), min_size=1), "AllowedMethod": st.just(["GET"])},
        optional={"ID": st.sampled_from([OURS, "theirs", "scf-webrecord/x"]), "MaxAgeSeconds": st.integers()},
    ),
    max_size=5,
)


@settings(max_examples=at_most(100))
@given(RULES)
def test_whatever_rules_there_are_others_come_through_unchanged(found: list[dict[str, Any]]) -> None:
    """Made, repeated, taken away."""
    account = Account()
    account.buckets.rules = {"CORSRule": deepcopy(found)} if found else {}
    others = [rule for rule in found if rule.get("ID") != OURS]
    ours = readers(account, lambda: "https://x.example")
    assert Applying().apply(ours) <= 1
    assert ([], 1) == (list(ours.changes()), len(ours.ours()))
    assert others == [rule for rule in rules(account) if rule.get("ID") != OURS]
    assert 1 == Applying().apply(FilmReadersGone(ours))
    assert others == rules(account)
