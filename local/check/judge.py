"""The judge turns what was seen into findings, the worst first. Pure, and total."""

from __future__ import annotations

from local.check.finding import Finding, Level
from local.check.rules import behaving, opening, playing
from local.check.rules.common import Case, Rule

RULES: tuple[Rule, ...] = (*opening.RULES, *playing.RULES, *behaving.RULES)
CHECKS = tuple(rule.__name__ for rule in RULES)
"""The code of every finding; docs/page-guide.md says what each is about."""
_ORDER = list(Level)


def judge(case: Case) -> list[Finding]:
    """Return the findings, ordered by level and then by rule."""
    found = [finding for rule in RULES for finding in rule(case)]
    return sorted(found, key=lambda finding: _ORDER.index(finding.level))


def wants_second_visit(case: Case) -> bool:
    """Tell whether it can matter that autoplay is allowed."""
    return case.is_seen and case.plays
