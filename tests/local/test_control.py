"""What a developer does to a running local cloud: by HTTP, and by the commands."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from local.__main__ import app
from local.at_start import checkout_zip
from local.callbacks.log import FILE_NAME
from local.client import Client, ClientError
from local.config import SDK_APP_ID, LocalConfig
from local.faults import CallbackFault, FaultFile
from local.guide import ROLES
from local.scf_forks import RUNTIME, Forks
from tests.cloud import RunningCloud
from tests.local.deploying.account import Account, zipped
from tests.local.trtc.servers import KEY, WebhookServer, until

INFO = {"EventMsTs": 1, "EventTs": 0, "TaskId": "t/1", "Payload": {"Status": 1, "EventMessage": "录"}}


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookServer]:
    """Takes the callbacks of the cloud below."""
    server = WebhookServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, receiver: WebhookServer) -> Iterator[RunningCloud]:
    """A local cloud with a rule from its beginning, whose callbacks go to the receiver."""
    rules = FaultFile(faults=(CallbackFault(do="drop", types=frozenset({310})),))
    config = LocalConfig(
        tmp_path_factory.mktemp("control"),
        timer_recorder=True,
        gentle=True,
        speed=20,
        tick_s=0,
        callback_url=receiver.url,
        faults=rules,
    )
    with RunningCloud(config) as running:
        endpoints = running.patient().cloud.callback_settings.endpoints
        endpoints[SDK_APP_ID] = replace(endpoints[SDK_APP_ID], key=KEY)
        yield running


def ask(cloud: RunningCloud, method: str, path: str, **arguments: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {cloud.cloud.keys.api_token}", **arguments.pop("headers", {})}
    how = {"headers": headers, "trust_env": False, "timeout": 60, "verify": False, **arguments}  # it is no https
    return httpx.request(method, f"{cloud.cloud.address.gateway}{path}", **how)


def run(cloud: RunningCloud, *arguments: str, status: int = 0) -> str:
    """Run a command against the cloud; return what it printed."""
    done = CliRunner().invoke(app, [*arguments, "--state-dir", str(cloud.cloud.state_dir)], env={"COLUMNS": "300"})
    assert status == done.exit_code, done.output
    return done.output


def send(cloud: RunningCloud, event_type: int, task_id: str) -> None:
    info = {**INFO, "TaskId": task_id}
    cloud.call(lambda: cloud.cloud.sender.send(SDK_APP_ID, event_type // 100, event_type, info))
    until(lambda: any(f'"task_id": "{task_id}"' in line for line in log_lines(cloud)))


def log_lines(cloud: RunningCloud) -> list[str]:
    path = cloud.cloud.state_dir / FILE_NAME
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("path", ["/_local/faults", "/_local/health", "/_local/progress"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://127.0.0.1"}, {"Origin": "null"}, {"Host": "evil.example.com"}, {"Host": "127.0.0.2"}]
)
def test_pages_in_a_browser_are_refused(cloud: RunningCloud, path: str, headers: dict[str, str]) -> None:
    """Whoever comes with an Origin, or by another name, gets nothing."""
    assert 403 == ask(cloud, "GET", path, headers=headers).status_code


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:9470", "[::1]:9470"])
def test_programs_of_this_machine_are_answered(cloud: RunningCloud, host: str) -> None:
    """By any of its own names."""
    assert 200 == ask(cloud, "GET", "/_local/faults", headers={"Host": host}).status_code


@pytest.mark.parametrize("sent", ["", "Bearer wrong", "Bearer", "Basic x", "Bearer \xff"])
@pytest.mark.parametrize("path", ["/_local/faults", "/_local/health", "/_local/progress", "/_local/nothing"])
def test_whoever_lacks_the_token_is_refused(cloud: RunningCloud, path: str, sent: str) -> None:
    """Control is for who may read the state folder."""
    assert 401 == ask(cloud, "GET", path, headers={"Authorization": sent.encode("latin-1")}).status_code


@pytest.mark.long
def test_a_body_without_end_is_refused_and_kept_nowhere(cloud: RunningCloud) -> None:
    """By its Content-Length, or in chunks without any: 413 on every route, and never more memory than the limit."""
    status = Path("/proc/self/status")

    def kilobytes(name: str) -> int:
        return int(status.read_text().partition(f"{name}:")[2].split()[0])

    before, block = kilobytes("VmRSS"), b"x" * (1 << 20)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    for path in ("/recordings", "/release/recordings", "/callback", "/_local/faults", "/_local/callbacks/resend"):
        for headers in ({"Content-Length": str(32 << 20)}, {"Transfer-Encoding": "chunked"}):
            body = (block for _ in range(32))
            assert 413 == ask(cloud, "POST", path, content=body, headers=headers).status_code, path
    assert kilobytes("VmHWM") - before < 25_000


@pytest.mark.parametrize(
    "path", ["/vod/x", "/vod/%00", "/vod/..%2f..%2fkeys.json", f"/vod/{'a' * 3000}", f"/pages/{'a' * 3000}"]
)
def test_what_is_not_there_is_404(cloud: RunningCloud, path: str) -> None:
    """Also before there is any film, and under names that no file can have."""
    assert 404 == ask(cloud, "GET", path).status_code


ECHO = """
import json

def main_handler(event, context):
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {}, "body": json.dumps(event)}
"""


@pytest.fixture
def echo(cloud: RunningCloud) -> Iterator[None]:
    """The recordings function answers with its event: it has new code, by SCF's own call."""
    keys = cloud.cloud.keys
    account = Account(cloud, (keys.owner_id, keys.owner_key))

    def give(code: str) -> None:
        account.call("scf", "UpdateFunctionCode", FunctionName=ROLES["recordings"], ZipFile=code)
        assert "Active" == account.settled(ROLES["recordings"])["Status"]

    give(zipped(ECHO, "recordings.py"))
    yield
    give(base64.b64encode(checkout_zip("recordings")).decode())


@pytest.mark.skipif(not Forks.work_here(), reason="this system does not fork instances")
def test_the_checkouts_functions_are_imported_once(cloud: RunningCloud) -> None:
    """An instance of them is forked: like what forks it, it names the cloud's folder and no module."""
    assert 200 == ask(cloud, "GET", "/healthz").status_code
    ends = f"{RUNTIME}\0{cloud.cloud.state_dir / 'scf'}\0".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().endswith(ends))
    assert sum(found) >= 2


@pytest.mark.usefixtures("echo")
def test_no_proxys_header_is_believed(cloud: RunningCloud) -> None:
    """The caller's address is the connection's, whatever X-Forwarded-For says."""
    said = ask(cloud, "GET", "/recordings", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    assert "127.0.0.1" == said.json()["headers"]["x-scf-remote-addr"].split(":")[0]


@pytest.mark.usefixtures("echo")
def test_a_path_comes_as_it_was_asked_for(cloud: RunningCloud) -> None:
    """With its line breaks and escapes: what it means is the function's to say."""
    paths = ("/recordings/a%0D%0Ab", "/release/recordings/a%3Fb")
    assert [*paths] == [ask(cloud, "GET", path).json()["path"] for path in paths]


def test_it_listens_on_the_loopback_address_only(cloud: RunningCloud) -> None:
    """All three servers do."""
    address = cloud.cloud.address
    assert all(url.startswith("http://127.0.0.1:") for url in (address.gateway, address.trtc, address.cos))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://a.example/x", "key": ""},
        {"url": "http://a.example/x", "key": "x" * 33},
        {"url": "http://a.example/x", "key": "a-b"},
        {"url": "http://a.example/x", "key": 1},
        {"url": "http://a.example/x y", "key": "abc"},
        {"url": "ftp://a.example/x", "key": "abc"},
        {"url": "http://", "key": "abc"},
        {"url": ["http://a.example"], "key": "abc"},
    ],
)
def test_an_address_that_trtcs_console_does_not_take_is_400(cloud: RunningCloud, body: dict[str, Any]) -> None:
    """And callbacks go where they went."""
    before = dict(cloud.cloud.callback_settings.endpoints)
    answer = ask(cloud, "PUT", "/_local/callbacks/endpoint", json=body)
    assert (400, before) == (answer.status_code, cloud.cloud.callback_settings.endpoints)


def test_wrong_rules_and_names_are_told(cloud: RunningCloud) -> None:
    """422 with what is wrong, 404 for a rule or a callback that is not there, 400 for a resend of nothing."""
    refused = ask(cloud, "POST", "/_local/faults", json={"faults": [{"on": "cos", "do": "drop"}]})
    assert (422, True) == (refused.status_code, "faults.0.do" in refused.json()["errorMessage"])
    assert 404 == ask(cloud, "DELETE", "/_local/faults?name=f99").status_code
    assert 404 == ask(cloud, "POST", "/_local/callbacks/resend", json={"ids": ["zz"]}).status_code
    assert [400, 400, 400] == [
        ask(cloud, "POST", "/_local/callbacks/resend", content=body).status_code for body in (b"{}", b"[]", b"x")
    ]


def test_faults_by_commands(cloud: RunningCloud, tmp_path: Path) -> None:
    """What is added is listed, strikes, and is cleared."""
    name = run(cloud, "faults", "add", "trtc", "fail", "--action", "Stop*", "--code", "InternalError").strip()
    (rule,) = [each for each in json.loads(run(cloud, "faults", "list", "--json")) if each["name"] == name]
    assert {"on": "trtc", "do": "fail", "action": "Stop*", "code": "InternalError"} == rule["fault"]
    assert "code=InternalError, action=Stop*" in run(cloud, "faults", "list")
    assert "1 cleared" in run(cloud, "faults", "clear", name)
    file = tmp_path / "faults.json"
    file.write_text('{"faults": [{"on": "listing", "do": "late", "seconds": 1}, {"on": "browser"}]}')
    loaded = run(cloud, "faults", "load", str(file)).split()
    assert 2 == len(loaded)
    assert cloud.cloud.cos_settings.faults.listing_behind_s() == 1
    assert "2 cleared" in run(cloud, "faults", "clear", *loaded)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["faults", "add", "cos", "drop"], "do: must be 'fail', 'hang', 'lose' or 'delay'"),
        (["faults", "add", "callback", "drop", "--action", "X"], "action: unknown field"),
        (["faults", "clear", "f99"], "no such fault: f99"),
        (["up", "--faults", "/nowhere.json"], "/nowhere.json: it is not there"),
        (["faults", "load", "/nowhere.json"], "/nowhere.json: it is not there"),
        (["callbacks", "resend"], "name the callbacks: ids from the log, --task or --failed"),
    ],
)
def test_a_mistake_is_one_line(cloud: RunningCloud, arguments: list[str], said: str) -> None:
    """Exit status 2."""
    assert said in run(cloud, *arguments, status=2)


def test_without_a_cloud_it_says_what_to_do(tmp_path: Path) -> None:
    """And starts none: faults are of a running one."""
    done = CliRunner().invoke(app, ["faults", "list", "--state-dir", str(tmp_path)], env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, "python -m local up" in done.output)


def test_the_log_is_read_and_filtered(cloud: RunningCloud) -> None:
    """As a table and as JSON lines, by task, type and failure."""
    send(cloud, 801, "log/1")
    send(cloud, 310, "log/1_StartTimeMs_1700000000000")
    send(cloud, 802, "log/2")
    lines = [json.loads(line) for line in run(cloud, "callbacks", "--task", "log/1", "--json").splitlines()]
    assert [(801, "delivered", "200"), (310, "dropped", "fault")] == [
        (line["event_type"], line["outcome"], line["detail"]) for line in lines
    ]
    assert lines[0]["elapsed_ms"] >= 0
    assert INFO["Payload"] == lines[0]["event_info"]["Payload"]
    head, *rows = run(cloud, "callbacks", "--type", "801", "--type", "802", "--task", "log/").splitlines()
    assert head.split() == ["time", "id", "type", "task", "try", "outcome", "detail", "ms", "payload"]
    assert ["801", "802"] == [row.split()[3] for row in rows]
    failed = run(cloud, "callbacks", "--failed", "--task", "log/").splitlines()[1:]
    assert ["dropped"] == [row.split()[6] for row in failed]


def test_what_did_not_arrive_is_sent_again_once(cloud: RunningCloud, receiver: WebhookServer) -> None:
    """`--failed` finds it, it arrives with its EventInfo, and is then no longer among the failed."""
    send(cloud, 310, "again/1")
    assert "again/1" not in [event["EventInfo"]["TaskId"] for event in receiver.callbacks()]
    cloud.call(cloud.cloud.faults.clear)
    try:
        assert "sent again" in run(cloud, "callbacks", "resend", "--failed")
        assert "0 sent again" in run(cloud, "callbacks", "resend", "--failed")
    finally:
        cloud.call(lambda: cloud.cloud.faults.add(CallbackFault(do="drop", types=frozenset({310}))))
    cloud.heard()
    assert 1 == [event["EventInfo"]["TaskId"] for event in receiver.callbacks()].count("again/1")


def test_one_callback_or_those_of_a_task_are_sent_again(cloud: RunningCloud, receiver: WebhookServer) -> None:
    """By the beginning of an id, or of a TaskId; a task's are sent once each, however often before."""
    send(cloud, 801, "one/1")
    (line,) = run(cloud, "callbacks", "--task", "one/1", "--json").splitlines()
    assert "1 sent again" in run(cloud, "callbacks", "resend", json.loads(line)["message_id"][:8])
    assert "1 sent again" in run(cloud, "callbacks", "resend", "--task", "one/1")
    cloud.heard()
    assert 3 == [event["EventInfo"]["TaskId"] for event in receiver.callbacks()].count("one/1")


def test_the_client_says_what_was_refused(cloud: RunningCloud) -> None:
    """In one exception with the cloud's words."""
    client = Client(cloud.cloud.address.gateway, cloud.cloud.keys.api_token)
    with closing(client), pytest.raises(ClientError, match="no such fault: f99"):
        client.clear_faults(["f99"])


def test_the_log_outlives_the_cloud(tmp_path: Path) -> None:
    """It is a file, read without any cloud, with what a torn line left."""
    config = LocalConfig(tmp_path, timer_recorder=True, gentle=True, tick_s=0)
    with RunningCloud(config) as running:
        running.cloud.callback_settings.endpoints.clear()
        send(running, 801, "past/1")
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write('{"torn')
    done = CliRunner().invoke(app, ["callbacks", "--json", "--state-dir", str(tmp_path)])
    (line,) = done.output.splitlines()
    assert ("past/1", "unconfigured") == (json.loads(line)["task_id"], json.loads(line)["outcome"])
