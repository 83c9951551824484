"""The guide's table of refusals is what the command says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webrecord.deploy.errors import ADVICE, ApiError

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
