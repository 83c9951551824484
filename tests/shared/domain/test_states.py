"""States where several attempts, decisions of ours, or only names of files are known."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain import facts
from shared.domain.attempts import last_attempt, last_task, pending_tasks
from shared.domain.evidence import Evidence
from shared.domain.reasons import Code, former
from shared.domain.states import State, since_ms, state_of
from shared.domain.uploads import end_ms, is_uploaded
from testing.callbacks import TASK, callback, mp4_stop, vod_commit
from tests.shared.domain.folded import fold
from tests.shared.domain.test_document import ACCEPTED, Story, evidence_of

SECOND = "Task+2"
LINKED: Story = [facts.attempted(1, 10), facts.accepted(1, 20, TASK, "q")]
BEGAN: Story = [*LINKED, callback(801, {"Status": 1}, 1_000)]
ENDED: Story = [*BEGAN, callback(802, {"Status": 1}, 2_000)]
GONE: Story = [*BEGAN, facts.gone(2_000, TASK)]
CRASHED: Story = [*BEGAN, callback(801, {"Status": 5, "EventMessage": "crash"}, 2_000)]
CRASHED_LATE: Story = [*BEGAN, callback(801, {"Status": 5, "EventMessage": "crash"}, 100_000)]
BAD_PAGE: Story = [*LINKED, callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, 1_000)]
AGAIN: Story = [facts.attempted(2, 3_000), facts.accepted(2, 3_010, SECOND, "q")]
AGAIN_BAD: Story = [*AGAIN, callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, 4_000, SECOND)]
AGAIN_DONE: Story = [
    *AGAIN,
    callback(802, {"Status": 1}, 5_000, SECOND),
    mp4_stop(0, 5_500, end_ms=5_000, task=SECOND),
]
AGAIN_EMPTY: Story = [
    *AGAIN,
    callback(802, {"Status": 1}, 5_000, SECOND),
    callback(310, {"Status": 0, "FileList": []}, 5_500, SECOND),
]
PART: Story = [*CRASHED, mp4_stop(0, 2_500, end_ms=2_000)]
RESTARTS = {"max_attempts": 2}
REFUSED_TOO: Story = [
    facts.refused(1, 15, "LimitExceeded", "full", "q", final=False),
    facts.attempted(2, 3_000),
    facts.refused(2, 3_010, "LimitExceeded", "full", "q", final=False),
]
"""Two invocations at once: one was refused, twice, while the other got a task under the first RecordId."""

STOP, STOP_LATER = facts.stop_requested(1_000, "asked by ops"), facts.stop_requested(8_000, "asked by ops")
NOTHING = "it ended before it began: asked by ops; nothing was recorded"
ENDED_AT_ONCE, ENDED_LATER = (callback(802, {"Status": 1}, ms) for ms in (1_900, 9_000))
STOP_LATE, ENDED_LATE = facts.stop_requested(200_000, "asked by ops"), callback(802, {"Status": 1}, 201_000)
LOOKED, FOUND = (facts.looked(400_000, TASK, files) for files in ({}, {"a.mp4": 1}))
FILM, HELD = mp4_stop(0, 5_000, end_ms=1_900), mp4_stop(1, 5_000, end_ms=1_900)
NAMED = callback(304, {"FileList": "a.m3u8"}, 1_500)
EMPTY = callback(310, {"Status": 0, "FileList": [], "FileMessage": []}, 2_500)

Row = tuple[str, dict[str, Any], Story, State, str | None]
TABLE: list[Row] = [
    ("scheduled", {"start_at_ms": 5}, [], State.SCHEDULED, None),
    ("refused before it was taken, and after", {}, [*REFUSED_TOO, *BEGAN], State.RECORDING, None),
    ("the same, ended", {}, [*REFUSED_TOO, *ENDED], State.UPLOADING, None),
    ("the same, over", {}, [*REFUSED_TOO, *ENDED, mp4_stop(0, 2_500, end_ms=2_000)], State.COMPLETED, None),
    ("the same, given up", RESTARTS, [*REFUSED_TOO, *CRASHED], State.QUEUED, "LimitExceeded: full"),
    ("the next one gave up, it goes on", RESTARTS, [*BEGAN, *AGAIN_BAD], State.RECORDING, None),
    ("scheduled, then cancelled", {"start_at_ms": 5}, [facts.gave_up(3, "no")], State.FAILED, "no"),
    ("scheduled, then started", {"start_at_ms": 5}, BEGAN, State.RECORDING, None),
    ("gone, no word on files", {}, GONE, State.UPLOADING, None),
    ("gone, looked, nothing there", {}, [*GONE, facts.looked(9_000, TASK, {})], State.LOST, None),
    (
        "gone, looked, files there",
        {},
        [*GONE, facts.looked(9_000, TASK, {"a.mp4": 1})],
        State.COMPLETED,
        None,
    ),
    ("an empty file is no film", {}, [*GONE, facts.looked(9_000, TASK, {"a.mp4": 0})], State.LOST, None),
    (
        "named by 304, nothing there",
        {},
        [*GONE, callback(304, {"FileList": "a.m3u8"}, 1_500), facts.looked(9_000, TASK, {})],
        State.LOST,
        "the task is gone; files were named (a.m3u8), and nothing shows that they were uploaded",
    ),
    (
        "all uploaded, never named",
        {},
        [*ENDED, callback(305, {"LeaveCode": 0}, 2_500), facts.looked(9_000, TASK, {})],
        State.LOST,
        "TRTC said that everything is uploaded, and no event named a file",
    ),
    ("stopped at once", {}, [*LINKED, STOP, ENDED_AT_ONCE], State.CANCELLED, NOTHING),
    ("stopped at its first picture: its file may come", {}, [*BEGAN, STOP, ENDED_AT_ONCE], State.UPLOADING, None),
    (
        "stopped at its first picture, looked",
        {},
        [*BEGAN, STOP, ENDED_AT_ONCE, LOOKED],
        State.FAILED,
        "it was stopped at its first picture: asked by ops; nothing was recorded",
    ),
    ("stopped at once, looked", {}, [*LINKED, STOP, ENDED_AT_ONCE, LOOKED], State.CANCELLED, NOTHING),
    ("stopped at once, a file all the same", {}, [*BEGAN, STOP, ENDED_AT_ONCE, FILM], State.COMPLETED, None),
    ("stopped at once, a file was found", {}, [*LINKED, STOP, ENDED_AT_ONCE, FOUND], State.COMPLETED, None),
    ("stopped at once, a file is on its way", {}, [*BEGAN, STOP, ENDED_AT_ONCE, HELD], State.UPLOADING, None),
    ("stopped at once, a file was named", {}, [*BEGAN, STOP, ENDED_AT_ONCE, NAMED], State.UPLOADING, None),
    ("ended at once, nobody asked", {}, [*BEGAN, ENDED_AT_ONCE], State.UPLOADING, None),
    ("stopped later", {}, [*BEGAN, STOP, callback(802, {"Status": 1}, 2_001)], State.UPLOADING, None),
    ("stopped later, no picture told yet", {}, [*LINKED, STOP_LATER, ENDED_LATER], State.UPLOADING, None),
    ("stopped later, no picture ever", {}, [*LINKED, STOP_LATER, ENDED_LATER, LOOKED], State.CANCELLED, NOTHING),
    ("stopped much later, all but its end unheard", {}, [*LINKED, STOP_LATE, ENDED_LATE, LOOKED], State.LOST, None),
    ("an end without a time", {}, [*LINKED, STOP, callback(802, {"Status": 1}, 0)], State.UPLOADING, None),
    ("no file, as TRTC says", {}, [*ENDED, EMPTY], State.FAILED, "the recorder made no file; nothing was recorded"),
    ("no file in the last part", {}, [*ENDED, mp4_stop(0, 1_500, end_ms=1_400), EMPTY], State.COMPLETED, None),
    (
        "held, nothing there",
        {},
        [*ENDED, mp4_stop(1, 2_100), facts.looked(9_000, TASK, {})],
        State.LOST,
        None,
    ),
    (
        "held in VOD, never came",
        {},
        [*ENDED, vod_commit(1, 2_100), facts.looked(9_000, TASK, {})],
        State.LOST,
        None,
    ),
    (
        "in VOD, its end unheard",
        {},
        [*GONE, vod_commit(0, 1_500), facts.looked(9_000, TASK, {})],
        State.COMPLETED,
        None,
    ),
    (
        "uploaded where we can't look, its end unheard",
        {},
        [*GONE, mp4_stop(0, 1_500, end_ms=1_400), facts.looked(9_000, TASK, {})],
        State.COMPLETED,
        None,
    ),
    (
        "lost, then held news",
        {},
        [*GONE, facts.looked(9_000, TASK, {}), mp4_stop(1, 9_500)],
        State.LOST,
        None,
    ),
    (
        "lost, then the file",
        {},
        [*ENDED, facts.looked(9_000, TASK, {}), mp4_stop(0, 9_500)],
        State.COMPLETED,
        None,
    ),
    (
        "801.5, nothing there",
        {},
        [*CRASHED, facts.looked(9_000, TASK, {})],
        State.FAILED,
        "the recorder gave up: crash",
    ),
    ("801.2 is started again", RESTARTS, BAD_PAGE, State.QUEUED, "to be started again: Goto url timeout"),
    ("801.5 is started again", RESTARTS, CRASHED, State.QUEUED, "to be started again: crash"),
    ("unless it was stopped", RESTARTS, [*CRASHED, facts.stop_requested(1_500, "x")], State.UPLOADING, None),
    ("unless we gave up", RESTARTS, [*BAD_PAGE, facts.gave_up(2_000, "late")], State.FAILED, None),
    ("unless it ended in order", RESTARTS, [*CRASHED, callback(802, {"Status": 1}, 2_010)], State.UPLOADING, None),
    (
        "also if TRTC does not know it any more",
        RESTARTS,
        [*CRASHED, facts.gone(2_010, TASK)],
        State.QUEUED,
        "to be started again: crash",
    ),
    ("unless it is told late", RESTARTS, [*CRASHED_LATE, facts.gone(2_010, TASK)], State.UPLOADING, None),
    (
        "unless its files were looked for in the end",
        RESTARTS,
        [*CRASHED, facts.gone(2_010, TASK), facts.looked(9_000, TASK, {})],
        State.FAILED,
        "the recorder gave up: crash",
    ),
    ("the second attempt counts", RESTARTS, [*CRASHED, *AGAIN], State.STARTING, None),
    ("the second attempt is the last", RESTARTS, [*BAD_PAGE, *AGAIN_BAD], State.FAILED, None),
    (
        "files of the first may still come",
        RESTARTS,
        [*CRASHED, *AGAIN_BAD],
        State.UPLOADING,
        "an attempt may have left files; the page could not be recorded: Goto url timeout",
    ),
    (
        "files of the first came",
        RESTARTS,
        [*CRASHED, *AGAIN_BAD, mp4_stop(0, 2_500, end_ms=2_000)],
        State.COMPLETED,
        "only part was recorded: the page could not be recorded: Goto url timeout",
    ),
    ("the second says it has none, and may have one", RESTARTS, [*PART, *AGAIN_EMPTY], State.UPLOADING, None),
    (
        "the second has none",
        RESTARTS,
        [*PART, *AGAIN_EMPTY, facts.looked(9_000, SECOND, {})],
        State.COMPLETED,
        "only part was recorded: the recorder made no file; nothing was recorded",
    ),
    (
        "the second is there, and the first may have left a film",
        RESTARTS,
        [*CRASHED, *AGAIN_DONE],
        State.UPLOADING,
        "an attempt may have left files; the recorder gave up: crash",
    ),
    (
        "the second is there, and the first left none",
        RESTARTS,
        [*CRASHED, *AGAIN_DONE, facts.looked(9_000, TASK, {})],
        State.COMPLETED,
        "only part was recorded: the recorder gave up: crash",
    ),
    ("both are there", RESTARTS, [*PART, *AGAIN_DONE], State.COMPLETED, None),
    ("the first never began", RESTARTS, [*BAD_PAGE, *AGAIN_DONE], State.COMPLETED, None),
]


def known(story: Story) -> Evidence:
    """Return the evidence that a story makes."""
    return fold([evidence_of(piece) for piece in story])


@pytest.mark.parametrize(("fields", "story", "state", "why"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_story_has_its_state(fields: dict[str, Any], story: Story, state: State, why: str | None) -> None:
    """Told in any direction, with the reason where one is given."""
    for told in (story, story[::-1]):
        found = state_of(ACCEPTED.model_copy(update=fields), known(told))
        assert state is found[0]
        assert why is None or (found[1] and why == found[1].words)


def test_every_reason_has_its_code_and_a_former_releases_words_give_the_same() -> None:
    """A sentence that was stored without a code is read as the code of today."""
    reasons = [
        reason
        for _, fields, story, *_ in TABLE
        if (reason := state_of(ACCEPTED.model_copy(update=fields), known(story))[1]) and reason.code is not Code.OTHER
    ]
    assert len({reason.code for reason in reasons}) > 8
    # Of one that is to be started again TRTC's words alone were stored.
    known_words = [reason for reason in reasons if not reason.words.endswith("again: crash")]
    assert [(reason, reason.code) for reason in known_words] == [(each, former(each.words)) for each in known_words]


@pytest.mark.parametrize(
    ("story", "state", "expected"),
    [
        ([], State.QUEUED, 1),
        (BAD_PAGE, State.QUEUED, 1_000),
        (CRASHED, State.QUEUED, 2_000),
        (LINKED, State.STARTING, 10),
        (BEGAN, State.RECORDING, 1_000),
        ([*BEGAN, callback(803, {"Status": 2}, 1_200)], State.PAUSED, 1_200),
        ([*BEGAN, callback(803, {"Status": 3}, 1_300)], State.RECORDING, 1_300),
        ([*BEGAN, facts.stop_requested(1_500, "x")], State.STOPPING, 1_500),
        (ENDED, State.UPLOADING, 2_000),
        (GONE, State.UPLOADING, 2_000),
    ],
)
def test_a_state_has_a_beginning(story: Story, state: State, expected: int) -> None:
    """From the evidence alone: whoever derives it, whenever, finds the same time."""
    assert expected == since_ms(ACCEPTED, known(story), state)


def test_the_newest_attempt_is_the_highest_number() -> None:
    """Ten comes after nine, and the task is that attempt's."""
    nine: Story = [facts.attempted(9, 90), facts.accepted(9, 91, TASK, "q"), callback(801, {"Status": 5}, 95)]
    evidence = known([*nine, facts.attempted(10, 100)])
    last = last_attempt(evidence)
    assert last is not None
    assert (10, None) == (last[0], last_task(evidence))
    assert last_attempt(Evidence()) is None
    assert last_task(Evidence()) is None


@pytest.mark.parametrize(
    ("story", "expected"),
    [(BEGAN, None), (ENDED, 2_000), (CRASHED, 2_000), ([*ENDED, facts.gone(9_000, TASK)], 2_000), (BAD_PAGE, None)],
)
def test_the_end_is_the_earliest_known(story: Story, expected: int | None) -> None:
    """Being seen gone later does not make it later."""
    (task,) = known(story).tasks.values()
    assert expected == end_ms(task)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (BEGAN, []),
        (ENDED, [TASK]),
        (CRASHED, [TASK]),
        (BAD_PAGE, []),
        ([*ENDED, mp4_stop(0, 2_500)], []),
        ([*ENDED, mp4_stop(1, 2_500)], [TASK]),
        ([*ENDED, mp4_stop(2, 2_500)], [TASK]),
        ([*ENDED, mp4_stop(2, 2_500), facts.looked(9_000, TASK, {}, last=False)], []),
        ([*ENDED, facts.looked(9_000, TASK, {})], []),
    ],
)
def test_files_are_expected_from_ended_tasks_until_their_last_check(story: Story, expected: list[str]) -> None:
    """Not of what still records, never began, is uploaded or settled; what failed is looked for once."""
    assert expected == [task.task_id for task in pending_tasks(known(story))]


def test_a_part_is_not_the_whole() -> None:
    """An upload that covers the task to before its end leaves it unfinished; one up to the end does not."""
    part = known([*BEGAN, callback(802, {"Status": 1}, 60_000), mp4_stop(0, 30_000, end_ms=29_000)])
    whole = known([*BEGAN, callback(802, {"Status": 1}, 60_000), mp4_stop(0, 61_000, end_ms=59_900)])
    assert [False, True] == [is_uploaded(evidence.tasks["Task~2B1~2Fabc~3D~2E"]) for evidence in (part, whole)]


def test_final_and_waiting_exclude_each_other() -> None:
    """What waits is not over."""
    assert {"completed", "failed", "lost", "cancelled"} == {state.value for state in State if state.final}
    assert {"scheduled", "queued"} == {state.value for state in State if state.waiting}


CALLED_OFF: Story = [STOP_LATER, facts.gave_up(8_000, "stopped before it started", Code.CANCELLED)]


@pytest.mark.parametrize("late", [[], [facts.refused(3, 8_200, "LimitExceeded", "full", "q", final=False)]])
@pytest.mark.parametrize(("before", "state"), [(PART, State.COMPLETED), ([], State.CANCELLED)])
def test_an_attempt_that_a_stop_came_too_late_for_opens_nothing(before: Story, state: State, late: Story) -> None:
    """A call that had read the recording before; should it get a task, that one is the recording's."""
    accepted = ACCEPTED.model_copy(update=RESTARTS)
    story = [*before, *CALLED_OFF, facts.attempted(3, 8_100), *late]
    assert state is state_of(accepted, known(story))[0]
    began = known([*story, facts.accepted(3, 8_300, SECOND, "q"), callback(801, {"Status": 1}, 9_000, SECOND)])
    assert State.STOPPING is state_of(accepted, began)[0]
