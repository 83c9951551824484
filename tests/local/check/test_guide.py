"""The page guide says what the check finds, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.check.judge import CHECKS, judge
from tests.local.check.test_judge import FOUND

ROOT = Path(__file__).parents[3]
GUIDES = ("docs/page-guide.md", "docs/page-guide.zh-CN.md")


@pytest.mark.parametrize("name", GUIDES)
def test_every_code_is_in_the_guide_and_the_reverse(name: str) -> None:
    """A row in its table for each code, and each code at the point of the guide that it belongs to."""
    text, _, table = (ROOT / name).read_text().partition("| `unreachable` |")
    rows = re.findall(r"^\| `(\w+)` \|", "| `unreachable` |" + table, re.MULTILINE)
    assert list(CHECKS) == sorted(rows, key=CHECKS.index)
    pointed = {
        code for group in re.findall(r"\[(`\w+`(?:[,、]\s?`\w+`)*)\]", text) for code in re.findall(r"\w+", group)
    }
    assert set(CHECKS) == pointed


@pytest.mark.parametrize("name", GUIDES)
def test_the_levels_in_the_guide_are_those_of_the_judge(name: str) -> None:
    """Each level that a finding can have stands in its row, and no other."""
    table = (ROOT / name).read_text().partition("| `unreachable` |")
    told = re.findall(r"^\| `(\w+)` \| ([a-z、, ]+) \|", "".join(table[1:]), re.MULTILINE)
    levels: dict[str, set[str]] = {}
    for judged in FOUND:
        for finding in judge(judged):
            levels.setdefault(finding.check, set()).add(finding.level.value)
    assert levels == {code: set(re.findall("[a-z]+", cell)) for code, cell in told}


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", *GUIDES])
def test_the_ready_signal_is_named(name: str) -> None:
    """A reader finds `notifyReady` and the guide."""
    text = (ROOT / name).read_text()
    assert "notifyReady()" in text
    assert "page-guide" in text


@pytest.mark.parametrize("name", GUIDES)
def test_the_guides_code_is_that_of_the_sample(name: str) -> None:
    """The function that calls notifyReady() is the same to the letter."""
    sample = (ROOT / "local" / "pages" / "sample.html").read_text()
    (code,) = re.findall(r"```js\n(const tellReady.*?\n};)", (ROOT / name).read_text(), re.DOTALL)
    assert code in sample
