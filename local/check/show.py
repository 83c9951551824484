"""The result, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10
from typing import Any

from local.check.finding import VERDICTS, Finding, verdict
from local.check.judge import CHECKS
from local.check.rules.common import Case, quoted
from local.check.text import tidy
from local.check.words import t
from shared.domain.redaction import redact

_WIDE = max(map(len, CHECKS))


def lines(case: Case, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines of the result; the last one sums it up."""
    yield f"{tidy(case.asked.url, 300)}: {', '.join(_seen(case))}"
    for finding in findings:
        yield f"{t(finding.level.value)}  {finding.check:<{_WIDE}}  {finding.seen}"
        yield f"{'':<{_WIDE + 8}}→ {finding.advice}"
    counts = {level: sum(one.level.value == level for one in findings) for level in ("fail", "warn", "note")}
    said = [f"{count} {t(level)}" for level, count in counts.items() if count]
    yield f"{t(VERDICTS[verdict(findings)])} ({', '.join(said) or t('nothing was found')})"


def document(case: Case, findings: Sequence[Finding], screenshot: str | None) -> dict[str, Any]:
    """Return the result as JSON has it."""
    visit = case.visit
    key = verdict(findings)
    return {
        "url": redact(case.asked.url),
        "verdict": key,
        "summary": VERDICTS[key],
        "findings": [finding.to_dict() for finding in findings],
        "seen": {
            "status": visit.status,
            "title": tidy(case.look.title),
            "ready_s": None if visit.ready_s is None else round(visit.ready_s, 2),
            "peak_db": None if visit.deaf or not visit.peak else round(20 * log10(visit.peak / 32768), 1),
            "moved_pixels": list(visit.moved),
            "cores": round(visit.cores, 2),
        },
        "screenshot": screenshot,
    }


def _seen(case: Case) -> Iterator[str]:
    visit = case.visit
    if visit.error:
        yield t("no page")
        return
    if visit.status is not None:
        yield t("status {status}", status=visit.status)
    if tidy(case.look.title):
        yield quoted(case.look.title)
    if visit.ready_s is not None:
        yield t("ready after {seconds:.1f} s", seconds=visit.ready_s)
    if not visit.deaf:
        level = 20 * log10(visit.peak / 32768) if visit.peak else 0.0
        yield t("sound up to {level:.0f} dB", level=level) if visit.peak else t("no sound")
    yield t("something moves") if case.moves else t("nothing moves")
