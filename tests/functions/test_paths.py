"""Calls as gateways hand them over, whatever they hold: through the function's own handler, over fakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.steps import Timing
from shared.usecases.look import ReconcilePorts
from testing.callbacks import callback
from tests.anything import json_values
from tests.events import load
from tests.examples import at_most
from tests.invoked import Functions
from tests.world import World

TOKEN = "0123456789abcdef"


class NoNotifier:
    """Nobody is told."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        """Take it."""


class Api:
    """The deployed API in memory, asked with events."""

    def __init__(self) -> None:
        self.world, self.lines = World(), list[str]()
        self.functions = Functions(self.lines.append, {"alice": SecretStr(TOKEN)})

    def __call__(self, event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers; JSON comes back read."""
        ports = ReconcilePorts(
            **vars(self.world.ports),
            notifier=NoNotifier(),
            timing=Timing(),
            sleep=lambda _s: None,
            pace=lambda: None,
            pace_start=lambda: None,
        )
        reply = self.functions.http(event, ports)
        is_json = "json" in reply["headers"]["Content-Type"] and reply["body"]
        return reply["statusCode"], json.loads(reply["body"]) if is_json else reply["body"], reply["headers"]


@pytest.fixture
def api() -> Api:
    return Api()


def event(method: str, path: str, **fields: Any) -> dict[str, Any]:
    """A Function URL's event."""
    return {"httpMethod": method, "path": path, "headers": {"authorization": f"Bearer {TOKEN}"}, **fields}


BODY = json.dumps({"RecordUrl": "https://example.com/"})


def test_under_a_base_path_named_like_a_route(api: Api) -> None:
    """It starts, is listed and shown there, and its address has the base path in front."""
    base_path = load("api_gateway_base_path")
    status, started, headers = api(base_path)
    assert (201, f"/recordings/recordings/{started['recording_id']}") == (status, headers["Location"])
    status, page, _ = api({**base_path, "httpMethod": "GET"})
    assert (200, [started["recording_id"]]) == (status, [one["recording_id"] for one in page["recordings"]])
    status, shown, _ = api({**base_path, "httpMethod": "GET", "path": headers["Location"]})
    assert (200, started["recording_id"]) == (status, shown["recording_id"])


def test_the_address_of_a_new_recording_keeps_the_stage(api: Api) -> None:
    """And it leads to the recording."""
    status, started, headers = api(load("api_gateway_header_lists"))
    assert (201, f"/release/recordings/{started['recording_id']}") == (status, headers["Location"])
    assert 200 == api(event("GET", headers["Location"]))[0]


def test_a_key_in_a_list_is_the_key(api: Api) -> None:
    """As are a token that came twice, and headers that stand among the parameters."""
    status, started, _ = api(load("api_gateway_header_lists"))
    assert (201, "lesson-42", "0af7651916cd43dd8448eb211c80319c") == (
        status,
        started["recording_id"],
        started["trace_id"],
    )
    again = load("api_gateway_header_lists")
    again["headerParameters"] |= {"Idempotency-Key": again["headers"].pop("Idempotency-Key")}
    assert (200, "lesson-42") == (api(again)[0], api(again)[1]["recording_id"])


def test_queries_in_lists_are_read(api: Api) -> None:
    """Any of the states, all of the labels."""
    labels = {"room": "4711", "team": "7"}
    for key, named in (("both", labels), ("one", {"room": "4711"})):
        wanted = {"RecordUrl": "https://example.com/", "RecordingId": key, "Labels": named}
        api(event("POST", "/recordings", body=json.dumps(wanted)))
    lists = load("api_gateway_query_lists")
    lists["queryString"]["state"] += ["starting", "recording"]
    status, page, _ = api(lists)
    assert (200, ["both"]) == (status, [one["recording_id"] for one in page["recordings"]])
    lists["queryString"]["state"] = ["completed"]
    assert [] == api(lists)[1]["recordings"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Authorization", [f"Bearer {TOKEN}", "Bearer another-token-of-16"]),
        ("Idempotency-Key", ["one", "two"]),
        ("content-type", ["application/json", "text/plain"]),
    ],
)
def test_a_header_with_two_values_is_refused(api: Api, name: str, values: list[str]) -> None:
    """400 that names the header: with either value it would be another call. Nothing starts."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    if name == "Authorization":
        headers.clear()
    status, told, _ = api(event("POST", "/recordings", body=BODY, headers={**headers, name: values}))
    assert (400, "urn:scf-webrecord:problem:repeated-header") == (status, told["type"])
    assert name.lower() in told["detail"]
    assert not api.world.trtc.started


def test_the_same_header_in_two_spellings_has_both_values(api: Api) -> None:
    """Names are compared without their case."""
    headers = {"authorization": f"Bearer {TOKEN}", "Idempotency-Key": "one", "idempotency-key": "two"}
    assert 400 == api(event("POST", "/recordings", body=BODY, headers=headers))[0]
    headers["idempotency-key"] = "one"
    assert "one" == api(event("POST", "/recordings", body=BODY, headers=headers))[1]["recording_id"]


def test_a_query_behind_the_path_counts(api: Api) -> None:
    """Where `queryString` says nothing of the name."""
    assert 422 == api(event("GET", "/recordings?limit=0"))[0]
    assert 200 == api(event("GET", "/recordings?limit=0", queryString={"limit": 5}))[0]
    assert 200 == api(event("GET", "/recordings?limit=5&limit=5"))[0]
    assert 422 == api(event("GET", "/recordings?limit=5&limit=6"))[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/recordings", 200),
        ("Post", "/healthz", 405),
        ("HEAD", "/recordings", 200),
        ("head", "/nothing", 404),
        ("OPTIONS", "/recordings/x/stop", 204),
        ("OPTIONS", "//recordings", 404),
        ("TRACE", "/recordings", 405),
        ("", "/recordings", 405),
        ("GET", "/recordings/", 200),
        ("GET", "/recordings//", 404),
        ("GET", "/recordings/..", 404),
        ("GET", "/recordings/%2e%2e", 404),
        ("GET", "/record%69ngs", 200),
        ("GET", f"/{'x' * 100_000}", 404),
        ("GET", "/" * 100_000, 404),
        ("DELETE", "//other.example/console", 404),
    ],
)
def test_paths_and_methods(api: Api, method: str, path: str, status: int) -> None:
    """404 for what is no route, 405 for what has no such method; a problem stays short."""
    found, body, headers = api(event(method, path))
    assert status == found
    assert len(json.dumps(body)) < 2_000
    assert ("Allow" in headers) == (status in (204, 405))


def test_very_many_wrong_fields_are_not_all_told(api: Api) -> None:
    """The first hundred, and how many more there are; the reply and the log line stay short."""
    labels = {f"bad name {number}": 1 for number in range(30_000)}
    status, told, _ = api(event("POST", "/recordings", body=json.dumps(labels)))
    assert (422, 100) == (status, len(told["errors"]))
    assert told["more_errors"] >= 29_900
    assert told["detail"].endswith(f"and {told['more_errors']} more")
    assert len(json.dumps(told)) < 100_000
    status, told, _ = api(
        event("POST", "/recordings", body=json.dumps({"RecordUrl": "https://a.example/", "Labels": labels}))
    )
    assert 422 == status
    assert 0 < len(told["errors"]) < 40
    assert max(map(len, api.lines)) < 8_000


@pytest.mark.long
def test_a_reply_that_is_too_large_is_refused_in_words(api: Api) -> None:
    """Instead of the platform's own error."""
    started = api(event("POST", "/recordings", body=BODY))[1]
    task_id = started["task_id"]
    names = [f"{number:05d}_{'f' * 800}.mp4" for number in range(5_000)]
    api.world.receive(callback(304, {"FileList": names}, api.world.clock.now, task_id))
    status, told, _ = api(event("GET", f"/recordings/{started['recording_id']}"))
    assert (413, "urn:scf-webrecord:problem:reply-too-large") == (status, told["type"])
    assert 200 == api(event("GET", "/recordings"))[0]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
SHORT = st.text(max_size=8)
ANYTHING = json_values(SCALARS, SHORT)
HEADERS = ["Authorization", "authorization", "idempotency-key", "Content-Type", "if-none-match", "origin"]
QUERIES = ["name", "state", "label", "limit", "cursor", "file", "after", "timeout", "files", "from", "to"]
NAMES = st.sampled_from([*HEADERS, *QUERIES]) | SHORT
FIELDS = st.dictionaries(NAMES, ANYTHING, max_size=5) | ANYTHING
SEGMENTS = st.sampled_from(
    [
        "recordings",
        "console",
        "healthz",
        "stop",
        "wait",
        "playlist",
        "segment",
        "events",
        "k1",
        "",
        "..",
        "%2e",
        "\\",
        "a?b=c",
        "录",
    ]
)
EVENTS = st.fixed_dictionaries(
    {
        "httpMethod": st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS", "patch"]) | ANYTHING,
        "path": st.lists(SEGMENTS, max_size=5).map(lambda names: "/" + "/".join(names)) | ANYTHING,
    },
    optional={
        "headers": FIELDS,
        "headerParameters": FIELDS,
        "queryString": FIELDS,
        "queryStringParameters": FIELDS,
        "requestContext": st.fixed_dictionaries({"stage": SEGMENTS | ANYTHING, "path": ANYTHING}) | ANYTHING,
        "body": st.just(BODY) | ANYTHING,
        "isBase64Encoded": ANYTHING,
    },
)


@settings(max_examples=at_most(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS, st.booleans())
def test_no_event_whatever_is_our_error(given_event: dict[str, Any], signed_in: bool) -> None:
    """Any JSON in any place of an HTTP event gets a reply that is none of 5xx."""
    if signed_in:
        headers = given_event.get("headers")
        kept = headers.items() if isinstance(headers, dict) else ()
        others = {name: value for name, value in kept if name.lower() != "authorization"}
        given_event = {**given_event, "headers": {**others, "authorization": f"Bearer {TOKEN}"}}
    status, _, _ = Api()(given_event)
    assert 200 <= status < 500


@pytest.mark.parametrize("path", ["/recordings", "/recordings/mine/stop"])
@pytest.mark.parametrize(
    "headers", [{}, {"content-type": "text/plain"}, {"content-type": "text/plain; application/json"}]
)
def test_no_page_of_another_site_starts_or_stops(path: str, headers: dict[str, str]) -> None:
    """An API without tokens takes no POST that a browser sends for any page without asking."""
    api = Api()
    api.functions = Functions(api.lines.append, {"anonymous": SecretStr("")})
    said = {"content-type": "application/json"}
    assert 201 == api(event("POST", "/recordings", body=BODY, headers={**said, "idempotency-key": "mine"}))[0]
    before = dict(api.world.store.objects)
    assert 415 == api(event("POST", path, body=BODY, headers=headers))[0]
    assert before == api.world.store.objects
    assert 202 == api(event("POST", "/recordings/mine/stop", headers=said))[0]


def test_replies_with_links_are_kept_nowhere(api: Api) -> None:
    """No browser or proxy keeps a signed address, and none takes a reply for what it is not."""
    made = api(event("POST", "/recordings", body=BODY))
    path = made[2]["Location"]
    for reply in (made, api(event("GET", path)), api(event("GET", "/recordings")), api(event("GET", f"{path}/events"))):
        assert ("no-store", "nosniff") == (reply[2]["Cache-Control"], reply[2]["X-Content-Type-Options"])
    again = api(
        event(
            "GET",
            path,
            headers={"authorization": f"Bearer {TOKEN}", "if-none-match": api(event("GET", path))[2]["ETag"]},
        )
    )
    assert (304, "no-store") == (again[0], again[2]["Cache-Control"])


def test_the_console_is_sent_in_one_language_and_only_once(api: Api) -> None:
    """By the address or the browser; what a browser has is not sent again, and a cache knows by what it differs."""
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    page, asked, other = (
        api(event("GET", "/release/console", headers=headers, queryString=query))
        for headers, query in ((chinese, {}), ({}, {"lang": "zh"}), (chinese, {"lang": "en"}))
    )
    assert ("zh", "zh", "en") == tuple(reply[2]["Content-Language"] for reply in (page, asked, other))
    assert page[2]["ETag"] == asked[2]["ETag"] != other[2]["ETag"]
    again = api(event("GET", "/release/console", headers={**chinese, "if-none-match": page[2]["ETag"]}))
    assert (304, "Accept-Language", "no-cache") == (again[0], again[2]["Vary"], again[2]["Cache-Control"])
    assert 200 == api(event("GET", "/console", headers={"if-none-match": page[2]["ETag"]}))[0]
