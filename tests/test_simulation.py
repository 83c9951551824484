"""Faults at every call, on virtual time: what was acknowledged ends, and ends true. `make faults` plays many more."""

from __future__ import annotations

import pytest

from tests.simulation import Simulation


@pytest.mark.parametrize("seed", range(0, 4_000, 50))
def test_whatever_goes_wrong_what_was_acknowledged_ends_true(seed: int) -> None:
    """Nothing lost, nothing started twice, nothing untrue, no marker left; the seed is in the test's name."""
    verdict = Simulation(seed).play()
    assert ([], [], []) == (verdict.lost, verdict.duplicated, verdict.wrong)


def test_the_faults_are_really_injected() -> None:
    """The judge is not asleep: runs see faults, tasks, callbacks, and every kind of end."""
    runs = [Simulation(seed) for seed in range(40)]
    faults = sum(run.play().faults for run in runs)
    assert faults > 200
    assert sum(len(run.trtc.started) for run in runs) > 40
    assert sum(len(run.callbacks) for run in runs) > 80
    ends = {state for run in runs for said in run.receiver.taken.values() for state in said}
    assert {"recording.completed", "recording.failed", "recording.lost"} <= ends


def test_the_judge_sees_a_loss() -> None:
    """A file that is taken away, a marker that is left and a document that is forged are called wrong."""
    run = Simulation(1, harshness=0)
    run.play()
    (key, *_) = run.acknowledged
    run.trtc.twice.append(key)
    run.store.put("open/0000000000000-x", b"")
    run.store.delete(f"recordings/{key}/request.json")
    run.verdict.lost.clear()
    run.judge()
    assert run.verdict.lost
    assert run.verdict.duplicated
    assert run.verdict.wrong
