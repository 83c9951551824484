"""A film in parts: `completed` has every part that TRTC named, or says which is missing; `failed` has none."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from shared.domain import facts
from shared.domain.document import decide
from shared.domain.reasons import Code
from shared.domain.states import State
from testing.callbacks import TASK, callback, mp4_stop
from tests.shared.domain.folded import fold
from tests.shared.domain.test_document import ACCEPTED, Story, evidence_of

LINKED: Story = [facts.attempted(1, 10), facts.accepted(1, 20, TASK, "q"), callback(801, {"Status": 1}, 1_000)]
CUT, END, AFTER = 1_800_000, 3_600_000, 3_601_000
OVER = callback(802, {"Status": 1}, END)


def first(status: int, ms: int = CUT) -> bytes:
    """Return what TRTC says of the first half."""
    return mp4_stop(status, ms, "a.mp4", 1_000, CUT)


def second(status: int, ms: int = AFTER) -> bytes:
    """Return what TRTC says of the second half."""
    return mp4_stop(status, ms, "b.mp4", CUT, END)


def vod(status: int, name: str, start_ms: int, end_ms: int) -> bytes:
    """Return event 311 about one half."""
    times = {"StartTimeStamp": start_ms, "EndTimeStamp": end_ms}
    said = {"FileId": name, "VideoUrl": f"https://v.example.com/{name}", **times}
    return callback(311, {"Status": status, "Errmsg": "no", "TencentVod": said}, end_ms + 1_000)


def upload(event_type: int, status: int, ms: int) -> bytes:
    """Return an upload event that names no file."""
    return callback(event_type, {"LeaveCode" if event_type == 305 else "Status": status}, ms)


def seen(*names: str, last: bool = True) -> facts.Fact:
    """Return a look that found these files."""
    return facts.looked(9_000_000, TASK, dict.fromkeys(names, 7), last=last)


NAMED, WHOLE = callback(304, {"FileList": "a.m3u8"}, 1_000), [(1_000, CUT), (CUT, END)]
BOTH, LATER, EARLIER = ["a.mp4", "b.mp4"], [(CUT, END)], [(1_000, CUT)]
VOD_FIRST, VOD_SECOND = vod(2, "v1", 1_000, CUT), vod(0, "v2", CUT, END)
Row = tuple[str, dict[str, Any], Story, State, Code | None, list[str], list[tuple[int, int]]]
TABLE: list[Row] = [
    ("both", {}, [first(0), OVER, second(0)], State.COMPLETED, None, BOTH, []),
    ("first failed", {}, [first(2), OVER, second(0)], State.COMPLETED, Code.UPLOAD_FAILED, ["b.mp4"], EARLIER),
    ("second failed", {}, [first(0), OVER, second(2)], State.COMPLETED, Code.UPLOAD_FAILED, ["a.mp4"], LATER),
    ("failed and there", {}, [first(2), OVER, second(0), seen("a.mp4", last=False)], State.COMPLETED, None, BOTH, []),
    ("failed, then not", {}, [first(2), first(0, AFTER), OVER, second(0)], State.COMPLETED, None, BOTH, []),
    ("both failed", {}, [first(2), OVER, second(2)], State.UPLOADING, Code.UPLOAD_FAILED, [], []),
    ("and are not there", {}, [first(2), OVER, second(2), seen(last=False)], State.FAILED, Code.UPLOAD_FAILED, [], []),
    ("first held", {}, [first(1), OVER, second(0)], State.UPLOADING, None, BOTH, []),
    (
        "held since, which is news",
        {},
        [OVER, second(0), first(1, AFTER + 9)],
        State.COMPLETED,
        Code.FILES_HELD,
        ["b.mp4"],
        EARLIER,
    ),
    (
        "held for good",
        {},
        [first(1), OVER, second(0), seen("b.mp4")],
        State.COMPLETED,
        Code.FILES_HELD,
        ["b.mp4"],
        EARLIER,
    ),
    ("held, then there", {}, [first(1), OVER, second(0), first(0, AFTER)], State.COMPLETED, None, BOTH, []),
    (
        "held, then failed",
        {},
        [first(1), OVER, second(0), first(2, AFTER)],
        State.COMPLETED,
        Code.UPLOAD_FAILED,
        ["b.mp4"],
        EARLIER,
    ),
    ("no upload", {}, [upload(303, 1, 2_000), OVER, seen(last=False)], State.FAILED, Code.UPLOAD_FAILED, [], []),
    ("no upload, then one", {}, [upload(303, 1, 2_000), upload(303, 0, 9_000), OVER], State.UPLOADING, None, [], []),
    (
        "and its film",
        {},
        [upload(303, 1, 2_000), upload(303, 0, 9_000), OVER, seen("a.mp4")],
        State.COMPLETED,
        None,
        ["a.mp4"],
        [],
    ),
    ("VOD", {"place": None}, [VOD_FIRST, OVER, VOD_SECOND], State.COMPLETED, Code.UPLOAD_FAILED, ["v2"], EARLIER),
    (
        "VOD, over",
        {"place": None},
        [OVER, VOD_SECOND, upload(312, 1, AFTER + 9)],
        State.COMPLETED,
        Code.UPLOAD_FAILED,
        ["v2"],
        EARLIER,
    ),
    ("VOD, none", {"place": None}, [OVER, vod(2, "v1", 1_000, END)], State.FAILED, Code.UPLOAD_FAILED, [], []),
    ("HLS", {}, [NAMED, OVER, upload(305, 0, AFTER)], State.COMPLETED, None, ["a.m3u8"], []),
    ("HLS, of its first half", {}, [NAMED, upload(305, 0, CUT), OVER], State.UPLOADING, None, ["a.m3u8"], []),
    ("HLS, held", {}, [NAMED, OVER, upload(305, 1, AFTER), seen("a_1.ts")], State.LOST, Code.FILES_UNPROVEN, [], []),
    (
        "HLS, held since",
        {},
        [NAMED, OVER, upload(305, 0, END), upload(305, 1, AFTER)],
        State.COMPLETED,
        Code.FILES_HELD,
        ["a.m3u8"],
        [],
    ),
    ("HLS, late", {}, [NAMED, OVER, upload(305, 1, END), upload(305, 2, AFTER)], State.COMPLETED, None, ["a.m3u8"], []),
    (
        "named and never seen",
        {},
        [first(0), OVER, callback(310, {"FileList": ["b.mp4"]}, AFTER), seen("a.mp4")],
        State.COMPLETED,
        Code.FILES_UNPROVEN,
        ["a.mp4"],
        LATER,
    ),
]


@pytest.mark.parametrize(
    ("fields", "story", "state", "code", "names", "gaps"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_part_is_there_or_told_missing(
    fields: dict[str, Any],
    story: Story,
    state: State,
    code: Code | None,
    names: list[str],
    gaps: list[tuple[int, int]],
) -> None:
    """In any order of the same events: the state, the reason's code, the files that are there, the time that is not."""
    accepted, linked = ACCEPTED.model_copy(update=fields), [evidence_of(piece) for piece in LINKED]
    for told in permutations([evidence_of(piece) for piece in story]):
        found = decide(accepted, fold([*told, *linked]))
        assert (state, code) == (found.state, found.reason_code)
        assert names == [file.name for file in found.files]
        assert gaps == [(gap.start_ms, gap.end_ms) for gap in found.gaps]
