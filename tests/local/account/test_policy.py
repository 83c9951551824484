"""CAM's policies: what a document allows, and which documents are none."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.account import PolicyError, Statement, parse_policy, parse_trust, permits
from local.account.policy import written
from tests.anything import json_values

OURS = "qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/in/x/y"


def document(*statements: object, version: object = "2.0") -> str:
    """Return a document."""
    return json.dumps({"version": version, "statement": list(statements)})


def one(action: object = "name/cos:PutObject", resource: object = "*", effect: object = "allow") -> dict[str, Any]:
    """Return a statement."""
    return {"effect": effect, "action": action, "resource": resource}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("name/cos:PutObject", "*", True),
        ("cos:PutObject", ["*"], True),
        ("cos:*", "*", True),
        ("*", "*", True),
        ("cos:Put*", "*", True),
        ("cos:GetObject", "*", False),
        ("scf:*", "*", False),
        ("cos:putobject", "*", False),
        ("cos:*", OURS, True),
        ("cos:*", "qcs::cos:::b-1250000000/in/*", True),
        ("cos:*", "qcs::cos:*:uid/1250000000:*", True),
        ("cos:*", "qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/in*x*y", True),
        ("cos:*", "qcs::cos:ap-beijing:uid/1250000000:b-1250000000/*", False),
        ("cos:*", "qcs::cos:ap-guangzhou:uid/1250000001:b-1250000000/*", False),
        ("cos:*", "qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/inside", False),
        ("cos:*", "qcs::scf:ap-guangzhou:uid/1250000000:b-1250000000/*", False),
    ],
)
def test_a_statement_allows_its_actions_on_its_resources(action: object, resource: object, allowed: bool) -> None:
    """`name/` says nothing, a star crosses slashes, an empty segment is any."""
    assert allowed is permits(parse_policy(document(one(action, resource))), "cos:PutObject", OURS)


def test_a_deny_wins_and_nothing_is_allowed_by_default() -> None:
    """Whatever the order."""
    allows, denies = one("*"), one("cos:PutObject", effect="deny")
    for statements in ((allows, denies), (denies, allows)):
        read = parse_policy(document(*statements))
        assert (False, True) == (permits(read, "cos:PutObject", OURS), permits(read, "cos:GetObject", OURS))
    assert not permits((), "cos:PutObject", OURS)


def test_an_action_without_resources_is_allowed_on_all_of_them_only() -> None:
    """An operation-level action in a statement with a concrete resource is denied."""
    assert permits(parse_policy(document(one("scf:CreateTrigger"))), "scf:CreateTrigger", "*")
    narrow = parse_policy(document(one("scf:CreateTrigger", "qcs::scf:::namespace/default/function/a")))
    assert not permits(narrow, "scf:CreateTrigger", "*")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "PolicyDocumentError"),
        ("[]", "PolicyDocumentError"),
        ("[" * 5000, "PolicyDocumentError"),
        (json.dumps({"version": "2.0"}), "StatementError"),
        (document(version="1.0"), "VersionError"),
        (document(), "StatementError"),
        (document(1), "StatementError"),
        (document({**one(), "colour": 1}), "StatementError"),
        (document({**one(), "condition": {}}), "ConditionError"),
        (document(one(effect="maybe")), "EffectError"),
        (document(one(effect=["allow"])), "EffectError"),
        (document({"effect": "allow", "resource": "*"}), "ActionMiss"),
        (document(one("PutObject")), "ActionError"),
        (document(one([])), "ActionError"),
        (document(one({"a": 1})), "ActionError"),
        (document(one(resource="b/*")), "ResourceError"),
        (document(one(resource=[])), "ResourceError"),
        (document(one(resource="qcs::cos:r:somebody:b/*")), "ResourceUinError"),
        (document(*[one()] * 200), "PolicyDocumentLengthOverLimit"),
    ],
)
def test_an_invalid_document_is_refused_with_its_fault(text: str, code: str) -> None:
    """With CAM's own codes."""
    with pytest.raises(PolicyError) as refused:
        parse_policy(text)
    assert code == refused.value.code


@given(
    json_values(
        st.none() | st.booleans() | st.integers() | st.text(),
        st.sampled_from(["version", "statement", "effect", "action", "resource", "principal", "service"]) | st.text(),
        most=5,
    )
)
def test_any_json_is_a_document_or_a_policy_error(value: object) -> None:
    """And no other exception."""
    wrapped = [{"version": "2.0", "statement": statement} for statement in (value, [value])]
    for text in map(json.dumps, [value, *wrapped]):
        with suppress(PolicyError):
            parse_policy(text)
        with suppress(PolicyError):
            parse_trust(text)


@given(st.lists(st.sampled_from(["a", "b", "*"]), max_size=8).map("".join), st.text("ab", max_size=10))
def test_a_star_stands_for_anything(pattern: str, text: str) -> None:
    """As a regular expression says it."""
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    statement = Statement(True, ("x:A",), (f"qcs::cos:::k{pattern}",))
    assert expected is statement.covers("x:A", f"qcs::cos:r:uid/1:k{text}")


def test_many_stars_cost_no_time() -> None:
    """A pattern of a stranger's never takes longer than its text is long."""
    statement = Statement(True, ("*",), ("qcs::cos:::" + "*a" * 2000 + "b",))
    begun = time.process_time()
    assert not statement.covers("x:A", "qcs::cos:::" + "a" * 100_000)
    assert time.process_time() - begun < 5


def test_a_document_comes_back_as_cam_writes_it() -> None:
    r"""Arrays, and `\/`; it says the same."""
    text = written(document(one(resource="qcs::cos:r:uid/1:b/*")))
    assert "\\/" in text
    assert ["qcs::cos:r:uid/1:b/*"] == json.loads(text)["statement"][0]["resource"]
    assert parse_policy(text) == parse_policy(document(one(resource="qcs::cos:r:uid/1:b/*")))


def test_a_roles_document_names_services() -> None:
    """Those, and no others, may assume it."""
    trust = {"effect": "allow", "action": "name/sts:AssumeRole", "principal": {"service": ["scf.qcloud.com"]}}
    assert frozenset({"scf.qcloud.com"}) == parse_trust(document(trust))
    for principal, code in (({}, "PrincipalError"), ({"service": ["nowhere"]}, "PrincipalServiceNotExist")):
        with pytest.raises(PolicyError) as refused:
            parse_trust(document({**trust, "principal": principal}))
        assert code == refused.value.code
