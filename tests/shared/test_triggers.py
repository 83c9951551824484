"""SCF's events as the trigger documents show them, turned into values."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from shared.domain.errors import MalformedJson
from shared.triggers import (
    CosEvent,
    CosObject,
    Doctor,
    HttpRequest,
    HttpResponse,
    Replay,
    Tick,
    UnknownTriggerError,
    parse,
)
from tests.events import load

APPID = "1253970226"


def http(event: object) -> HttpRequest:
    """Parse an event that is an HTTP call."""
    trigger = parse(event)  # type: ignore[arg-type]  # whatever comes
    assert isinstance(trigger, HttpRequest)
    return trigger


def cos(event: dict[str, Any]) -> tuple[CosObject, ...]:
    """Parse an event that is COS's."""
    trigger = parse(event)
    assert isinstance(trigger, CosEvent)
    return trigger.created


def test_function_url() -> None:
    """A Function URL's call: text body as its bytes, the client from its header."""
    expected = HttpRequest(
        method="POST",
        path="/recordings",
        headers=load("function_url_start")["headers"],
        query={},
        body='{"RecordUrl": "https://live.example.com/room/1?seat=甲"}'.encode(),
        client="203.0.113.7:51234",
    )
    assert expected == http(load("function_url_start"))


def test_api_gateway() -> None:
    """An API Gateway call: headers whatever their case, the real query, the client from the context, the stage kept."""
    request = http(load("api_gateway_get"))
    assert ("GET", "/release/recordings/lesson-42", b"") == (request.method, request.path, request.body)
    assert "Bearer 0123456789abcdef" == request.headers["authorization"]
    assert {"verbose": "1"} == request.query
    assert "203.0.113.9" == request.client


def test_base64_body() -> None:
    """A body marked as base64 is decoded: these are the bytes that were signed."""
    request = http(load("api_gateway_base64_callback"))
    assert b'{"EventGroupId":8,"EventType":801}' == request.body
    assert ("c2lnbmF0dXJl", "1400000001") == (request.headers["sign"], request.headers["sdkappid"])


@pytest.mark.parametrize("mark", [False, None, "absent", "true", 1, "false"])
def test_body_that_merely_looks_like_base64(mark: object) -> None:
    """Only isBase64Encoded: true says that a body is base64; what merely looks like it stays."""
    event = load("api_gateway_base64_callback")
    event["isBase64Encoded"] = mark
    if mark == "absent":
        del event["isBase64Encoded"]
    assert event["body"].encode() == http(event).body


@pytest.mark.parametrize("body", ["not base64!", "abc", "签名", "e30=\n"])
def test_bad_base64(body: str) -> None:
    """A body marked as base64 that is not is the caller's error."""
    with pytest.raises(MalformedJson, match="base64"):
        parse({"httpMethod": "POST", "body": body, "isBase64Encoded": True})


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\x00\x80", "录".encode()])
def test_base64_bytes(raw: bytes) -> None:
    """Bytes that are no text come through base64 unchanged."""
    assert raw == http({"httpMethod": "POST", "body": base64.b64encode(raw).decode(), "isBase64Encoded": True}).body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, b""),
        ("", b""),
        ('{"a":\t1}\n', b'{"a":\t1}\n'),
        ("录", "录".encode()),
        ("\ud800", b"\xed\xa0\x80"),
        ({"a": [1]}, b'{"a": [1]}'),
        ([], b"[]"),
    ],
)
def test_body(body: object, expected: bytes) -> None:
    """Text is its UTF-8 bytes, untouched; a body that was parsed on the way is written out again."""
    assert expected == http({"httpMethod": "POST", "body": body}).body


def test_bare_http_event() -> None:
    """Nothing but a method is still a call."""
    expected = HttpRequest(method="GET", path="/", headers={}, query={}, body=b"", client="")
    assert expected == http({"httpMethod": "get"})
    assert expected == http({"httpMethod": "GET", "path": None, "headers": None, "queryString": None, "body": None})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"queryString": {"a": "1"}}, {"a": "1"}),
        ({"queryStringParameters": {"a": "2"}}, {"a": "2"}),
        ({"queryString": {"a": "1"}, "queryStringParameters": {"a": ""}}, {"a": "1"}),
        ({"queryString": {"a": 1}}, {"a": "1"}),
        ({"queryString": "a=1&a=2&b=%E5%BD%95"}, {"a": "1,2", "b": "录"}),
        ({"queryString": "?a=1"}, {"a": "1"}),
        ({"queryString": "&".join(["a=1"] * 101)}, {}),
        ({"queryString": 7}, {}),
        ({"queryString": {}, "queryStringParameters": "a=1"}, {"a": "1"}),
        (
            {"queryString": {"a": ["1", "2", "1"], "b": [], "c": None, "d": True, "e": {"f": 1}}},
            {"a": "1,2", "d": "true"},
        ),
        ({"path": "/x?a=1&a=2&b=", "queryString": {"b": "3"}}, {"a": "1,2", "b": "3"}),
    ],
)
def test_query(fields: dict[str, Any], expected: dict[str, str]) -> None:
    """queryString is the query; queryStringParameters stands in where it is missing."""
    assert expected == http({"httpMethod": "GET", **fields}).query


@pytest.mark.long
def test_values_without_end_are_read_once_each() -> None:
    """Whoever knows no token may repeat a parameter or a header as often as an event is large."""
    many = [str(number) for number in range(200_000)] * 2
    request = http({"httpMethod": "GET", "path": "/healthz", "headers": {"X": many}, "queryString": {"a": many}})
    assert (200_000, 200_000) == (len(request.query["a"].split(",")), len(request.headers["x"].split(", ")))


def test_cos_object_created() -> None:
    """A created object: the SDK's bucket name, and its key without the /appid/bucket/ in front."""
    (created,) = cos(load("cos_object_created"))
    assert (f"jobs-{APPID}", "ap-guangzhou", ("in/lesson.json",)) == (created.bucket, created.region, created.keys)
    assert load("cos_object_created")["Records"][0]["cos"]["cosObject"]["size"] == created.size


def test_cos_encoded_key() -> None:
    """Whether keys are URL-encoded is not documented: both spellings are given, raw first; so is no region."""
    (created,) = cos(load("cos_object_created_encoded"))
    assert (f"jobs-{APPID}", None, ("in/%E8%AF%BE%201.json", "in/课 1.json")) == (
        created.bucket, created.region, created.keys,
    )  # fmt: skip


def test_cos_object_removed() -> None:
    """A removed object asks for nothing."""
    assert () == cos(load("cos_object_removed"))


def test_cos_several_records() -> None:
    """Of several records, the created objects come in order, however they were created."""
    created = cos(load("cos_several_records"))
    assert [("in/a.json",), ("in/b.jsonl",)] == [one.keys for one in created]


@pytest.mark.parametrize(
    ("name", "key", "bucket", "expected"),
    [
        ("jobs", f"/{APPID}/jobs/a/b.json", f"jobs-{APPID}", "a/b.json"),
        ("jobs", "a/b.json", f"jobs-{APPID}", "a/b.json"),
        ("jobs", f"/{APPID}/other/a.json", f"jobs-{APPID}", f"{APPID}/other/a.json"),
        ("jobs", f"/{APPID}/jobs//{APPID}/jobs/a", f"jobs-{APPID}", f"/{APPID}/jobs/a"),
        ("jobs", f"/{APPID}/jobs-{APPID}/a", f"jobs-{APPID}", "a"),
        (f"jobs-{APPID}", f"/{APPID}/jobs-{APPID}/a", f"jobs-{APPID}", "a"),
        ("my-jobs", f"/{APPID}/my-jobs/a", f"my-jobs-{APPID}", "a"),
    ],
)
def test_cos_names(name: str, key: str, bucket: str, expected: str) -> None:
    """A bucket's name gets its appid once, and only its own prefix is taken off a key."""
    event = load("cos_object_created")
    event["Records"][0]["cos"]["cosBucket"]["name"] = name
    event["Records"][0]["cos"]["cosObject"]["key"] = key
    assert [(bucket, expected)] == [(one.bucket, one.keys[0]) for one in cos(event)]


def test_cos_event_without_objects() -> None:
    """Records that are none of COS's, or nothing at all, hold no objects."""
    assert () == cos({"Records": []})
    assert () == cos(load("cmq_message"))
    assert () == cos({"Records": [None, "cos", 1]})


@pytest.mark.parametrize("name", [None, 7, ["cos:ObjectCreated:Put"], {}])
def test_a_record_that_does_not_say_what_happened_is_counted(name: object) -> None:
    """So are records that are no objects; a deletion is left out as before, without being counted."""
    odd = load("cos_object_created")["Records"][0]
    odd["event"]["eventName"] = name
    trigger = parse({"Records": [odd, None, "cos", *load("cos_object_removed")["Records"]]})
    assert CosEvent((), 3) == trigger


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("cosBucket", None), ("cosBucket", "jobs"), ("cosBucket", {"name": "jobs"}), ("cosObject", None),
        ("cosBucket", {"name": "evil.example/", "appid": "1"}), ("cosBucket", {"name": "a@b", "appid": "1"}),
        ("cosBucket", {"name": "jobs", "appid": "1.evil.example/#"}), ("cosBucket", {"name": "Jobs\n", "appid": "1"}),
        ("cosObject", {}), ("cosObject", {"key": None}), ("cosObject", {"key": ""}), ("cosObject", ["a"]),
    ],
)  # fmt: skip
def test_a_record_of_another_shape_costs_only_itself(where: str, value: object) -> None:
    """It is counted, and the objects of the other records are there."""
    event = load("cos_several_records")
    good = len(cos(event))
    odd = load("cos_object_created")["Records"][0]
    odd["cos"][where] = value
    parsed = parse({"Records": [odd, *event["Records"]]})
    assert isinstance(parsed, CosEvent)
    assert (good, 1) == (len(parsed.created), parsed.unread)


@pytest.mark.parametrize(
    "region", ["x.evil.example/#", "a@b", "ap-guangzhou:8080", " ap-guangzhou", 7, ["gz"], None, ""]
)
def test_a_region_that_is_none_is_not_believed(region: object) -> None:
    """It becomes part of the host that the role's token is sent to; the deployment's own region is taken."""
    event = load("cos_object_created")
    event["Records"][0]["cos"]["cosBucket"]["cosRegion"] = region
    assert [None] == [one.region for one in cos(event)]


@pytest.mark.parametrize(
    ("size", "expected"), [(12, 12), ("12", 12), (None, None), ("", None), ("-1", None), ([], None)]
)
def test_sizes(size: object, expected: int | None) -> None:
    """Bytes as a number or as text; what is neither is not known."""
    event = load("cos_object_created")
    event["Records"][0]["cos"]["cosObject"]["size"] = size
    assert [expected] == [one.size for one in cos(event)]


def test_timer() -> None:
    """A timer's event is a tick with the trigger's name."""
    assert Tick("tick") == parse(load("timer"))
    assert Tick("") == parse({"Type": "Timer"})


def test_doctor() -> None:
    """Asked for in so many words; an HTTP call can't ask for it."""
    assert isinstance(parse({"doctor": True}), Doctor)
    assert isinstance(parse({"httpMethod": "GET", "doctor": True}), HttpRequest)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"doctor": False},
        {"doctor": "true"},
        {"Type": "Kafka"},
        {"Records": "x"},
        {"hello": "world"},
        [],
        None,
        1,
        "httpMethod",
    ],
)
def test_unknown_event(event: Any) -> None:
    """Any other JSON, as an invocation by hand may send it, is no trigger of ours."""
    with pytest.raises(UnknownTriggerError):
        parse(event)


@pytest.mark.parametrize("wanted", [[], None, 5, "k1", {"k1": 1}, ["k1", 5], [[]], True])
def test_a_replay_of_nothing_known_is_refused(wanted: object) -> None:
    """Only "all" means all, and a name is not its letters."""
    with pytest.raises(UnknownTriggerError, match="list of recording ids"):
        parse({"replay": wanted})
    assert Replay(("k1", "k2")) == parse({"replay": ["k1", "k2"]})
    assert Replay(()) == parse({"replay": "all"})


def test_unknown_event_names_keys_only() -> None:
    """The error names the event's keys and none of its values."""
    with pytest.raises(UnknownTriggerError, match="'password'") as error:
        parse({"password": "hunter2"})
    assert "hunter2" not in str(error.value)


def test_reply() -> None:
    """A reply is JSON unless said otherwise, in the shape that both HTTP triggers want back."""
    expected = {
        "isBase64Encoded": False,
        "statusCode": 201,
        "headers": {
            "Content-Type": "application/json; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
            "Location": "/recordings/a",
        },
        "body": "{}",
    }
    assert expected == HttpResponse(201, "{}", {"Location": "/recordings/a"}).to_event()
    text = HttpResponse(200, "", {"Content-Type": "text/plain"}).to_event()
    assert "text/plain" == text["headers"]["Content-Type"]
    assert text == json.loads(json.dumps(text))


def test_a_reply_can_always_be_sent() -> None:
    """Half a character, which JSON may hold, is sent as the escape that it came as: the reply is UTF-8."""
    held = json.loads(r'{"Name": "\ud800.mp4", "Whole": "录"}')
    body = HttpResponse(200, json.dumps(held, ensure_ascii=False)).to_event()["body"]
    assert held == json.loads(body.encode())
