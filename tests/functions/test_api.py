"""The API whole: from the trigger's event to the reply, over the official SDKs and real sockets to the local cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from functions.recordings import main_handler
from local import scf_events
from local.config import REGION
from shared import __version__, bootstrap
from tests.cloud import RunningCloud

CONTEXT = scf_events.context("recordings", "scf-request-1", 256, 30, REGION)
PAGE_URL = "https://example.com/"
Reply = tuple[int, Any, Mapping[str, str]]
Call = Callable[..., Reply]


@pytest.fixture
def call(deployed: RunningCloud) -> Call:
    """Invoke the handler as a Function URL does; JSON comes back read."""

    def call(
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
        token: str | None = deployed.cloud.keys.api_token,
        **headers: str,
    ) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        data = json.dumps(body).encode() if body is not None else b""
        event = scf_events.function_url_event(method, path, query or {}, sent, data, "203.0.113.7:4711")
        reply = main_handler(event, CONTEXT)
        assert reply is not None
        read = json.loads(reply["body"]) if "json" in reply["headers"]["Content-Type"] and reply["body"] else None
        return reply["statusCode"], reply["body"] if read is None else read, reply["headers"]

    return call


def started(call: Call, key: str, **fields: object) -> dict[str, Any]:
    status, recording, _ = call("POST", "/recordings", {"RecordUrl": PAGE_URL, **fields}, idempotency_key=key)
    assert 201 == status
    return dict(recording)


def completed(call: Call, running: RunningCloud, key: str, **fields: object) -> dict[str, Any]:
    """Record something, stop it and wait for its end."""
    started(call, key, **fields)
    until = time.monotonic() + 120
    while (told := call("GET", f"/recordings/{key}")[1])["state"] != "recording":
        assert time.monotonic() < until, told
        time.sleep(0.05)
    call("POST", f"/recordings/{key}/stop")
    while told["state"] != "completed":
        assert time.monotonic() < until, told
        told = call("GET", f"/recordings/{key}/wait", query={"timeout": "5"})[1]
    running.heard()
    return dict(call("GET", f"/recordings/{key}")[1])


def test_the_film_is_behind_its_url(call: Call, deployed: RunningCloud) -> None:
    """Signed for everybody who has it, in parts too; nobody reads it without the signature."""
    told = completed(call, deployed, "api-film")
    (film,) = told["files"]
    whole = httpx.get(film["url"], timeout=60)
    assert (200, film["size"]) == (whole.status_code, len(whole.content))
    part = httpx.get(film["url"], headers={"Range": "bytes=4-7"}, timeout=60)
    assert (206, whole.content[4:8]) == (part.status_code, part.content)
    assert 403 == httpx.get(film["url"].partition("?")[0], timeout=60).status_code
    assert told["billed_minutes"] >= 1
    assert "recording began" in [one["text"] for one in told["timeline"]]
    assert "evidence" not in told


def test_a_playlist_plays_from_a_private_bucket(call: Call, deployed: RunningCloud) -> None:
    """Every segment it names is there."""
    told = completed(call, deployed, "api-hls", format="hls")
    (film,) = [file for file in told["files"] if file["name"].endswith(".m3u8")]
    path, _, name = film["playlist_url"].partition("?file=")
    status, body, headers = call("GET", f"/{path}", query={"file": name})
    assert (200, "application/vnd.apple.mpegurl") == (status, headers["Content-Type"])
    segments = [line for line in body.splitlines() if line and not line.startswith("#")]
    assert segments
    assert {200} == {httpx.get(segment, timeout=60).status_code for segment in segments}


def test_a_segment_leads_to_a_private_bucket(call: Call, deployed: RunningCloud) -> None:
    """A long playlist names this address, with the token; where it leads to needs none. Nothing beside it is signed."""
    told = completed(call, deployed, "api-segment", format="hls")
    (film,) = [file for file in told["files"] if file["name"].endswith(".m3u8")]
    file = film["name"]
    body = call("GET", "/recordings/api-segment/playlist", query={"file": file})[1]
    name = next(line for line in body.splitlines() if line.startswith("http")).split("?")[0].rpartition("/")[2]
    path = "/recordings/api-segment/segment"
    status, body, headers = call("GET", path, query={"file": file, "name": unquote(name)})
    assert (302, "", "no-store") == (status, body, headers["Cache-Control"])
    assert 200 == httpx.get(headers["Location"], timeout=60).status_code
    for query in ({"file": file, "name": "../x.ts"}, {"file": file}, {"file": name, "name": name}, {}):
        assert 404 == call("GET", path, query=query)[0]
    assert 401 == call("GET", path, query={"file": file, "name": name}, token=None)[0]


def test_raw_callbacks_and_their_signature_times(call: Call, deployed: RunningCloud) -> None:
    """In order, as TRTC sent them."""
    completed(call, deployed, "api-events")
    told = call("GET", "/recordings/api-events/events")[1]["events"]
    types = [event["body"]["EventType"] for event in told]
    assert 801 == types[0]
    assert {802, 310} <= set(types)
    assert all(event["received_ms"] for event in told)


def test_lists(call: Call) -> None:
    """By label and state, in pages."""
    for number in range(3):
        started(call, f"api-list-{number}", Labels={"suite": "lists"})
    first = call("GET", "/recordings", query={"label": "suite:lists", "limit": "2"})[1]
    assert ["api-list-2", "api-list-1"] == [one["recording_id"] for one in first["recordings"]]
    rest = call("GET", "/recordings", query={"label": "suite:lists", "limit": "2", "cursor": first["next_cursor"]})[1]
    assert ["api-list-0"] == [one["recording_id"] for one in rest["recordings"]]
    assert "next_cursor" not in rest
    for number in range(3):
        call("POST", f"/recordings/api-list-{number}/stop")


def test_deleting(call: Call, deployed: RunningCloud) -> None:
    """What records can't be; what is over can, and is gone with its film."""
    started(call, "api-delete")
    assert 409 == call("DELETE", "/recordings/api-delete")[0]
    told = completed(call, deployed, "api-delete-2")
    call("POST", "/recordings/api-delete/stop")
    status, body, _ = call("DELETE", "/recordings/api-delete-2", query={"files": "true"})
    assert (204, "") == (status, body)
    assert 404 == call("GET", "/recordings/api-delete-2")[0]
    assert 404 == httpx.get(told["files"][0]["url"], timeout=60).status_code
    assert 422 == call("DELETE", "/recordings/api-delete", query={"files": "yes"})[0]
    status, told, _ = call("DELETE", "/recordings/api-delete", query={"file": "true"})
    assert (422, "file: unknown parameter; did you mean files?") == (status, told["detail"])


def test_a_scheduled_one_is_cancelled(call: Call) -> None:
    """202 with what became of it."""
    call("POST", "/recordings", {"RecordUrl": PAGE_URL, "StartAt": time.time() + 3_600}, idempotency_key="api-cancel")
    status, told, _ = call("DELETE", "/recordings/api-cancel")
    assert (202, "cancelled") == (status, told["state"])
    assert "stopped before it started" in told["reason"]


def test_conditional_reads(call: Call, deployed: RunningCloud) -> None:
    """304 for what the caller has; HEAD says the same without a body; wait never says 304."""
    completed(call, deployed, "api-etag")
    _, _, headers = call("GET", "/recordings/api-etag")
    for given in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
        status, body, again = call("GET", "/recordings/api-etag", if_none_match=given)
        assert (304, "", headers["ETag"]) == (status, body, again["ETag"])
    assert 200 == call("GET", "/recordings/api-etag", if_none_match='"other"')[0]
    status, body, head = call("HEAD", "/recordings/api-etag")
    assert (200, "", headers["ETag"]) == (status, body, head["ETag"])
    assert 200 == call("GET", "/recordings/api-etag/wait", if_none_match=headers["ETag"])[0]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/recordings", "GET, POST, HEAD, OPTIONS"),
        ("/recordings/x", "GET, DELETE, HEAD, OPTIONS"),
        ("/recordings/x/stop", "POST, OPTIONS"),
        ("/recordings/x/wait", "GET, HEAD, OPTIONS"),
        ("/recordings/x/events", "GET, HEAD, OPTIONS"),
        ("/recordings/x/playlist", "GET, HEAD, OPTIONS"),
        ("/recordings/x/segment", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/release/v1/recordings", "GET, POST, HEAD, OPTIONS"),
    ],
)
def test_methods(call: Call, path: str, allowed: str) -> None:
    """405 with what is allowed; OPTIONS says it without a token."""
    status, _, headers = call("PATCH", path)
    assert (405, allowed) == (status, headers["Allow"])
    status, _, headers = call("OPTIONS", path, token=None)
    assert (204, allowed) == (status, headers["Allow"])


@pytest.mark.parametrize("path", ["/recordings", "/recordings/x", "/recordings/x/events", "/recordings/x/wait"])
def test_nothing_is_read_without_a_token(call: Call, path: str) -> None:
    """401, whether there is such a recording or not."""
    assert 401 == call("GET", path, token=None)[0]
    assert 401 == call("GET", path, token="x" * 32)[0]


def test_what_is_for_everybody(call: Call) -> None:
    """Health and description hold nothing of anybody's."""
    assert {"status": "ok", "version": __version__} == call("GET", "/healthz", token=None)[1]
    assert "3.1.0" == call("GET", "/release/openapi.json", token=None)[1]["openapi"]
    assert 404 == call("GET", "/nothing", token=None)[0]


def test_the_consoles_policy_names_the_bucket(deployed: RunningCloud, call: Call) -> None:
    """Where the files are read from: another COS endpoint, too."""
    policy = call("GET", "/release/console", token=None)[2]["Content-Security-Policy"]
    assert f"connect-src 'self' {deployed.cloud.address.cos};" in policy


def test_other_origins(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those that the setting names, on errors as well; a preflight needs no token."""
    monkeypatch.setenv("WEBRECORD_CORS_ORIGINS", "https://app.example.com")
    bootstrap.recordings.cache_clear()
    for path, status in (("/healthz", 200), ("/recordings/nobody", 404)):
        reply = call("GET", path, origin="https://app.example.com")
        assert (status, "https://app.example.com") == (reply[0], reply[2]["Access-Control-Allow-Origin"])
        assert "Access-Control-Allow-Origin" not in call("GET", path, origin="https://evil.example.com")[2]
    asked = {"origin": "https://app.example.com", "access_control_request_method": "POST"}
    status, _, headers = call("OPTIONS", "/recordings", token=None, **asked)
    assert 204 == status
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert "authorization" in headers["Access-Control-Allow-Headers"]


def test_a_trace_is_kept_and_logged(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    """The id is in the recording and in the log; a broken header is ignored, as the specification says."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    header = f"00-{trace}-b7ad6b7169203331-01"
    status, told, _ = call(
        "POST", "/recordings", {"RecordUrl": PAGE_URL}, idempotency_key="api-trace", traceparent=header
    )
    assert (201, trace) == (status, told["trace_id"])
    assert trace == json.loads(capsys.readouterr().out.splitlines()[-1])["trace_id"]
    assert trace == call("GET", "/recordings/api-trace")[1]["trace_id"]
    assert "trace_id" not in call("POST", "/recordings", {"RecordUrl": PAGE_URL}, traceparent="00-zz")[1]
    call("POST", "/recordings/api-trace/stop")


@pytest.mark.parametrize(
    ("labels", "path"),
    [
        ({f"l{n}": "" for n in range(11)}, "Labels"),
        ({"a b": "x"}, "Labels.a b"),
        ({"a": 1}, "Labels.a"),
        ({"a": "x" * 257}, "Labels.a"),
    ],
)
def test_labels_have_bounds(call: Call, labels: dict[str, Any], path: str) -> None:
    """422 with the label's path."""
    status, told, _ = call("POST", "/recordings", {"RecordUrl": PAGE_URL, "Labels": labels})
    assert (422, [path]) == (status, [error["path"] for error in told["errors"]])
