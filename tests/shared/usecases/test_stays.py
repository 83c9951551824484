"""What was completed stays so: news of before that comes late is kept and told, and what it is about is looked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.reasons import Code
from shared.domain.states import State
from shared.store import writer
from shared.usecases.replay import replay
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback, mp4_stop
from tests.shared.usecases.ticking import HOOK, Inbox, Site

FIRST, LAST = "k1_1.mp4", "k1_2.mp4"


class Story:
    """A recording in two parts: the last one is uploaded, and that the first was held is told only then."""

    def __init__(self) -> None:
        """Let it be completed."""
        self.site = site = Site()
        self.task = site.begin()
        self.began_ms = began_ms = site.clock.now
        site.receive(callback(801, {"Status": 1}, began_ms, self.task))
        site.clock.now += 120_000
        site.trtc.end(self.task)
        site.receive(callback(802, {"Status": 1}, site.clock.now, self.task))
        self.part(LAST, 0, site.clock.now + 1_000, began_ms + 60_000, site.clock.now)
        assert State.COMPLETED is site.recording().state

    def part(self, name: str, status: int, ms: int, start_ms: int, end_ms: int) -> None:
        """Receive an upload event."""
        if status == 0:
            self.site.store.put(f"files/k1/{self.task}/{name}", b"film")
        self.site.receive(mp4_stop(status, ms, name, start_ms, end_ms, self.task))

    def hold(self) -> None:
        """Receive what was said of the first part a minute after the beginning."""
        self.part(FIRST, 1, self.began_ms + 61_000, self.began_ms, self.began_ms + 60_000)


def test_late_word_of_a_held_part_leaves_it_completed_and_is_told() -> None:
    """The reason says what is missing, the gap says when."""
    story = Story()
    story.hold()
    told = story.site.recording()
    assert (State.COMPLETED, Code.FILES_HELD) == (told.state, told.reason_code)
    assert ([LAST], 1) == ([file.name for file in told.files], len(told.gaps))


def test_the_held_part_completes_it_further() -> None:
    """It comes: nothing is missing any more."""
    story = Story()
    story.hold()
    story.site.clock.now += 600_000
    story.part(FIRST, 0, story.site.clock.now, story.began_ms, story.began_ms + 60_000)
    told = story.site.recording()
    assert (State.COMPLETED, None, [FIRST, LAST], []) == (
        *(told.state, told.reason_code),
        *([file.name for file in told.files], told.gaps),
    )


def test_a_held_part_is_looked_for_though_no_callback_tells_of_it() -> None:
    """Completed, it has a marker until the last look, which finds the part."""
    story = Story()
    story.site.run_until_done()
    story.hold()
    story.site.store.put(f"files/k1/{story.task}/{FIRST}", b"film")
    story.site.run_until_done()
    told = story.site.recording()
    assert (State.COMPLETED, [FIRST, LAST]) == (told.state, sorted(file.name for file in told.files))


@pytest.mark.parametrize("lose_document", [False, True])
def test_a_replay_leaves_it_completed(lose_document: bool) -> None:
    """That it stays so is a fact, which no document has to remember."""
    story = Story()
    story.hold()
    before = story.site.store.objects[keys.document_key("k1")]
    if lose_document:
        story.site.store.delete(keys.document_key("k1"))
    replay(story.site.store, ["k1"], story.site.clock())
    assert before.body == story.site.store.objects[keys.document_key("k1")].body


def test_word_whose_first_delivery_died_leaves_it_completed() -> None:
    """It was stored and no document written; TRTC sends it again, or somebody replays."""
    for again in (True, False):
        story = Story()
        body = mp4_stop(1, story.began_ms + 61_000, FIRST, story.began_ms, story.began_ms + 60_000, story.task)
        document = story.site.store.objects[keys.document_key("k1")]
        story.site.receive(body)
        for key in [key for key in story.site.store.objects if "-stays-" in key]:
            story.site.store.delete(key)
        story.site.store.objects[keys.document_key("k1")] = document
        if again:
            story.site.receive(body)
        else:
            writer.rebuild(story.site.store, "k1", story.site.clock())
        assert State.COMPLETED is story.site.recording().state


def test_a_stop_that_answers_completed_has_written_so() -> None:
    """The callback that covers the end was stored, and its function died: the stop finds it, and so do others then."""
    story = Story()
    site, ends = story.site, keys.document_key("k1")
    behind = site.store.objects[ends]
    site.store.put(ends, behind.body.replace(b'"state": "completed"', b'"state": "uploading"'))
    document = json.loads(behind.body)
    document["evidence"]["facts"] = {k: v for k, v in document["evidence"]["facts"].items() if "-310-" not in k}
    document["evidence"]["tasks"] = {
        key: {**task, "files": {}, "covered_ms": None, "closed_ms": None}
        for key, task in document["evidence"]["tasks"].items()
    }
    site.store.put(ends, json.dumps(document).encode())
    assert State.UPLOADING is site.recording().state
    assert State.COMPLETED is stop("k1", "asked", site.ports).state
    assert State.COMPLETED is site.recording().state


def test_a_writer_who_read_long_ago_takes_nothing_back() -> None:
    """A receiver takes its time; meanwhile a callback's news is written, which no listing names yet."""
    site = Site(store=Bucket(late_ms=90_000))
    site.store.clock = site.clock
    task = site.begin(notify_url=HOOK, notify_on="changes")

    class Slow(Inbox):
        def send(self, *sent: Any) -> None:
            if not self.taken:
                site.trtc.end(task)
                site.receive(callback(801, {"Status": 1}, site.clock.now - 60_000, task))
                site.receive(callback(802, {"Status": 1}, site.clock.now, task))
            super().send(*sent)

    site.inbox = Slow(site)
    site.clock.now += 90_000
    site.tick()
    assert State.UPLOADING is site.recording().state
