"""Faults at every call, on virtual time: whatever goes wrong, every law holds. `make faults` plays many more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from shared.store.stored import document_of
from testing.bucket import Bucket
from testing.laws import breaches, judge
from testing.run import NOT_MODELLED, Run
from testing.scenario import IDEAS, Scenario, drawn
from testing.shrink import pinned
from testing.strikes import KINDS

KEPT = sorted((Path(__file__).parent.parent / "testing" / "regressions").glob("*.json"))


SEEDS = range(0, 4_000, 50)


@cache
def played(seed: int) -> Run:
    """A run that several tests look at."""
    return Run(drawn(seed)).play()


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_every_law_holds(seed: int) -> None:
    """Nothing lost, nothing started twice, nothing untrue, no marker left; the seed is in the test's name."""
    assert [] == breaches(judge(played(seed)))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_every_kept_regression_passes(kept: Path) -> None:
    """Each kept run broke a law before something was mended, and breaks none any more."""
    assert [] == breaches(judge(Run(Scenario.from_json(kept.read_text())).play()))


@pytest.mark.long
def test_the_faults_really_strike() -> None:
    """Runs see every kind of fault, tasks, callbacks, and every kind of end."""
    runs = [played(seed) for seed in SEEDS]
    kinds = Counter(strike.kind for run in runs for strike in run.strikes.struck)
    assert set(KINDS) <= set(kinds)
    assert sum(kinds.values()) > 10 * len(runs), "more than ten a run"
    assert kinds["overrun"] > len(runs) / 6
    assert sum(len(run.trtc.started) for run in runs) > len(runs)
    assert sum(entry.data["status"] == 200 for run in runs for entry in run.ledger.of("callback")) > 3 * len(runs)
    ends = {entry.data["type"] for run in runs for entry in run.ledger.of("notified")}
    assert {"recording.completed", "recording.failed", "recording.lost"} <= ends


@pytest.mark.long
def test_a_run_is_a_function_of_its_scenario() -> None:
    """The same seed gives the same history; so does the run with its faults and stories written down and read again."""
    for seed in (3, 7):
        first, second = Run(drawn(seed)).play(), Run(drawn(seed)).play()
        assert first.ledger.entries == second.ledger.entries
        kept = Scenario.from_json(pinned(drawn(seed)).to_json())
        assert first.ledger.entries == Run(kept).play().ledger.entries


class Reread(Bucket):
    """A bucket in which each document is read as soon as it is written: by who remembers it, and anew."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        super().put(key, body, metadata)
        is_document = key.startswith("recordings/") and key.endswith("/recording.json")
        if is_document and (held := document_of(self, key.split("/")[1])) is not None:
            anew = type(held).model_validate_json(body)
            self.known.append(held == anew and held.model_dump_json() == anew.model_dump_json())

    def __post_init__(self) -> None:
        super().__post_init__()
        self.known = list[bool]()


@pytest.mark.long
def test_a_document_is_remembered_as_it_reads() -> None:
    """Who wrote a document does not parse it: what an instance remembers of it is what any other reads there."""

    class Rereading(Run):
        def make_bucket(self) -> Reread:
            settings = self.scenario.settings
            return Reread(clock=self.timeline, late_ms=settings.late_ms, page_size=settings.page_size)

    known = list[bool]()
    for seed in SEEDS[:12]:
        run = Rereading(drawn(seed)).play()
        assert isinstance(run.bucket, Reread)
        known += run.bucket.known
    assert len(known) > 50
    assert all(known)


def test_a_new_idea_leaves_what_others_do_as_it_was() -> None:
    """Each idea has a stream of its own: without one of them, the steps of all others are the same."""
    for seed in range(20):
        whole = drawn(seed).steps
        stops = IDEAS.pop("stops")
        try:
            without = drawn(seed).steps
        finally:
            IDEAS["stops"] = stops
        assert [step for step in whole if step.action != "stop"] == without


def test_what_is_not_modelled_is_said() -> None:
    """The list of the code is the list of the document."""
    document = (Path(__file__).parent.parent / "docs" / "guarantees.md").read_text()
    section = document.partition("## Not modelled")[2].partition("\n## ")[0]
    assert list(NOT_MODELLED) == [line[2:] for line in section.splitlines() if line.startswith("- ")]
