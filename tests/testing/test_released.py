"""Buckets as earlier releases wrote them: today's code lists them, reads them, ends and rebuilds them."""

from __future__ import annotations

import json

import pytest

from testing import released
from testing.laws import breaches, judge
from testing.run import Run
from testing.scenario import Scenario, Settings, Step
from testing.timer import MINUTE_MS

pytestmark = pytest.mark.long

QUIET = Settings(harshness=0.0, silence=0.0, uneven=False)


def upgraded(name: str, *steps: Step) -> Run:
    """Return a run that begins where the release's was cut off."""
    return Run(Scenario(1, Settings(**{**vars(QUIET), "released": name}), list(steps)))


@pytest.mark.parametrize("name", released.names())
def test_an_upgrade_between_two_invocations_breaks_no_law(name: str) -> None:
    """What it holds is listed and read as it was, then comes to a true end; replay gives the same bytes."""
    stored = json.loads((released.FOLDER / f"{name}.json").read_text())
    documents = {
        key.split("/")[1]: json.loads(body)["state"]
        for key, (body, _) in stored["objects"].items()
        if key.startswith("recordings/") and key.endswith("/recording.json")
    }
    run = upgraded(name, *(Step(0, "caller", "read", {"key": key}) for key in documents), Step(0, "caller", "list", {}))
    run.play()
    cancelled = name.endswith("-cancelled")  # what was called off was failed in a release before
    assert [] == breaches(judge(run))
    answers = [entry for entry in run.ledger.of("answered") if entry.ms > stored["now_ms"]]
    assert {key: ("read", 200, "cancelled" if cancelled else state) for key, state in documents.items()} == {
        entry.about: (entry.data["call"].split()[0], entry.data["status"], entry.data["state"])
        for entry in answers
        if entry.about
    }
    (listed,) = (entry for entry in answers if not entry.about)
    assert 200 == listed.data["status"]


@pytest.mark.parametrize("name", [name for name in released.names() if "died" in name or "unanswered" in name])
def test_a_call_that_died_in_one_release_is_finished_by_the_next(name: str) -> None:
    """The backend repeats it after the upgrade: one task, one recording."""
    stored = json.loads((released.FOLDER / f"{name}.json").read_text())
    (body,) = {json.dumps(data["body"]) for _, _, what, _, data in stored["ledger"] if what == "asked"}
    run = upgraded(name, Step(MINUTE_MS, "caller", "start", {"key": "r0", "body": json.loads(body)}))
    assert [] == breaches(judge(run.play()))
    assert ["r0"] == [entry.about for entry in run.ledger.of("acknowledged")][-1:]


def test_every_state_is_among_them() -> None:
    """No stage is forgotten."""
    states = set()
    for name in released.names():
        stored = json.loads((released.FOLDER / f"{name}.json").read_text())
        states |= {
            json.loads(body)["state"]
            for key, (body, _) in stored["objects"].items()
            if "/recording.json" in key and key.startswith("recordings/")
        }
    wanted = "scheduled queued starting recording paused stopping uploading completed failed lost"
    assert set(wanted.split()) <= states
