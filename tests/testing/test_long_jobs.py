"""A job of hundreds of lines whose function is killed: each line is accepted or reported, once, wherever that was."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from testing.laws import breaches, judge
from testing.run import Run
from testing.scenario import Scenario, Settings, Step
from testing.strikes import Kind, Strike
from testing.timeline import Process

pytestmark = pytest.mark.long
NAME = "jobs/many.json"
FIRST = f"job {NAME} #1"
LINES = [{"RecordUrl": f"https://example.com/{n}" if n % 100 == 50 else "none"} for n in range(300)]
JOB = Scenario(
    1, Settings(harshness=0.0, silence=0.0, uneven=False), [Step(0, "bucket", "job", {"name": NAME, "lines": LINES})]
)


@cache
def calls() -> int:
    """Return how many calls the first invocation makes that takes the job."""
    seen: list[int] = []

    def watch(process: Process, number: int, what: str, kind: str | None) -> None:
        del what, kind
        if process.label == FIRST:
            seen.append(number)

    run = Run(JOB, watch).play()
    assert [] == breaches(judge(run))
    assert 3 == len(run.trtc.started)
    return len(seen)


@pytest.mark.parametrize("kind", ["die", "die after"])
def test_a_kill_at_each_call_in_turn_loses_no_line_and_takes_none_twice(kind: Kind) -> None:
    """Before the call or behind it: the event comes again, or the timer goes on."""
    assert calls() > 10
    for number in range(calls()):
        run = Run(replace(JOB, strikes=[Strike(FIRST, number, "", kind)])).play()
        assert [] == breaches(judge(run)), f"killed at call {number}"
        assert 3 == len(run.trtc.started), f"killed at call {number}"
