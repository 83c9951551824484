"""States decided from facts: a table of stories, and properties over any facts in any order."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain import facts, parts
from shared.domain.accepted import Accepted, Place
from shared.domain.callback_says import evidence_of_callback
from shared.domain.callbacks import parse_callback
from shared.domain.document import decide
from shared.domain.evidence import Evidence
from shared.domain.facts import Fact, evidence_of_fact
from shared.domain.states import State, is_reopened
from testing.callbacks import TASK, callback, mp4_stop, vod_commit
from tests.anything import json_values
from tests.shared.domain.folded import fold

ACCEPTED = Accepted.model_validate(
    {
        "recording_id": "r1",
        "created_ms": 1,
        "source": "http:test",
        "sdk_app_id": 1400000001,
        "place": Place(bucket="b-1", region="ap-guangzhou", prefix=["p", "q"]),
        "request": {"RecordUrl": "https://example.com/"},
    }
)

ATTEMPT = facts.attempted(1, 10)
TASK_STARTED = facts.accepted(1, 20, TASK, "req-1")
BEGAN = callback(801, {"Status": 1, "EventMessage": "Success"}, 1_000)
ENDED = callback(802, {"Status": 1}, 2_000)
UPLOADED = mp4_stop(0, 2_500)
PLAYLIST = callback(304, {"FileList": "a.m3u8"}, 1_100)
Story = Sequence[Fact | bytes]
STARTED: Story = [ATTEMPT, TASK_STARTED, BEGAN]

STORIES: list[tuple[str, Story, State, str | None]] = [
    ("nothing yet", [], State.QUEUED, None),
    ("about to call", [ATTEMPT], State.STARTING, None),
    ("task, no event yet", [ATTEMPT, TASK_STARTED], State.STARTING, None),
    ("801.1", STARTED, State.RECORDING, None),
    ("paused", [*STARTED, callback(803, {"Status": 2}, 1_100)], State.PAUSED, None),
    (
        "resumed",
        [*STARTED, callback(803, {"Status": 2}, 1_100), callback(803, {"Status": 3}, 1_200)],
        State.RECORDING,
        None,
    ),
    ("refreshed", [*STARTED, callback(803, {"Status": 1}, 1_100)], State.RECORDING, None),
    ("801.3 and 801.4 are intermediate", [*STARTED, callback(801, {"Status": 3}, 1_100)], State.RECORDING, None),
    ("stop asked", [*STARTED, facts.stop_requested(1_500, "asked")], State.STOPPING, None),
    ("802", [*STARTED, ENDED], State.UPLOADING, None),
    ("310.0 after 802", [*STARTED, ENDED, UPLOADED], State.COMPLETED, None),
    (
        "310.0 for a middle part, stamped after the end",
        [*STARTED, callback(802, {"Status": 1}, 100_000), mp4_stop(0, 101_000, "part1.mp4", 1_000, 50_000)],
        State.UPLOADING,
        None,
    ),
    (
        "310.0 with an empty list, then 310.1: nothing is uploaded",
        [*STARTED, ENDED, callback(310, {"Status": 0, "FileList": []}, 2_400), mp4_stop(1, 2_500)],
        State.UPLOADING,
        None,
    ),
    ("310.0 without 801", [ATTEMPT, TASK_STARTED, ENDED, UPLOADED], State.COMPLETED, None),
    ("a part is not the whole", [*STARTED, mp4_stop(0, 1_500, end_ms=1_400)], State.RECORDING, None),
    (
        "a part before a late 802",
        [*STARTED, mp4_stop(0, 1_500, end_ms=1_400), callback(802, {"Status": 1}, 60_000)],
        State.UPLOADING,
        None,
    ),
    ("310.1: still on the recorder's side", [*STARTED, ENDED, mp4_stop(1, 2_500)], State.UPLOADING, None),
    ("310.1 then 310.0", [*STARTED, ENDED, mp4_stop(1, 2_500), mp4_stop(0, 9_500)], State.COMPLETED, None),
    (
        "310.2: it may lie there all the same",
        [*STARTED, ENDED, mp4_stop(2, 2_500)],
        State.UPLOADING,
        "an attempt may have left files; upload failed: upload failed",
    ),
    (
        "310.2, and it does not",
        [*STARTED, ENDED, mp4_stop(2, 2_500), facts.looked(9_000, TASK, {}, last=False)],
        State.FAILED,
        "upload failed: upload failed",
    ),
    (
        "310.2, and it does",
        [*STARTED, ENDED, mp4_stop(2, 2_500), facts.looked(9_000, TASK, {"a.mp4": 1}, last=False)],
        State.COMPLETED,
        None,
    ),
    ("310.2 then 310.0", [*STARTED, ENDED, mp4_stop(2, 2_500), mp4_stop(0, 9_500)], State.COMPLETED, None),
    ("305.0", [*STARTED, PLAYLIST, ENDED, callback(305, {"LeaveCode": 0}, 2_500)], State.COMPLETED, None),
    ("305.0 overtakes 304", [*STARTED, ENDED, callback(305, {"LeaveCode": 0}, 2_500)], State.UPLOADING, None),
    ("305.1", [*STARTED, ENDED, callback(305, {"LeaveCode": 1}, 2_500)], State.UPLOADING, None),
    (
        "305.1 then 305.2",
        [*STARTED, PLAYLIST, ENDED, callback(305, {"LeaveCode": 1}, 2_500), callback(305, {"LeaveCode": 2}, 9_000)],
        State.COMPLETED,
        None,
    ),
    (
        "311.0 then 312.0",
        [*STARTED, ENDED, vod_commit(0, 2_400), callback(312, {"Status": 0}, 2_500)],
        State.COMPLETED,
        None,
    ),
    ("312.0 alone names no file", [*STARTED, ENDED, callback(312, {"Status": 0}, 2_500)], State.UPLOADING, None),
    (
        "311.2 then 312.0",
        [*STARTED, ENDED, vod_commit(2, 2_400), callback(312, {"Status": 0}, 2_500)],
        State.UPLOADING,
        "an attempt may have left files; upload failed: no",
    ),
    ("311.1", [*STARTED, ENDED, vod_commit(1, 2_400)], State.UPLOADING, "no"),
    (
        "801.2",
        [ATTEMPT, TASK_STARTED, callback(801, {"Status": 2, "EventMessage": "Goto url timeout"})],
        State.FAILED,
        "the page could not be recorded: Goto url timeout",
    ),
    (
        "801.5 may leave files",
        [*STARTED, callback(801, {"Status": 5, "EventMessage": "Chrome exception, exit task"}, 1_900)],
        State.UPLOADING,
        "the recorder gave up early: Chrome exception, exit task",
    ),
    (
        "801.5 and its files",
        [*STARTED, callback(801, {"Status": 5, "EventMessage": "Chrome exception"}, 1_900), mp4_stop(0, 2_500)],
        State.COMPLETED,
        "the recorder gave up early: Chrome exception",
    ),
    (
        "804 then files",
        [*STARTED, callback(804, {"Status": 1, "EventMessage": "Over time limit"}, 1_990), ENDED, UPLOADED],
        State.COMPLETED,
        "ended at a limit: Over time limit",
    ),
    (
        "refused for good",
        [ATTEMPT, facts.refused(1, 20, "InvalidParameter", "no", "r", final=True)],
        State.FAILED,
        "InvalidParameter: no",
    ),
    (
        "busy",
        [ATTEMPT, facts.refused(1, 20, "RequestLimitExceeded", "slow down", "r", final=False)],
        State.QUEUED,
        "RequestLimitExceeded: slow down",
    ),
    ("no answer", [ATTEMPT, facts.unanswered(1, 20, "ClientNetworkError", "refused")], State.QUEUED, None),
    ("given up", [ATTEMPT, facts.gave_up(30, "too late")], State.FAILED, "too late"),
    ("given up, then tried again", [facts.gave_up(5, "too late"), ATTEMPT, TASK_STARTED, BEGAN], State.RECORDING, None),
    (
        "numbers as strings, unknown fields and types",
        [*STARTED, callback(802, {"Status": "1", "New": {}}, 2_000), callback(899, {"Status": 9}), UPLOADED],
        State.COMPLETED,
        None,
    ),
]


def evidence_of(piece: Fact | bytes) -> Evidence:
    return evidence_of_callback(parse_callback(piece)) if isinstance(piece, bytes) else evidence_of_fact(piece)


@pytest.mark.parametrize(("story", "state", "reason"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_a_story_has_its_state(story: Story, state: State, reason: str | None) -> None:
    """The documented events lead to the state a user expects, told in any order and twice."""
    pieces = [evidence_of(piece) for piece in story]
    told = decide(ACCEPTED, fold(pieces))
    assert state == told.state
    assert reason is None or reason == told.reason
    for seed in range(5):
        shuffled = pieces * 2
        random.Random(seed).shuffle(shuffled)
        assert told.model_dump_json() == decide(ACCEPTED, fold(shuffled)).model_dump_json()


PART = {"FileName": "a.mp4", "StartTimeStamp": 1_767_225_600, "EndTimeStamp": "1767225660000"}
IN_VOD = {"FileId": 5285890784246869930, "VideoUrl": "https://v.example.com/a.mp4", "EndTimeStamp": "1767225660"}
NAMES: list[tuple[str, int, dict[str, Any], list[str]]] = [
    ("a text", 304, {"FileList": "a.m3u8"}, ["a.m3u8"]),
    ("a list", 304, {"FileList": ["a.m3u8", "b.m3u8"]}, ["a.m3u8", "b.m3u8"]),
    ("JSON text", 304, {"FileList": '["a.m3u8", "b.m3u8"]'}, ["a.m3u8", "b.m3u8"]),
    ("a name that looks like JSON", 304, {"FileList": "[a].m3u8"}, ["[a].m3u8"]),
    ("nothing", 304, {"FileList": None}, []),
    ("no names", 304, {"FileList": [1, None, "", [], True]}, []),
    ("too long for a key", 304, {"FileList": "a" * 851}, []),
    ("half a character", 304, {"FileList": "\ud800.mp4"}, ["?.mp4"]),
    ("310", 310, {"Status": "0", "FileList": ["a.mp4"], "FileMessage": [PART]}, ["a.mp4"]),
    ("310, messages alone", 310, {"Status": 0, "FileMessage": PART}, ["a.mp4"]),
    ("310, messages as JSON text", 310, {"Status": 0, "FileMessage": json.dumps([PART])}, ["a.mp4"]),
    ("310, messages for names", 310, {"Status": 0, "FileList": [PART]}, ["a.mp4"]),
    ("310, with the folders it is in", 310, {"Status": 0, "FileList": [f"w/files/k1/{TASK}/a.mp4"]}, ["a.mp4"]),
    ("310, in another folder", 310, {"Status": 0, "FileList": ["x/a.mp4"]}, ["x/a.mp4"]),
    ("310 without a status", 310, {"FileList": ["a.mp4"]}, ["a.mp4"]),
    ("305 with a name", 305, {"Status": 0, "FileList": "a.m3u8"}, ["a.m3u8"]),
    ("311, FileId as a number", 311, {"Status": 0, "TencentVod": IN_VOD}, ["5285890784246869930"]),
    ("311, as JSON text", 311, {"Status": 0, "TencentVod": json.dumps(IN_VOD)}, ["5285890784246869930"]),
    ("311, several", 311, {"Status": 0, "TencentVod": [IN_VOD, {"FileId": "v2"}]}, ["5285890784246869930", "v2"]),
    ("311, held", 311, {"Status": 1, "TencentVod": {"CacheFile": "a.mp4"}}, ["a.mp4"]),
    ("311, empty", 311, {"Status": 0, "TencentVod": {}}, []),
]


@pytest.mark.parametrize(("kind", "payload", "names"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_files_are_named_in_any_shape(kind: int, payload: dict[str, Any], names: list[str]) -> None:
    """Lists, one alone, JSON text of either: what an event names is in the recording."""
    told = decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, callback(kind, payload, 2_500)]]))
    assert sorted(names) == sorted(file.name for file in told.files)


@pytest.mark.parametrize("start", [1_767_225_600, 1_767_225_600_000, "1767225600", "1767225600000", 1_767_225_600.0])
def test_times_of_files_come_in_seconds_and_milliseconds(start: object) -> None:
    """As numbers and as text, and mean the same; what is no time is none."""
    part = {"FileName": "a.mp4", "StartTimeStamp": start, "EndTimeStamp": 1_767_225_660_000}
    event = callback(310, {"Status": 0, "FileList": ["a.mp4"], "FileMessage": [part]}, 1_767_225_661_000)
    told = decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, event]]))
    assert [60_000] == [file.duration_ms for file in told.files]
    nothing = callback(310, {"Status": 0, "FileMessage": [{**part, "StartTimeStamp": None, "EndTimeStamp": "soon"}]})
    told = decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, nothing]]))
    assert [(None, None)] == [(file.start_ms, file.end_ms) for file in told.files]


@pytest.mark.parametrize("payload", [{"Status": 0}, {"Status": "0"}, {"LeaveCode": 0}, {"LeaveCode": 2, "Status": 0}])
@pytest.mark.parametrize("mine", [True, False])
def test_an_hls_recording_is_completed_by_its_last_event(payload: dict[str, Any], mine: bool) -> None:
    """305 says it by Status as well as by LeaveCode, in our bucket and in a caller's; its pieces are no files."""
    accepted = ACCEPTED.model_copy(update={"caller_keys": not mine})
    story = [*STARTED, PLAYLIST, ENDED, callback(305, payload, 2_500)]
    pieces = facts.looked(9_000, TASK, {"a.m3u8": 300, "a_1.ts": 9_000, "a_2.ts": 9_000})
    for told in (story, [*story, pieces]):
        recording = decide(accepted, fold([evidence_of(piece) for piece in told]))
        assert (State.COMPLETED, ["a.m3u8"]) == (recording.state, [file.name for file in recording.files])


def test_pieces_without_a_playlist_are_no_film() -> None:
    """Nobody can watch them."""
    told = decide(ACCEPTED, fold([evidence_of(p) for p in [*STARTED, ENDED, facts.looked(9_000, TASK, {"a_1.ts": 1})]]))
    assert (State.LOST, []) == (told.state, [file.name for file in told.files])


def test_files_are_in_order_with_their_gaps() -> None:
    """Several files are sorted by their start; a hole between two is reported; the key is where TRTC puts it."""
    story = [
        *STARTED,
        mp4_stop(0, 50_000, "b.mp4", 30_000, 40_000),
        mp4_stop(0, 25_000, "a.mp4", 1_000, 20_000),
        mp4_stop(0, 51_000, "c.mp4", 40_500, 45_000),
        callback(802, {"Status": 1}, 46_000),
    ]
    told = decide(ACCEPTED, fold([evidence_of(piece) for piece in story]))
    assert ["a.mp4", "b.mp4", "c.mp4"] == [file.name for file in told.files]
    assert [(20_000, 30_000)] == [(gap.start_ms, gap.end_ms) for gap in told.gaps]
    assert f"p/q/{TASK}/a.mp4" == told.files[0].key
    assert 19_000 + 10_000 + 4_500 == told.duration_ms


def test_a_vod_file_has_its_address() -> None:
    """FileId and VideoUrl of 311 are in the recording."""
    told = decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, ENDED, vod_commit(0, 2_500)]]))
    assert [("v1", "https://vod.example.com/v1.mp4", 1_000)] == [(f.file_id, f.url, f.duration_ms) for f in told.files]


ms = st.integers(min_value=0, max_value=20_000)
statuses = st.integers(min_value=0, max_value=6)
kinds = st.sampled_from([303, 304, 305, 307, 310, 311, 312, 401, 801, 802, 803, 804, 899])


@st.composite
def callbacks(draw: st.DrawFn) -> bytes:
    """Any callback about the task, plausible or not."""
    kind, at_ms, status = draw(kinds), draw(ms), draw(statuses)
    as_text = draw(st.booleans())
    if kind == 310:
        return mp4_stop(status % 3, at_ms, draw(st.sampled_from("abc")) + ".mp4", draw(ms), draw(ms))
    if kind == 311:
        return vod_commit(status % 3, at_ms, draw(st.sampled_from(["v1", "v2"])))
    name = "LeaveCode" if kind == 305 else "Status"
    payload = {name: str(status) if as_text else status, "EventMessage": draw(st.sampled_from(["", "x"]))}
    return callback(kind, payload | ({"FileList": "a.m3u8"} if kind == 304 else {}), at_ms)


own = st.one_of(
    st.builds(facts.attempted, st.integers(1, 2), ms),
    st.builds(facts.stop_requested, ms, st.just("why")),
    st.builds(facts.gave_up, ms, st.just("late")),
    st.builds(lambda n, at: facts.refused(n, at, "Busy", "m", None, final=False), st.integers(1, 2), ms),
)
stories = st.lists(st.one_of(callbacks(), own), max_size=25)


@given(stories, st.randoms(use_true_random=False))
def test_any_facts_in_any_order_any_number_of_times_are_one_recording(story: Story, chance: random.Random) -> None:
    """Order and repetition change nothing, down to the bytes of the document."""
    pieces = [evidence_of(piece) for piece in [*story, ATTEMPT, TASK_STARTED]]
    disordered = pieces + [chance.choice(pieces) for _ in range(5)]
    chance.shuffle(disordered)
    assert decide(ACCEPTED, fold(pieces)).model_dump_json() == decide(ACCEPTED, fold(disordered)).model_dump_json()


@given(stories, st.integers(0, 25))
def test_partial_documents_join_to_the_whole(story: Story, cut: int) -> None:
    """The join of two documents is the document of their facts together."""
    pieces = [evidence_of(piece) for piece in [ATTEMPT, TASK_STARTED, *story]]
    whole = fold(pieces)
    assert whole == fold(pieces[:cut]).join(fold(pieces[max(0, cut - 3) :]))


@given(stories)
def test_a_document_survives_being_stored(story: Story) -> None:
    """Reading the evidence back from its JSON gives the same evidence."""
    whole = fold([evidence_of(piece) for piece in [ATTEMPT, TASK_STARTED, *story]])
    assert whole == Evidence.model_validate_json(whole.model_dump_json(exclude_none=True))


@given(stories, callbacks())
@example(
    [callback(801, {"Status": 2, "EventMessage": "no page"}, 0)], vod_commit(1, 0, "v1")
)  # a start said to have failed, a film, and a part of it that was held
def test_no_callback_turns_completed_back(story: Story, late: bytes) -> None:
    """What happens afterwards leaves it completed; news that would not is kept with the fact that it stays so."""
    before = fold([evidence_of(piece) for piece in [ATTEMPT, TASK_STARTED, ENDED, UPLOADED, *story]])
    after = fold([before, evidence_of(late)])
    if decide(ACCEPTED, before).state is State.COMPLETED:
        if is_reopened(ACCEPTED, before, after):
            after = fold([after, evidence_of(facts.stays(9_999))])
        assert decide(ACCEPTED, after).state is State.COMPLETED


def test_only_earlier_news_of_a_held_part_has_to_be_kept_back() -> None:
    """A part that was held after the upload, a failed start and a repeated upload change nothing by themselves."""
    told: Story = [ATTEMPT, TASK_STARTED, ENDED, UPLOADED]
    before = fold([evidence_of(piece) for piece in told])
    news: list[bytes] = [
        vod_commit(1, 2_501, "v1"),
        callback(801, {"Status": 2, "EventMessage": "no page"}, 0),
        UPLOADED,
    ]
    for late in news:
        assert not is_reopened(ACCEPTED, before, fold([before, evidence_of(late)]))
    assert is_reopened(ACCEPTED, before, fold([before, evidence_of(vod_commit(1, 2_400, "v1"))]))


@given(stories)
def test_a_late_file_completes_a_failed_recording(story: Story) -> None:
    """Files that cover the task up to its end complete it, whatever was said before, unless a part is still held."""
    pieces = [evidence_of(piece) for piece in [ATTEMPT, TASK_STARTED, *story]]
    if len(fold(pieces).attempts) > 1:
        return  # a second attempt has its own task; its state counts
    late = [callback(802, {"Status": 1}, 30_000), mp4_stop(0, 40_000, "late.mp4", 1, 29_000)]
    told = decide(ACCEPTED, fold([*pieces, *map(evidence_of, late)]))
    is_held = any(parts.held(task) is not None for task in told.evidence.tasks.values())
    assert (State.UPLOADING if is_held else State.COMPLETED) is told.state


SHAPES = ["0", "1", "a.mp4", '["a.m3u8"]', '{"FileName":"a.mp4"}', 1_767_225_600, "1767225600000", 10**40]
INNER = ["FileName", "FileId", "StartTimeStamp", "EndTimeStamp", "x"]
FIELDS = ["Status", "LeaveCode", "FileList", "FileMessage", "TencentVod", "EventMessage", "Errmsg", "Url", "ErrorMsg"]
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.sampled_from(SHAPES))
odd = json_values(plain, st.sampled_from(INNER), most=4)
infos = st.fixed_dictionaries(
    {"EventMsTs": odd, "Payload": st.one_of(odd, st.dictionaries(st.sampled_from(FIELDS), odd, max_size=6))}
)


@given(st.lists(st.tuples(kinds, infos), max_size=4))
def test_whatever_a_callback_holds_makes_a_document(events: list[tuple[int, dict[str, Any]]]) -> None:
    """Any JSON in any field: never an exception, always a document that can be stored and read back, in any order."""
    envelopes = [{"EventGroupId": 3, "EventType": kind, "EventInfo": {"TaskId": TASK, **info}} for kind, info in events]
    told = [parse_callback(json.dumps(envelope).encode()) for envelope in envelopes]
    pieces = [evidence_of_callback(event) for event in told]
    known = fold([*map(evidence_of, [ATTEMPT, TASK_STARTED]), *pieces])
    body = decide(ACCEPTED, known).model_dump_json(exclude_none=True).encode()
    assert known == Evidence.model_validate(json.loads(body)["evidence"])
    assert {event.name for event in told} <= known.facts.keys()
    assert body == decide(ACCEPTED, fold([*pieces[::-1], known])).model_dump_json(exclude_none=True).encode()


@given(st.lists(st.integers(1, 5), min_size=1), st.randoms(use_true_random=False))
def test_an_attempt_that_was_made_again_says_so(times: list[int], chance: random.Random) -> None:
    """Each time may have begun a task; the same fact twice is one time, and the order says nothing."""
    pieces = [evidence_of(facts.attempted(1, ms)) for ms in times]
    halves = [fold(chance.sample(pieces, len(pieces))), fold(pieces[:1])]
    (attempt,) = fold(halves).attempts.values()
    assert (min(times), max(times) if len(set(times)) > 1 else None) == (attempt.at_ms, attempt.again_ms)


@pytest.mark.parametrize(("name", "state"), [("1-completed", "completed"), ("1-failed-again", "failed")])
def test_what_a_notification_tells_is_known_of_releases_that_did_not_store_it(name: str, state: str) -> None:
    """Of a fact, and of a document."""
    told = evidence_of(facts.notified(1, f"r-{name}", 1, None))
    held = told.model_dump(exclude_none=True)
    del held["notifications"][f"r-{name}"]["state"]
    assert [state, state] == [one.notifications[f"r-{name}"].state for one in (told, Evidence.model_validate(held))]
