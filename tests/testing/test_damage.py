"""What is damaged in the bucket costs the one recording it belongs to, at most: everybody else goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from testing.laws import breaches, judge
from testing.run import Run
from testing.scenario import Scenario, Settings, Step

pytestmark = pytest.mark.whole

KIND = Settings(harshness=0.0, silence=0.0, uneven=False)
TASK = "tasks/Task~2B0~2Fx0-1~3D/"
DAMAGE = {
    "request": ("recordings/x0/request.json", 30_000),
    "facts": ("recordings/x0/facts/", 30_000),
    "everything": ("recordings/x0/", 30_000),
    "callbacks": (f"{TASK}facts/", 30_000),
    "pointer": (f"{TASK}recording.json", 1_000),
    "task": (TASK, 400_000),
    "tombstones": ("gone/", 7_300_000),
}


def played(prefix: str, ms: int, body: str, *, deleted: bool = False) -> Run:
    """Two recordings at once, of which the first is damaged; later a third, which waits for its time."""

    def start(key: str, ms: int, **fields: float) -> Step:
        return Step(ms, "caller", "start", {"key": key, "body": {"RecordUrl": "https://example.com/", **fields}})

    steps = [start("x0", 0), start("r0", 500), start("r1", 20_000, StartAt=1_800_003_600)]
    if deleted:
        steps.append(Step(7_200_000, "caller", "delete", {"key": "x0"}))
        steps.append(start("x0", 7_400_000))
    steps.append(Step(ms, "stranger", "damage", {"prefix": prefix, "body": body}))
    stories = dict.fromkeys(["x0-1", "r0-1", "r1-1"], "plain")
    return Run(replace(Scenario(1, KIND, steps), stories=stories)).play()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"kind": 7}', "\x00" * 64], ids=repr)
@pytest.mark.parametrize("what", DAMAGE)
def test_damage_costs_one_recording_at_most(what: str, body: str) -> None:
    """The others complete, their callers are told, and no marker of anybody stays."""
    prefix, ms = DAMAGE[what]
    run = played(prefix, ms, body, deleted=what == "tombstones")
    assert [key for key in ("r0", "r1") if key not in {entry.about for entry in run.ledger.of("file")}] == []
    assert [entry.about for entry in run.ledger.of("damaged")], "something was damaged"
    told = {entry.about for entry in run.ledger.of("notified") if entry.data["type"] == "recording.completed"}
    assert {"r0", "r1"} <= told
    assert [line for line in breaches(judge(run)) if "x0" not in line] == []
    assert sum(entry.about == "x0" for entry in run.ledger.of("task began")) == 1, "an id is used once"


def test_what_stays_of_a_damaged_recording_is_one_marker() -> None:
    """It is tried again for ever, since somebody may mend it: by one marker, however many were written about it."""
    run = played("recordings/x0/request.json", 30_000, "")
    assert ["x0"] == [marker.partition("-")[2] for _, marker in run.timer.markers()]
