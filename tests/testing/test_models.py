"""What the models do beyond their contracts: late listings, short pages, TRTC's limits, its memory, its stories."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from shared.domain.errors import RecorderBusy, TaskExists, TaskNotFound
from testing.bucket import Bucket
from testing.stories import STORIES, told
from testing.story import Put, Tell
from testing.timeline import Timeline
from testing.trtc import Life, Trtc, Witness
from tests.fakes import Clock


def parameters(record_id: str, **fields: Any) -> Mapping[str, Any]:
    """What a start sends, as far as the model reads it."""
    storage = {"StorageParams": {"CloudStorage": {"FileNamePrefix": ["webrecord", "files", "r0"]}}}
    return {"RecordId": record_id, "WebRecordVideoParams": {"Format": "mp4"}, **storage, **fields}


def test_listings_are_born_late_and_die_late() -> None:
    """What was just written is missing, what was just deleted is there still; reading tells the truth."""
    clock = Clock()
    bucket = Bucket(clock=clock, late_ms=1_000)
    bucket.put("open/1", b"xy")
    assert [] == list(bucket.list("open/"))
    clock.now += 1_000
    assert ["open/1"] == [item.key for item in bucket.list("open/")]
    bucket.delete("open/1")
    assert [("open/1", 2)] == list(bucket.list("open/"))
    assert bucket.get("open/1") is None
    clock.now += 1_000
    assert [] == list(bucket.list("open/"))


def test_trtc_keeps_to_its_quota_and_its_rate() -> None:
    """The third of two tasks is refused, and the 21st call of an action within a second."""
    timeline = Timeline()
    trtc = Trtc(timeline=timeline, quota=2, per_second=20)
    for number in range(2):
        trtc.start(parameters(f"r{number}-1"))
    with pytest.raises(RecorderBusy, match="ResourceInsufficient"):
        trtc.start(parameters("r2-1"))
    for _ in range(20):
        trtc.describe(1, "r0-1")
    with pytest.raises(RecorderBusy, match="RequestLimitExceeded"):
        trtc.describe(1, "r0-1")
    timeline.run_until(timeline.now + 1_000)
    trtc.describe(1, "r0-1")


def test_trtc_forgets_a_record_id() -> None:
    """Within a short time the second start is TaskExist; after it, it is a second task."""
    timeline = Timeline()
    trtc = Trtc(timeline=timeline, forget_ms=60_000)
    first = trtc.start(parameters("r0-1"))
    with pytest.raises(TaskExists):
        trtc.start(parameters("r0-1"))
    timeline.run_until(timeline.now + 60_000)
    assert first.task_id != trtc.start(parameters("r0-1")).task_id


class Heard(Witness):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.types: list[tuple[int, Any]] = []
        self.files: list[str] = []

    def tell(self, life: Life, event: Tell) -> None:
        self.types.append((event.type, event.payload.get("Status")))

    def put(self, life: Life, file: Put) -> None:
        self.files.append(file.name)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("stop", [False, True])
def test_every_story_ends(name: str, stop: bool) -> None:
    """By itself or by a stop in its middle the task is over, and a file comes where the story has one."""
    timeline, heard = Timeline(), Heard()
    trtc = Trtc(timeline=timeline, story=lambda life: told(life, Random(1), timeline, name), witness=heard)
    task_id = trtc.start(parameters("r0-1")).task_id
    timeline.run_until(timeline.now + 10_000)
    if stop:
        trtc.stop(task_id)
    timeline.run_until(timeline.now + 86_400_000)
    with pytest.raises(TaskNotFound):
        trtc.describe_task(task_id)
    bare = name in ("bad page", "no upload", "empty", "gives up bare") or (stop and name == "failed part")
    assert bare != bool(heard.files)
    assert (name == "silent") == (not heard.types)


def test_a_task_ends_at_its_limit() -> None:
    """MaxDurationLimit ends it: 804 before 802."""
    timeline, heard = Timeline(), Heard()
    trtc = Trtc(timeline=timeline, story=lambda life: told(life, Random(1), timeline, "long"), witness=heard)
    trtc.start(parameters("r0-1", MaxDurationLimit=1_800))
    timeline.run_until(timeline.now + 1_900_000)
    assert [(801, 1), (804, 1), (802, 1), (310, 0)] == heard.types
