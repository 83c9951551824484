"""The recordings function whole: SCF event in, reply out, the official SDKs over real sockets in between."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.recordings import main_handler
from local import scf_events
from local.client import Client
from local.config import BUCKET, REGION
from local.faults import CallbackFault
from shared import bootstrap
from tests.cloud import RunningCloud
from tests.contracts.test_object_store import cos_store

EXAMPLE = json.loads((Path(__file__).parent.parent / "events" / "start_web_record_example.json").read_text())
CONTEXT = scf_events.context("recordings", "scf-request-1", 256, 30, REGION)
Shape = Callable[..., dict[str, Any]]


def call(
    running: RunningCloud,
    method: str = "POST",
    path: str = "/recordings",
    body: object = None,
    headers: dict[str, str] | None = None,
    shape: Shape = scf_events.function_url_event,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Invoke the handler as a trigger does; return status, JSON body and headers of the reply."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {running.cloud.keys.api_token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    event = shape(method, path, {}, {**sent, **(headers or {})}, data, "203.0.113.7:4711")
    reply = main_handler(event, CONTEXT)
    assert reply is not None
    json.dumps(reply)  # SCF takes nothing else
    return reply["statusCode"], json.loads(reply["body"]), reply["headers"]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readmes_call_gets_the_reply_that_is_shown(deployed: RunningCloud, name: str) -> None:
    """The body of its curl is accepted, and the reply has the fields and the fixed values of the README's."""
    text = (Path(__file__).parents[2] / name).read_text()
    (body,) = re.findall(r"-d '(.*?)'", text)
    (shown,) = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    key = {"Idempotency-Key": f"readme-{len(name)}"}
    faults = deployed.cloud.faults
    rules = faults.add(CallbackFault(do="drop"))  # on a busy machine they come before the reply
    status, started, _ = call(deployed, body=body.encode(), headers=key)
    faults.clear(rules)
    assert 201 == status
    wanted = json.loads(shown)
    assert list(wanted) == list(started)
    own = {"recording_id", "created_ms", "task_id", "source"}
    assert {name: value for name, value in wanted.items() if name not in own} == {
        name: value for name, value in started.items() if name not in own
    }
    call(deployed, "POST", f"/recordings/{started['recording_id']}/stop")


def client(running: RunningCloud) -> Client:
    return Client(running.cloud.address.gateway, running.cloud.keys.api_token)


@pytest.mark.parametrize("shape", [scf_events.function_url_event, scf_events.api_gateway_event])
def test_a_page_is_recorded_and_stopped_through_both_triggers(deployed: RunningCloud, shape: Shape) -> None:
    """Start, look, stop: 201 with its Location behind the stage, 200, 202, for Function URL and API Gateway alike."""
    status, started, headers = call(deployed, body={"RecordUrl": "https://example.com/"}, shape=shape)
    stage = "/release" if shape is scf_events.api_gateway_event else ""
    assert (201, f"{stage}/recordings/{started['recording_id']}") == (status, headers["Location"])
    path = f"/recordings/{started['recording_id']}"
    status, seen, _ = call(deployed, "GET", path, shape=shape)
    assert (200, started["task_id"]) == (status, seen["task_id"])
    status, stopped, _ = call(deployed, "POST", f"{path}/stop", shape=shape)
    assert (202, started["recording_id"]) == (status, stopped["recording_id"])


def test_the_documents_example_starts_a_recording_as_it_stands(deployed: RunningCloud) -> None:
    """The API document's example body, posted unchanged: TRTC gets the caller's bucket, and no key is kept."""
    status, started, _ = call(deployed, body=EXAMPLE, headers={"idempotency-key": "the-example"})
    assert 201 == status
    call(deployed, "POST", f"/recordings/{started['recording_id']}/stop")
    stored = deployed.cloud.state_dir / "cos" / BUCKET / "webrecord" / "recordings" / "the-example"
    written = b"".join(path.read_bytes() for path in stored.rglob("*") if path.is_file())
    assert b"webrecord-1234589" in written
    assert b"AKxxxxxx" not in written
    assert b"Idxxxxxx" not in written


def test_a_repeated_call_gets_the_same_recording(deployed: RunningCloud) -> None:
    """201, then 200 with the same task; another request under the same key is 409."""
    headers = {"Idempotency-Key": "again"}
    first = call(deployed, body={"RecordUrl": "https://example.com/"}, headers=headers)
    second = call(deployed, body={"record_url": "https://example.com/"}, headers=headers)
    assert (201, 200) == (first[0], second[0])
    assert first[1]["task_id"] == second[1]["task_id"]
    third = call(deployed, body={"RecordUrl": "https://example.org/"}, headers=headers)
    assert (409, "urn:scf-webrecord:problem:conflict") == (third[0], third[1]["type"])
    call(deployed, "POST", "/recordings/again/stop")


def test_a_base64_body_is_read_only_when_it_is_marked(deployed: RunningCloud) -> None:
    """API Gateway marks it; unmarked text that looks like base64 is just not JSON."""
    body = base64.b64encode(json.dumps({"RecordUrl": "http://localhost/"}).encode()).decode()
    event = scf_events.api_gateway_event("POST", "/recordings", {}, {}, b"", "203.0.113.7:1")
    event["headers"] = {"Authorization": f"Bearer {deployed.cloud.keys.api_token}", "Content-Type": "application/json"}
    marked = main_handler({**event, "body": body, "isBase64Encoded": True}, CONTEXT)
    unmarked = main_handler({**event, "body": body}, CONTEXT)
    assert marked is not None
    assert unmarked is not None
    assert (201, 400) == (marked["statusCode"], unmarked["statusCode"])
    call(deployed, "POST", f"/recordings/{json.loads(marked['body'])['recording_id']}/stop")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "problem"),
    [
        ("POST", "/recordings", b"{", {}, 400, "malformed-json"),
        ("POST", "/recordings", {}, {"authorization": ""}, 401, "unauthorized"),
        ("POST", "/recordings", {}, {"authorization": "Bearer wrong-wrong-wrong"}, 401, "unauthorized"),
        ("POST", "/recordings", {}, {"authorization": "Basic abc"}, 401, "unauthorized"),
        ("GET", "/recordings/nothing-there", None, {}, 404, "not-found"),
        ("GET", "/elsewhere", None, {}, 404, "not-found"),
        ("PUT", "/recordings", {}, {}, 405, "method-not-allowed"),
        ("POST", "/recordings/x", {}, {}, 405, "method-not-allowed"),
        ("GET", "/recordings/x/stop", None, {}, 405, "method-not-allowed"),
        ("POST", "/recordings", b" " * 1_000_001, {}, 413, "too-large"),
        ("POST", "/recordings", b"a=1", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
        ("POST", "/recordings", {"RecordUrl": "ftp://example.com/"}, {}, 422, "invalid-request"),
        ("POST", "/recordings", {"RecordUrl": "https://a.b/"}, {"idempotency-key": "a b"}, 422, "invalid-request"),
    ],
)
def test_each_refusal_is_a_problem_document(
    deployed: RunningCloud,
    method: str,
    path: str,
    body: object,
    headers: dict[str, str],
    status: int,
    problem: str,
) -> None:
    """Status, type, a detail that says what to do, and the request id to ask for."""
    got, document, sent = call(deployed, method, path, body, headers)
    assert (status, f"urn:scf-webrecord:problem:{problem}") == (got, document["type"])
    assert "application/problem+json; charset=utf-8" == sent["Content-Type"]
    assert (status, "scf-request-1") == (document["status"], document["request_id"])
    assert document["detail"]


def test_every_wrong_field_is_named(deployed: RunningCloud) -> None:
    """One reply lists all of them, in the caller's spelling, without their values."""
    body = {"record_url": "x", "WebRecordVideoParams": {"Width": 1921}, "Secret": "s3cr3t"}
    status, document, _ = call(deployed, body=body)
    assert 422 == status
    assert {"record_url", "WebRecordVideoParams.Width", "Secret"} == {error["path"] for error in document["errors"]}
    assert "s3cr3t" not in json.dumps(document)


def test_trtcs_refusal_is_quoted(deployed: RunningCloud) -> None:
    """400 with TRTC's own code, message and RequestId."""
    deployed.refuse("InvalidParameterValue.RecordUrl")
    status, document, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    assert (400, "InvalidParameterValue.RecordUrl") == (status, document["trtc"]["code"])
    assert document["trtc"]["request_id"]


def test_a_missing_capability_is_our_fault(deployed: RunningCloud) -> None:
    """502: no caller can mend it."""
    deployed.refuse("FailedOperation.NotAbility")
    status, document, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    assert (502, "FailedOperation.NotAbility") == (status, document["trtc"]["code"])


def test_a_full_quota_is_accepted_and_queued(deployed: RunningCloud) -> None:
    """202, never an error."""
    deployed.refuse("ResourceInsufficient.RequestRejection")
    status, document, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    assert (202, "queued") == (status, document["state"])


def test_callers_storage_does_not_queue(deployed: RunningCloud) -> None:
    """503 with Retry-After: the caller's keys are not kept."""
    deployed.refuse("ResourceInsufficient.RequestRejection")
    status, document, headers = call(deployed, body=EXAMPLE, headers={"idempotency-key": "own-keys"})
    assert (503, "30") == (status, headers["Retry-After"])
    assert "Idempotency-Key own-keys" in document["detail"]


def test_a_missing_setting_is_one_line_that_names_it(
    deployed: RunningCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first invocation says what is wrong, in the reply and in the log."""
    bootstrap.recordings.cache_clear()
    monkeypatch.delenv("WEBRECORD_BUCKET")
    status, document, _ = call(deployed, body={})
    assert 500 == status
    line = "WEBRECORD_BUCKET: is missing: write the bucket, `name-appid`"
    assert line == document["detail"]
    assert line == json.loads(capsys.readouterr().out)["message"]


def test_each_invocation_uses_the_roles_present_keys(deployed: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCF changes them between two invocations of an instance: those of another are no good, and are forgotten."""
    _, started, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    path, right = f"/recordings/{started['recording_id']}", deployed.cloud.keys.role_key
    seen = []
    for key in (right, "k" * 32, right):
        monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", key)
        seen.append(call(deployed, "GET", path)[0])
    assert [200, 503, 200] == seen


def test_the_log_line_says_what_happened_and_no_secret(
    deployed: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON line: outcome, ids of SCF and TRTC, duration; the page's query and all keys are absent."""
    url = "https://example.com/class?ticket=s3cr3t"
    _, started, _ = call(deployed, body={"RecordUrl": url})
    out = capsys.readouterr().out
    (line,) = out.splitlines()
    logged = json.loads(line)
    assert "scf-request-1" == logged["request_id"]
    assert (started["recording_id"], started["task_id"]) == (logged["recording_id"], logged["task_id"])
    assert logged["outcome"] in ("starting", "recording")  # the first callback may have overtaken the start
    assert {"trtc_request_id", "duration_ms", "cold_start", "timestamp", "level"} <= logged.keys()
    keys = deployed.cloud.keys
    for secret in ("s3cr3t", keys.api_token, keys.upload_key, keys.role_key, keys.role_token):
        assert secret not in out
    call(deployed, "POST", f"/recordings/{started['recording_id']}/stop")


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_a_job_object_starts_its_recordings(deployed: RunningCloud) -> None:
    """An object put into the bucket goes the whole way: COS → event → function → TRTC."""
    bucket = cos_store(deployed, "")
    lines = [json.dumps({"RecordUrl": "https://example.com/", "RecordingId": f"job-{n}"}) for n in range(2)]
    bucket.put("jobs/课程.jsonl", "\n".join(lines).encode())
    with closing(client(deployed)) as ours:
        for n in range(2):
            wait_for(partial(cos_store(deployed, "webrecord").get, f"recordings/job-{n}/recording.json"))
            assert f"cos:{BUCKET}/jobs/课程.jsonl" == ours.get(f"job-{n}")["source"]
            ours.stop(f"job-{n}")


def test_a_bad_job_is_reported_under_the_results_prefix(deployed: RunningCloud) -> None:
    """The report names the line and the field; the function does not raise, so SCF does not retry."""
    cos_store(deployed, "").put("jobs/bad.json", b'{"RecordUrl": "https://example.com/", "Colour": 1}')
    report = wait_for(partial(cos_store(deployed, "webrecord").get, "jobs/bad.json.error.json"))
    assert "Colour" == json.loads(report.body)["errors"][0]["fields"][0]["path"]


@pytest.mark.usefixtures("deployed")
def test_our_own_objects_are_no_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    """A trigger on the whole bucket does not loop: what lies under the results' prefix is ignored."""
    event = json.loads((Path(__file__).parent.parent / "events" / "cos_object_created.json").read_text())
    cos = event["Records"][0]["cos"]
    cos["cosBucket"].update({"name": "webrecord", "appid": "1250000000"})
    cos["cosObject"]["key"] = "/1250000000/webrecord/webrecord/jobs/a.json.error.json"
    assert main_handler(event, CONTEXT) is None
    assert "ignored" == json.loads(capsys.readouterr().out)["outcome"]


def test_a_refused_password_is_in_no_log_line(deployed: RunningCloud, capsys: pytest.CaptureFixture[str]) -> None:
    """422 for a page's address that holds one: neither the reply nor the log repeats it."""
    status, document, _ = call(deployed, body={"RecordUrl": "https://user:hunter2@example.com/class"})
    assert (422, "RecordUrl") == (status, document["errors"][0]["path"])
    assert "hunter2" not in json.dumps(document) + capsys.readouterr().out


def test_a_recording_to_vod_has_its_address(deployed: RunningCloud) -> None:
    """`storage: vod` needs no keys; 311 and 312 complete it with FileId and a URL that serves the file."""
    status, started, _ = call(deployed, body={"RecordUrl": "https://example.com/", "storage": "vod"})
    assert 201 == status
    with closing(client(deployed)) as ours:
        ours.wait(started["recording_id"], ("recording",), 90)
        ours.stop(started["recording_id"])
        recording = ours.wait(started["recording_id"], ("completed",), 90)
    (file,) = recording["files"]
    assert file["file_id"]
    assert httpx.get(file["url"], timeout=60).is_success
