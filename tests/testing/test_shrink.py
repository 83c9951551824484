"""A failing run is made small, kept as data, and told readably."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing import trace
from testing.laws import judge
from testing.run import Run
from testing.scenario import Scenario, drawn
from testing.shrink import broken, least
from tests.testing.test_laws import ChangesCallbacks

pytestmark = pytest.mark.long


def test_a_failing_run_is_made_small() -> None:
    """Of a drawn run only what its breach needs is left: about ten lines, which read back are the same run."""
    small = least(drawn(7), make=ChangesCallbacks)
    assert "acknowledged callbacks are kept" in broken(small, ChangesCallbacks)
    assert (1, []) == (len(small.steps), small.strikes)
    assert len(small.to_json().splitlines()) <= 10
    assert small == Scenario.from_json(small.to_json())


def test_a_run_that_breaks_nothing_stays_as_it_is() -> None:
    """There is nothing to make smaller."""
    assert drawn(7) == least(drawn(7))


def test_a_trace_tells_calls_faults_and_what_truly_happened() -> None:
    """In order of time, with the settings first and the laws last."""
    lines = list(trace.lines(drawn(7)))
    run = Run(drawn(7)).play()
    assert lines[0].startswith("seed 7: Settings(")
    assert len(run.strikes.struck) - sum("overrun" in strike for strike in run.strikes.struck) == sum(
        "<==" in line for line in lines
    )
    assert any("StartWebRecord r0-1" in line for line in lines)
    assert any("== trtc: task began r0" in line for line in lines)
    assert f"{len(run.strikes.struck)} faults struck; laws broken: 0" == lines[-1]
    assert [] == [line for broken_by in judge(run).values() for line in broken_by]


@pytest.mark.process
def test_a_run_is_the_same_however_a_process_orders_its_sets() -> None:
    """This one reads a recording whose files are in two folders."""
    command = [sys.executable, "-m", "testing.faults", "--trace", "7"]
    traces = [
        subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=300,
        ).stdout
        for seed in ("0", "1")
    ]
    assert traces[0] == traces[1]
