"""The guide's table of refusals is what the command says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from webrecord.deploy.access import PAGE, Policy
from webrecord.deploy.alarms import STATEMENTS, Alarm
from webrecord.deploy.errors import ADVICE, ApiError, DeployFailed

GUIDE = Path(__file__).parents[2] / "docs" / "deploy.md"


def test_the_guide_names_every_refusal_with_what_to_do() -> None:
    """The same codes in the same order, and the same words."""
    text = GUIDE.read_text(encoding="utf-8").partition("## When a call is refused")[2].partition("\n## ")[0]
    assert list(ADVICE) == re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("AccessDenied", 4, "give the deployer's identity this right: `webrecord deploy policies`"),
        ("InvalidAccessKeyId", 4, "check the key and --site"),
        ("RequestTimeTooSkewed", 1, "set this machine's clock"),
        ("SlowDown", 1, "run the same command again: it continues"),
    ],
)
def test_a_refusal_by_cos_says_what_to_do(code: str, status: int, says: str) -> None:
    """COS has codes of its own; to call again without the right helps nobody."""
    line = ApiError("GET Bucket cors", code, "no", "r").told("CORS rule of bucket b")
    assert (status, True) == (line.exit_status, says in str(line)), line


class Endless:
    """An endpoint that answers each page of a list alike, and knows nothing else."""

    def __init__(self) -> None:
        self.calls = 0

    def call(self, _service: str, _action: str, **given: Any) -> dict[str, Any]:
        self.calls += 1
        rows = [{"PolicyName": f"theirs-{number}", "Name": f"theirs-{number}"} for number in range(PAGE)]
        return {"List": rows[: given.get("Rp")], "Alarms": rows[: given.get("Limit")]}


@pytest.mark.parametrize(
    ("search", "action"),
    [
        (lambda cloud: Policy(cloud, "d-upload", {}, "d").row(), "ListPolicies"),
        (lambda cloud: Alarm(cloud, STATEMENTS[0], "d").found(), "DescribeAlarms"),
    ],
    ids=["policies", "alarms"],
)
def test_a_list_of_the_account_that_never_ends_is_given_up(search: Callable[[Any], object], action: str) -> None:
    """A name is searched in fifty pages; the line says which list it is."""
    cloud = Endless()
    with pytest.raises(DeployFailed, match=f"d-.*{action} does not end after 50 pages"):
        search(cloud)
    assert 50 == cloud.calls
