"""TRTC's webhooks, read tolerantly: whatever was signed becomes a callback with a name of its own."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.callbacks import Callback, Event, number, parse_callback
from tests.anything import json_values
from tests.events import load

MS = 1_767_225_700_100


def body(**changes: object) -> bytes:
    """Return a recorder's start event, with changes to EventInfo."""
    info = {"EventMsTs": MS, "EventTs": MS // 1000, "TaskId": "task", "Payload": {"Status": 1}, **changes}
    return json.dumps({"EventGroupId": 8, "EventType": 801, "CallbackTs": MS + 80, "EventInfo": info}).encode()


def test_documented_callback() -> None:
    """A real event 310 is read whole, its TaskId without the suffix that would break the join."""
    document = load("callback_mp4_stop")
    callback = parse_callback(json.dumps(document).encode())
    assert (3, 310, MS, 0, True) == (callback.group, callback.type, callback.event_ms, callback.status, callback.known)
    assert document["EventInfo"]["TaskId"].removesuffix("_StartTimeMs_1767225600000") == callback.task_id
    assert document["EventInfo"]["Payload"] == callback.payload
    assert callback.name.startswith(f"{MS}-310-")


@pytest.mark.parametrize(
    "words",
    [
        "页面打不开".encode()[:-1],
        "页面打不开".encode()[:-2],
        "页面打不开".encode("gbk"),
        "誠".encode("gbk"),  # its second byte is a backslash
        b"line\nline\tand \x07",
        b"\xff\x00\xfe",
    ],
    ids=["cut by one byte", "cut by two", "GBK", "GBK with a backslash", "raw line break", "no text at all"],
)
@pytest.mark.parametrize("end", [b"", b"\0", b"\r\n\0\0"])
def test_words_in_any_bytes_hide_nothing_beside_them(words: bytes, end: bytes) -> None:
    """What happened to which task, and when, is read; the words may come out damaged."""
    sent = body(Payload={"Status": 1, "EventMessage": "WORDS"}).replace(b"WORDS", words) + end
    callback = parse_callback(sent)
    assert (801, "task", MS, 1) == (callback.type, callback.task_id, callback.event_ms, callback.status)
    assert callback == parse_callback(sent), "a resend"


def test_a_payload_in_json_text_may_have_raw_line_breaks() -> None:
    """It is read all the same."""
    assert 1 == parse_callback(body(Payload='{"Status":1,"EventMessage":"a\nb"}')).status


@given(st.one_of(st.integers(), st.text(max_size=5), st.none(), st.just("absent")))
def test_resends_share_a_name(callback_ts: object) -> None:
    """A resend differs in CallbackTs alone, whatever that holds, and is the same fact."""
    document = load("callback_mp4_stop")
    first = parse_callback(json.dumps(document).encode())
    document["CallbackTs"] = callback_ts
    if callback_ts == "absent":
        del document["CallbackTs"]
    assert first == parse_callback(json.dumps(document, indent=3).encode())


def paths(document: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything in the document but CallbackTs."""
    inner: Any = ()
    if isinstance(document, dict):
        inner = [(name, value) for name, value in document.items() if name != "CallbackTs"]
    elif isinstance(document, list):
        inner = list(enumerate(document))
    return [path for name, value in inner for path in ((*here, name), *paths(value, (*here, name)))]


@pytest.mark.parametrize("path", paths(load("callback_mp4_stop")), ids=str)
@pytest.mark.parametrize("value", [None, 7, "changed", "delete"])
def test_any_other_change_is_another_fact(path: tuple[str | int, ...], value: object) -> None:
    """Two events that differ in anything but CallbackTs are two facts."""
    original = load("callback_mp4_stop")
    changed = copy.deepcopy(original)
    inner: Any = changed
    for part in path[:-1]:
        inner = inner[part]
    if value == "delete":
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    assert parse_callback(json.dumps(original).encode()).name != parse_callback(json.dumps(changed).encode()).name


def test_nested_callback_ts_counts() -> None:
    """Only the envelope's CallbackTs is the time of sending."""
    assert parse_callback(body(CallbackTs=1)).name != parse_callback(body(CallbackTs=2)).name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (801, 801), ("801", 801), (" 801 ", 801), ("-3", -3), (0, 0), ("0", 0), (801.0, 801), (10**30, 10**30),
        (True, None), (False, None), (None, None), (801.5, None), (float("nan"), None), (float("inf"), None),
        ("", None), ("801.0", None), ("0x321", None), ("８０１", None), ("eight", None), ("1" * 21, None),
        ([801], None), ({}, None),
    ],
)  # fmt: skip
def test_number(value: object, expected: int | None) -> None:
    """Numbers come as numbers or as decimal text; anything else is no number."""
    assert expected == number(value)


def test_numbers_as_text() -> None:
    """An event whose numbers are all strings means the same."""
    info = {"EventMsTs": str(MS), "TaskId": "task", "Payload": {"Status": "2"}}
    text = json.dumps({"EventGroupId": "8", "EventType": "803", "CallbackTs": "1", "EventInfo": info})
    callback = parse_callback(text.encode())
    assert (8, 803, MS, 2) == (callback.group, callback.type, callback.event_ms, callback.status)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, MS),
        ({"EventMsTs": None}, MS // 1000 * 1000),
        ({"EventMsTs": None, "EventTs": str(MS // 1000)}, MS // 1000 * 1000),
        ({"EventMsTs": 0}, MS // 1000 * 1000),
        ({"EventMsTs": None, "EventTs": None}, 0),
        ({"EventMsTs": "soon", "EventTs": "later"}, 0),
        ({"EventMsTs": -1, "EventTs": None}, 0),
        ({"EventMsTs": 10**13, "EventTs": None}, 0),
        ({"EventMsTs": 10**13 - 1}, 10**13 - 1),
        ({"EventMsTs": 10**400, "EventTs": None}, 0),
        ({"EventMsTs": 10**400}, MS // 1000 * 1000),
        ({"EventMsTs": MS // 1000}, MS // 1000 * 1000),
        ({"EventMsTs": str(MS // 1000)}, MS // 1000 * 1000),
        ({"EventMsTs": f"{MS / 1000:.3f}"}, MS),
        ({"EventMsTs": MS / 1000}, MS),
        ({"EventMsTs": None, "EventTs": MS}, MS),
        ({"EventMsTs": True, "EventTs": False}, 0),
        ({"EventMsTs": float("nan"), "EventTs": float("inf")}, 0),
    ],
)
def test_time_of_the_event(changes: dict[str, object], expected: int) -> None:
    """EventMsTs, else EventTs, in seconds or milliseconds, else 0; what would not fit its place in a key is no time."""
    callback = parse_callback(body(**changes))
    assert expected == callback.event_ms
    assert callback.name.startswith(f"{expected:013d}-801-")


@pytest.mark.parametrize(
    ("event_type", "payload", "status"),
    [
        (801, {"Status": 5}, 5),
        (305, {"LeaveCode": 2}, 2),
        (305, {"Status": 0, "LeaveCode": 1}, 1),
        (305, {"Status": 0}, 0),
        (305, {"Status": "1"}, 1),
        (305, {"Status": 1, "LeaveCode": 0}, 1),
        (305, {"Status": 0, "LeaveCode": 2}, 2),
        (305, {"Status": 0, "LeaveCode": None}, 0),
        (305, {"Status": "x", "LeaveCode": "0"}, 0),
        (305, {"Status": True}, None),
        (305, {"Status": 10**30}, None),
        (305, {}, None),
        (310, {"LeaveCode": 1}, None),
        (310, {}, None),
        (310, {"Status": "many"}, None),
    ],
)
def test_status(event_type: int, payload: dict[str, Any], status: int | None) -> None:
    """What an event reports is Status; for UPLOAD_STOP LeaveCode as well, and of two that differ the careful one."""
    document = {"EventGroupId": 3, "EventType": event_type, "EventInfo": {"Payload": payload}}
    assert status == parse_callback(json.dumps(document).encode()).status


@pytest.mark.parametrize("event_type", [303, 304, 305, 307, 310, 311, 312, 401, 801, 802, 803, 804])
def test_documented_types_are_known(event_type: int) -> None:
    """Every documented type is known, by its number."""
    assert event_type == Event(event_type).value
    assert parse_callback(json.dumps({"EventType": event_type}).encode()).known


@pytest.mark.parametrize("event_type", [204, 306, 805, 999_999_999])
def test_unknown_type_is_kept(event_type: int) -> None:
    """An unknown type, with fields nobody knows, is kept with its task."""
    document = {
        "EventGroupId": 99,
        "EventType": event_type,
        "New": [1],
        "EventInfo": {"TaskId": "t", "Payload": {"x": 1}},
    }
    callback = parse_callback(json.dumps(document).encode())
    assert (99, event_type, False, "t", {"x": 1}) == (
        callback.group, callback.type, callback.known, callback.task_id, callback.payload,
    )  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"not json", b"null", b"true", b"1", b'"text"', b"[]", b'[{"EventType":801}]', b"{",
        b'{"EventType":801', b"\xff\xfe\x00", b"\x00" * 8, b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000,
        b'{"EventType":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)  # fmt: skip
def test_not_an_object(raw: bytes) -> None:
    """What is not a JSON object, but was signed, is kept as a callback of nothing, named by its bytes."""
    callback = parse_callback(raw)
    assert (0, 0, "", 0, {}) == (
        callback.group, callback.type, callback.task_id, callback.event_ms, callback.payload,
    )  # fmt: skip
    assert callback.name != parse_callback(raw + b" ").name


@pytest.mark.parametrize("info", [None, 1, "text", [], {"TaskId": 5, "Payload": []}, {"TaskId": None, "Payload": "x"}])
def test_odd_event_info(info: object) -> None:
    """An EventInfo of another shape is read as an empty one; the type still counts."""
    callback = parse_callback(json.dumps({"EventGroupId": 8, "EventType": 802, "EventInfo": info}).encode())
    assert (8, 802, "", {}) == (callback.group, callback.type, callback.task_id, callback.payload)


@pytest.mark.parametrize(
    "value", ["1e308", "1" + "0" * 4000, "NaN", "-Infinity", "-5", "1e9", "true", '"../../x"', "{}"]
)
def test_type_that_fits_no_key(value: str) -> None:
    """A type that is no plausible number is 0: it is part of an object's key, which is short and in its folder."""
    assert 0 == parse_callback(f'{{"EventType":{value}}}'.encode()).type


@pytest.mark.parametrize("depth", range(900, 1000, 9))
def test_deep_nesting(depth: int) -> None:
    """Nesting around the interpreter's own limit is read or kept as it is, and never raises."""
    raw = b'{"EventType":801,"deep":' + b"[" * depth + b"]" * depth + b"}"
    assert parse_callback(raw).type in (0, 801)


values = json_values(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)))
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "EventGroupId": values,
        "EventType": values,
        "CallbackTs": values,
        "EventInfo": st.one_of(
            values,
            st.fixed_dictionaries({}, optional=dict.fromkeys(("EventMsTs", "EventTs", "TaskId", "Payload"), values)),
        ),
    },
).map(lambda document: json.dumps(document).encode())


@given(st.one_of(st.binary(max_size=80), envelopes, values.map(lambda value: json.dumps(value).encode())))
@example(b'{"EventInfo":{"TaskId":"\\ud800"}}')
@example(b'{"EventType":1e400,"EventInfo":{"EventMsTs":1e400,"EventTs":-1e400}}')
def test_never_raises(raw: bytes) -> None:
    """Any bytes become a callback whose name and task are short and safe in a key."""
    callback = parse_callback(raw)
    assert isinstance(callback, Callback)
    assert re.fullmatch(r"\d{13}-\d{1,9}-[0-9a-f]{16}", callback.name)
    assert re.fullmatch(r"[A-Za-z0-9_~-]{1,400}", callback.task_key)
    assert callback == parse_callback(raw)
    assert callback.status is None or isinstance(callback.status, int)
