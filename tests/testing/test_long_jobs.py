"""A job of hundreds of lines whose function is killed: each line is accepted or reported, once, wherever that was."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from shared.domain import keys
from shared.domain.ids import digest_id
from shared.domain.job_keys import report_key
from testing.laws import LAWS, breaches, judge
from testing.parts import JOBS
from testing.run import Run
from testing.scenario import BEGIN_MS, Scenario, Settings, Step
from testing.strikes import Kind, Strike
from testing.timeline import Process

pytestmark = pytest.mark.whole
NAME = "jobs/many.json"
FIRST = f"job {NAME} #1"
KIND = Settings(harshness=0.0, silence=0.0, uneven=False)
PARTS = 4
"""The calls of the first invocation are shared out over so many tests, which run beside each other."""


def job(lines: list[dict[str, object]], settings: Settings = KIND) -> Scenario:
    """Return the run of one job object, in which nothing goes wrong by itself."""
    return Scenario(1, settings, [Step(0, "bucket", "job", {"name": NAME, "lines": lines})])


FEW_RIGHT = job([{"RecordUrl": f"https://example.com/{n}" if n % 100 == 50 else "none"} for n in range(300)])
TOMORROW = (BEGIN_MS + 86_400_000) / 1000
LINES = range(1, 61)
WRONG = [*LINES[::10]]
MANY_RIGHT = job(
    [{"RecordUrl": "none" if n in WRONG else f"https://example.com/{n}", "StartAt": TOMORROW} for n in LINES],
    replace(KIND, peace_ms=600_000),
)
"""Each right line is only accepted: what becomes of recordings is the other runs' to show."""


@cache
def calls(scenario: str, *, whole: bool) -> int:
    """Return how many calls the first invocation makes that takes the job."""
    seen: list[int] = []

    def watch(process: Process, number: int, what: str, kind: str | None) -> None:
        del what, kind
        if process.label == FIRST:
            seen.append(number)

    Run(Scenario.from_json(scenario), watch).play(whole=whole)
    return len(seen)


@pytest.mark.parametrize("kind", ["die", "die after"])
def test_a_kill_at_each_call_in_turn_loses_no_line_and_takes_none_twice(kind: Kind) -> None:
    """Before the call or behind it: the event comes again, or the timer goes on."""
    assert calls(FEW_RIGHT.to_json(), whole=True) > 10
    for number in range(calls(FEW_RIGHT.to_json(), whole=True)):
        run = Run(replace(FEW_RIGHT, strikes=[Strike(FIRST, number, "", kind)])).play()
        assert [] == breaches(judge(run)), f"killed at call {number}"
        assert 3 == len(run.trtc.started), f"killed at call {number}"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_each_call_of_a_job_of_right_lines_leaves_a_true_report(part: int) -> None:
    """Every right line is a recording that waits for its time, every wrong one is reported, and nothing is left."""
    count = calls(MANY_RIGHT.to_json(), whole=False)
    assert count > 260
    for number in range(part, count, PARTS):
        kind: Kind = "die" if number // PARTS % 2 else "die after"
        run = Run(replace(MANY_RIGHT, strikes=[Strike(FIRST, number, "", kind)])).play(whole=False)
        (etag,) = (entry.data["etag"] for entry in run.ledger.of("job"))
        right = {digest_id(JOBS, NAME, etag, str(line)) for line in LINES if line not in WRONG}
        stored = run.bucket.objects
        assert right == {key.split("/")[1] for key in stored if key.endswith("/request.json")}, f"{kind} at {number}"
        assert right == {keys.marked(key)[1] for key in stored if key.startswith("due/")}, f"{kind} at {number}"
        report = json.loads(stored[report_key(NAME)].body)
        assert WRONG == sorted(problem["line"] for problem in report["errors"]), f"{kind} at {number}"
        assert not {"left", "more"} & set(report), f"{kind} at {number}"
        assert [] == [key for key in stored if key.startswith("work/")], f"{kind} at {number}"
        assert [] == [*LAWS["every line is accepted or reported"](run)], f"{kind} at {number}"
