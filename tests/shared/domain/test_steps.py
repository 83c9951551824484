"""next_step as a truth table, and what holds for any evidence at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import facts
from shared.domain.accepted import Accepted, Place
from shared.domain.ending import LIMIT_SLACK_MS
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, evidence_of_fact
from shared.domain.next_step import SETTLE_MS, next_step
from shared.domain.outbox import RETRY_AFTER_S
from shared.domain.periods import IN_FLIGHT_MS, REPEAT_MS, START_LEAD_MS
from shared.domain.reasons import Code, Reason
from shared.domain.starting import called_off
from shared.domain.states import State, state_of
from shared.domain.steps import Confirm, Describe, GiveUp, Look, Notify, Start, Step, Stop, Sweep, Timing, Wait
from testing.callbacks import TASK, callback, mp4_stop, vod_commit
from tests.examples import at_most
from tests.shared.domain.folded import fold
from tests.shared.domain.test_document import Story, evidence_of, stories

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TIMING = Timing(alive_every=10 * MINUTE, files_after=5 * MINUTE, lost_after=HOUR, held_for=DAY)
MAX_DURATION = 30 * MINUTE
PLACE = Place(bucket="b-1", region="ap-guangzhou", prefix=["p", "files", "r1"])
HOOK = "https://hooks.example.com/"
TASK_2 = "Task+2"


def accepted(**fields: Any) -> Accepted:
    """Return a request accepted at 0 that must start within an hour; 0 is epoch 1970, and good enough."""
    request = {"RecordUrl": "https://example.com/", "MaxDurationLimit": MAX_DURATION // 1000}
    usual = {"recording_id": "r1", "created_ms": 0, "source": "http:test", "sdk_app_id": 1, "place": PLACE}
    return Accepted.model_validate({**usual, "start_by_ms": HOUR, "request": request, **fields})


BEGAN_AT = 10_000
ATTEMPT = facts.attempted(1, 1_000)
LINKED: Story = [ATTEMPT, facts.accepted(1, 2_000, TASK, "q")]
TOO_LATE = "it could not be started in time"
OVER = "its time was over before it could be started again"
BUSY: Story = [ATTEMPT, facts.refused(1, 2_000, "LimitExceeded", "full", "q", final=False)]
RECORDING: Story = [*LINKED, callback(801, {"Status": 1}, BEGAN_AT)]
STOP = facts.stop_requested(20_000, "asked")
END = 100_000
ENDED: Story = [*RECORDING, callback(802, {"Status": 1}, END)]
GONE: Story = [*RECORDING, facts.gone(END, TASK)]
BAD_PAGE: Story = [*LINKED, callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, BEGAN_AT)]
CRASHED: Story = [*RECORDING, callback(801, {"Status": 5, "EventMessage": "Chrome exception"}, END)]
SECOND: Story = [facts.attempted(2, 200_000), facts.accepted(2, 201_000, TASK_2, "q")]
TOLD_COMPLETED: Story = [*ENDED, mp4_stop(0, END + 1_000, end_ms=END)]
COMPLETED: Story = [*TOLD_COMPLETED, facts.over(END + 500, TASK)]
LOST: Story = [*GONE, facts.looked(END + HOUR, TASK, {})]
LIMIT_AT = BEGAN_AT + MAX_DURATION + LIMIT_SLACK_MS
LATE = HOUR + 1

CALLED_OFF = facts.gave_up(20_000, called_off("asked").words, Code.CANCELLED)
OVERTAKEN: Story = [*BUSY, STOP, CALLED_OFF, facts.attempted(2, 25_000)]

Row = tuple[str, dict[str, Any], Story, int, Step]

WAITING: list[Row] = [
    ("accepted: start", {}, [], 0, Start(1, None)),
    ("scheduled: wait", {"start_at_ms": HOUR}, [], 0, Wait(HOUR - START_LEAD_MS)),
    ("scheduled: not a moment early", {"start_at_ms": HOUR}, [], HOUR - START_LEAD_MS - 1, Wait(HOUR - START_LEAD_MS)),
    ("scheduled: with the lead", {"start_at_ms": HOUR, "start_by_ms": DAY}, [], HOUR - START_LEAD_MS, Start(1, None)),
    ("in flight", {}, [ATTEMPT], 1_000 + IN_FLIGHT_MS - 1, Wait(1_000 + IN_FLIGHT_MS)),
    ("cut off: the same RecordId again", {}, [ATTEMPT], 1_000 + IN_FLIGHT_MS, Start(1, recheck=1)),
    ("busy: somebody else may be at it still", {}, BUSY, 3_000, Wait(2_000 + IN_FLIGHT_MS)),
    ("busy: the next RecordId, the old one is asked for first", {}, BUSY, 2_000 + IN_FLIGHT_MS, Start(2, recheck=1)),
    (
        "unanswered: the same RecordId again",
        {},
        [ATTEMPT, facts.unanswered(1, 2_000, "ClientNetworkError", "reset")],
        3_000,
        Start(1, recheck=1),
    ),
    ("the last moment to start", {}, [], HOUR - 1, Start(1, None)),
    ("too late", {}, [], HOUR, GiveUp(Reason(Code.START_TOO_LATE, TOO_LATE), None)),
    ("too late, and why", {}, BUSY, HOUR, GiveUp(Reason(Code.START_TOO_LATE, f"{TOO_LATE}: LimitExceeded: full"), 1)),
    (
        "too late, and what is to be mended",
        {},
        [ATTEMPT, facts.refused(1, 2_000, "AuthFailure.SecretIdNotFound", "no", "q", final=False)],
        HOUR,
        GiveUp(Reason(Code.TRTC_KEYS, f"{TOO_LATE}: AuthFailure.SecretIdNotFound: no"), 1),
    ),
    ("too late, perhaps it started", {}, [ATTEMPT], HOUR, GiveUp(Reason(Code.START_TOO_LATE, TOO_LATE), 1)),
    (
        "stop_at came first",
        {"stop_at_ms": 5_000},
        BUSY,
        5_000,
        GiveUp(Reason(Code.STOP_AT_PASSED, "its stop_at passed before it could start: LimitExceeded: full"), 1),
    ),
    ("stopped while nobody knows", {}, [ATTEMPT, STOP], 40_000, GiveUp(called_off("asked"), 1)),
    ("stopped before anything", {}, [STOP], 40_000, GiveUp(called_off("asked"), None)),
]

RESTART: list[Row] = [
    ("801.2", {"max_attempts": 2}, BAD_PAGE, 20_000, Start(2, recheck=1)),
    ("801.5", {"max_attempts": 2}, CRASHED, END, Start(2, recheck=1)),
    ("801.5 long after start_by", {"max_attempts": 2, "start_by_ms": 50_000}, CRASHED, END, Start(2, recheck=1)),
    ("801.2 with one attempt allowed", {}, BAD_PAGE, 20_000, Confirm(TASK, BEGAN_AT)),
    ("and so it was", {}, [*BAD_PAGE, facts.over(19_000, TASK)], 20_000, Wait(19_000 + SETTLE_MS)),
    ("801.2, and it records", {}, [*BAD_PAGE, facts.runs(19_000, TASK)], 20_000, Wait(1_000 + REPEAT_MS)),
    ("801.5 with one attempt allowed", {}, CRASHED, END, Wait(END + TIMING.files_after)),
    ("801.2 of the last attempt", {"max_attempts": 2}, [*CRASHED, *SECOND], 201_000, Wait(200_000 + REPEAT_MS)),
    (
        "the last attempt failed: the files of the first",
        {"max_attempts": 2},
        [*CRASHED, *SECOND, callback(801, {"Status": 2}, 210_000, TASK_2), facts.over(211_000, TASK_2)],
        END + TIMING.files_after,
        Look(TASK, last=False),
    ),
    ("never with the caller's keys", {"max_attempts": 2, "caller_keys": True}, CRASHED, END, Wait(END + HOUR)),
    ("never after a stop", {"max_attempts": 2}, [*CRASHED, STOP], END, Wait(END + TIMING.files_after)),
    (
        "never after 802",
        {"max_attempts": 2},
        [*CRASHED, callback(802, {"Status": 1}, END + 10)],
        END + 20,
        Wait(END + TIMING.files_after),
    ),
    (
        "never once it was given up",
        {"max_attempts": 2},
        [*BAD_PAGE, facts.gave_up(15_000, "late")],
        DAY,
        Wait(DAY, True),
    ),
    (
        "801.1 after 801.2 is the service's own retry",
        {"max_attempts": 2},
        [*BAD_PAGE, callback(801, {"Status": 1}, 30_000)],
        40_000,
        Wait(30_000 + TIMING.alive_every),
    ),
    (
        "its time would be over",
        {"max_attempts": 2},
        BAD_PAGE,
        MAX_DURATION,
        GiveUp(Reason(Code.PAGE_SLOW, f"{OVER}: to be started again: Goto url timeout"), 1),
    ),
]

RUNNING: list[Row] = [
    ("starting: not yet asked", {}, LINKED, 1_000 + REPEAT_MS - 1, Wait(1_000 + REPEAT_MS)),
    ("starting and silent", {}, LINKED, 1_000 + REPEAT_MS, Describe(TASK)),
    ("recording", {}, RECORDING, BEGAN_AT + 1, Wait(BEGAN_AT + TIMING.alive_every)),
    ("recording and silent", {}, RECORDING, BEGAN_AT + TIMING.alive_every, Describe(TASK)),
    (
        "paused and silent since",
        {},
        [*RECORDING, callback(803, {"Status": 2}, 90_000)],
        90_000 + TIMING.alive_every,
        Describe(TASK),
    ),
    ("stop it", {}, [*RECORDING, STOP], 21_000, Stop(TASK, "it is past its MaxDurationLimit")),
    ("stop_at", {"stop_at_ms": 50_000}, RECORDING, 50_000, Stop(TASK, "its stop_at has come")),
    ("until stop_at", {"stop_at_ms": 50_000}, RECORDING, 49_999, Wait(50_000)),
    ("stop_at while starting", {"stop_at_ms": 50_000}, LINKED, 50_000, Stop(TASK, "its stop_at has come")),
    ("past its limit", {}, RECORDING, LIMIT_AT, Stop(TASK, "it is past its MaxDurationLimit")),
    ("at its limit TRTC ends it by itself", {}, RECORDING, LIMIT_AT - 1, Describe(TASK)),
]

UPLOADING: list[Row] = [
    (f"{name}: {what}", fields, [*story, *more], at, step)
    for name, story in (("802", ENDED), ("gone", GONE))
    for what, fields, more, at, step in (
        ("its files are on their way", {}, [], END, Wait(END + 5 * MINUTE)),
        ("look for files", {}, [], END + 5 * MINUTE, Look(TASK, last=False)),
        ("look again", {}, [], END + HOUR - 1, Look(TASK, last=False)),
        ("look for the last time", {}, [], END + HOUR, Look(TASK, last=True)),
        ("VOD can't be listed", {"place": None}, [], END + 5 * MINUTE, Wait(END + HOUR)),
        ("VOD is settled all the same", {"place": None}, [], END + HOUR, Look(TASK, last=True)),
        ("nor can the caller's bucket", {"caller_keys": True}, [], END + 5 * MINUTE, Wait(END + HOUR)),
        ("310.1 is waited for", {}, [mp4_stop(1, END + 1_000)], END + HOUR, Wait(END + DAY)),
        ("310.1 is not waited for for ever", {}, [mp4_stop(1, END + 1_000)], END + DAY, Look(TASK, last=True)),
        ("305.1 alike", {}, [callback(305, {"LeaveCode": 1}, END + 1_000)], END + HOUR, Wait(END + DAY)),
        ("311.1 alike", {"place": None}, [vod_commit(1, END + 1_000)], END + HOUR, Wait(END + DAY)),
    )
]


def tries(count: int, webhook_id: str = "r1-0-completed", at: int = END) -> list[Fact]:
    """Return so many failed tries, a minute apart."""
    return [facts.notified(at + n * MINUTE, webhook_id, n + 1, "answered 500") for n in range(count)]


LAST_FACT = END + 1_000
GIVEN_UP = len(RETRY_AFTER_S) + 1
FINAL: list[Row] = [
    ("called off, and a call came too late to see it: wait for it", {}, OVERTAKEN, 30_000, Wait(25_000 + IN_FLIGHT_MS)),
    (
        "called off, and that call may have got a task",
        {},
        OVERTAKEN,
        25_000 + IN_FLIGHT_MS,
        GiveUp(Reason(Code.CANCELLED, "stopped before it started: asked"), 2),
    ),
    ("completed: listings may be late", {}, COMPLETED, LAST_FACT, Wait(LAST_FACT + SETTLE_MS)),
    ("completed: done", {}, COMPLETED, LAST_FACT + SETTLE_MS, Wait(LAST_FACT + SETTLE_MS, done=True)),
    ("lost: done", {}, LOST, DAY, Wait(DAY, done=True)),
    ("failed: done", {}, BAD_PAGE, DAY, Wait(DAY, done=True)),
    ("never started: done", {}, [facts.gave_up(1, "late")], DAY, Wait(DAY, done=True)),
    ("an attempt without a task: may be one", {}, [*BUSY, facts.gave_up(2_000, "late")], DAY, Sweep(None)),
    ("stopped beside a start that died: the same", {}, [ATTEMPT, STOP, facts.gave_up(20_000, "x")], DAY, Sweep(1)),
    ("completed: TRTC is asked first", {"notify_url": HOOK}, TOLD_COMPLETED, LAST_FACT, Confirm(TASK, END)),
    ("a stop explains it", {"notify_url": HOOK}, [*TOLD_COMPLETED, STOP], LAST_FACT, Notify("r1-0-completed", 1)),
    ("TRTC cannot say", {"notify_url": HOOK}, TOLD_COMPLETED, END + 3 * MINUTE, Notify("r1-0-completed", 1)),
    ("completed: tell", {"notify_url": HOOK}, COMPLETED, LAST_FACT, Notify("r1-0-completed", 1)),
    ("lost: tell", {"notify_url": HOOK}, LOST, DAY, Notify("r1-0-lost", 1)),
    ("told once, not yet again", {"notify_url": HOOK}, [*COMPLETED, *tries(1)], END + 59_999, Wait(END + 60_000)),
    ("tell again", {"notify_url": HOOK}, [*COMPLETED, *tries(1)], END + 60_000, Notify("r1-0-completed", 2)),
    (
        "owed: not done before it is told",
        {"notify_url": HOOK},
        [*COMPLETED, *tries(3)],
        END + 2 * MINUTE + SETTLE_MS,
        Wait(END + 2 * MINUTE + 1_800_000),
    ),
    ("undelivered: done", {"notify_url": HOOK}, [*COMPLETED, *tries(GIVEN_UP)], DAY, Wait(DAY, done=True)),
    (
        "told: done",
        {"notify_url": HOOK},
        [*COMPLETED, facts.notified(END, "r1-0-completed", 1, None)],
        DAY,
        Wait(DAY, done=True),
    ),
    (
        "completed, an earlier attempt may have files too",
        {"max_attempts": 2},
        [
            *CRASHED,
            *SECOND,
            callback(802, {"Status": 1}, 300_000, TASK_2),
            mp4_stop(0, 301_000, end_ms=300_000, task=TASK_2),
        ],
        END + HOUR,
        Look(TASK, last=True),
    ),
    (
        "a state the caller asked to hear of",
        {"notify_url": HOOK, "notify_on": "changes"},
        [*RECORDING, facts.changed(BEGAN_AT, "recording")],
        BEGAN_AT,
        Notify(f"r1-0-{BEGAN_AT:013d}-recording", 1),
    ),
]

NO_TIME: Row = (
    "802 without a time: now or never",
    {},
    [*LINKED, callback(802, {"Status": 1}, 0)],
    DAY,
    Look(TASK, last=True),
)

TABLE = [*WAITING, *RESTART, *RUNNING, *UPLOADING, NO_TIME, *FINAL]


def known(story: Story) -> Evidence:
    """Return the evidence that a story makes."""
    return fold([evidence_of(piece) for piece in story])


@pytest.mark.parametrize(("fields", "story", "now", "step"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_truth_table(fields: dict[str, Any], story: Story, now: int, step: Step) -> None:
    """Each state at each age has its step."""
    assert step == next_step(accepted(**fields), known(story), now, TIMING)


@pytest.mark.parametrize(
    ("story", "now", "step"),
    [
        (RECORDING, BEGAN_AT + TIMING.alive_every, Wait(BEGAN_AT + 2 * TIMING.alive_every)),
        (LINKED, REPEAT_MS + 1_000, Wait(2 * REPEAT_MS + 1_000)),
        ([*RECORDING, STOP], 21_000, Wait(21_000 + REPEAT_MS)),
        ([*BUSY, facts.gave_up(2_000, "late")], 2_000 + SETTLE_MS, Wait(2_000 + TIMING.lost_after)),
        ([*BUSY, facts.gave_up(2_000, "late")], DAY, Wait(DAY, done=True)),
    ],
    ids=["described", "described while starting", "stopped", "swept", "swept for the last time"],
)
def test_a_check_does_not_repeat_its_question(story: Story, now: int, step: Step) -> None:
    """TRTC still knows the task: the next question is another look's."""
    assert step == next_step(accepted(), known(story), now, TIMING, seen_ms=now)


def test_a_later_message_does_not_wait_for_a_failing_one() -> None:
    """A receiver that refuses one state for three days hears of the end at once."""
    story = [*COMPLETED, facts.changed(BEGAN_AT, "recording"), *tries(3, f"r1-0-{BEGAN_AT:013d}-recording")]
    request = accepted(notify_url=HOOK, notify_on="changes")
    assert Notify("r1-0-completed", 1) == next_step(request, known(story), END + 2 * MINUTE + 1, TIMING)


now_times = st.integers(0, 60_000) | st.integers(0, 3 * DAY)
requests = st.builds(
    accepted,
    max_attempts=st.integers(1, 3),
    caller_keys=st.booleans(),
    place=st.sampled_from([PLACE, None]),
    start_at_ms=st.sampled_from([None, 7_000, HOUR]),
    stop_at_ms=st.sampled_from([None, 9_000, 2 * HOUR]),
    start_by_ms=st.sampled_from([HOUR, 6 * HOUR]),
    notify_url=st.sampled_from([None, HOOK]),
    notify_on=st.sampled_from(["final", "changes"]),
)
tails: st.SearchStrategy[Sequence[Fact]] = st.sampled_from([[], [ATTEMPT], LINKED])


@given(requests, stories, tails, now_times, st.booleans())
def test_a_wait_lies_ahead(request: Accepted, story: Story, tail: Sequence[Fact], now: int, seen: bool) -> None:
    """Whatever is known and whenever: there is a step, and a wait ends later, or never."""
    story = [piece for piece in story if isinstance(piece, bytes) or piece.kind != "refused" or tail]
    step = next_step(request, known([*tail, *story]), now, TIMING, now if seen else None)
    assert not isinstance(step, Wait) or step.done or step.until_ms > now
    if isinstance(step, Wait) and step.done:
        assert state_of(request, known([*tail, *story]))[0].final


MOST_STEPS = 250


@settings(max_examples=at_most(60), deadline=None)
@given(requests, stories, tails, st.lists(st.booleans(), max_size=30), st.sampled_from(["task", "busy", "refused"]))
def test_every_recording_comes_to_its_end(
    request: Accepted, story: Story, tail: Sequence[Fact], deliveries: list[bool], starts: str
) -> None:
    """TRTC knows no task, no file is ever there: whatever was known, a bounded number of steps ends in done."""
    evidence, now = known([*tail, *story]), 20_001  # behind every fact
    seen: int | None = None
    for _ in range(MOST_STEPS):
        step = next_step(request, evidence, now, TIMING, seen)
        if isinstance(step, Wait):
            if step.done:
                break
            now, seen = step.until_ms, None
            continue
        for fact in _answer(step, now, deliveries, starts):
            evidence = evidence.join(evidence_of_fact(fact))
        if isinstance(step, Look) and not step.last:
            now += TIMING.files_after
        elif isinstance(step, Start):
            now += 10 * MINUTE  # the queue is long
        elif isinstance(step, Describe | Confirm | Stop | Sweep):
            seen = now
    assert step == Wait(now, done=True)
    assert state_of(request, evidence)[0] in (State.COMPLETED, State.FAILED, State.LOST, State.CANCELLED)


def _answer(step: Step, now: int, deliveries: list[bool], starts: str) -> list[Fact]:
    """Return the facts that a step leaves behind where TRTC knows nothing and no file is there."""
    match step:
        case Start(number, _) if starts == "task":
            return [facts.attempted(number, now), facts.accepted(number, now, f"New+{number}", "q")]
        case Start(number, _):
            why = ("LimitExceeded", "full", "q")
            return [facts.attempted(number, now), facts.refused(number, now, *why, final=starts == "refused")]
        case GiveUp(reason, _):
            return [facts.gave_up(now, reason.words, reason.code)]
        case Describe(task_id):
            return [facts.gone(now, task_id)]
        case Confirm(task_id, _) if deliveries:  # else it can't say
            return [facts.over(now, task_id)]
        case Stop(task_id, why_stop):
            return [facts.stop_requested(now, why_stop), facts.gone(now, task_id)]
        case Look(task_id, last):
            return [facts.looked(now, task_id, {}, last=last)] if last else []
        case Notify(webhook_id, attempt):
            delivered = deliveries.pop() if deliveries else False
            return [facts.notified(now, webhook_id, attempt, None if delivered else "answered 500")]
    return []
