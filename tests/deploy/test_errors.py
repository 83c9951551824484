"""The guide's table of refusals is what the command says."""

from __future__ import annotations

import re
from pathlib import Path

from webrecord.deploy.errors import ADVICE

GUIDE = Path(__file__).parents[2] / "docs" / "deploy.md"


def test_the_guide_names_every_refusal_with_what_to_do() -> None:
    """The same codes in the same order, and the same words."""
    text = GUIDE.read_text(encoding="utf-8").partition("## When a call is refused")[2].partition("\n## ")[0]
    assert list(ADVICE) == re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE)
