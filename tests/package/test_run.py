"""The functions run from their zips: with the zip and the standard library alone, against the local cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Any

import pytest

from local import scf_events
from local.callbacks import sign
from local.client import FINAL, Client
from local.config import BUCKET, REGION, SDK_APP_ID
from local.faults import TrtcFault
from testing.callbacks import callback
from tests.cloud import RunningCloud
from tests.package.conftest import Answer, Run
from tools.package import Package
from tools.package_contents import FUNCTIONS

pytestmark = pytest.mark.whole

SIGNED = callback(801, {"Status": 1}, 6_000, "ZippedTask")
Play = Callable[[Run, RunningCloud], Answer]


@pytest.fixture(scope="module")
def played(run: Run, running: RunningCloud) -> Callable[[Play], Answer]:
    """What a play was answered; each is played once, for all that look at it."""
    return cache(lambda play: play(run, running))


def invocation(function: str, event: dict[str, Any]) -> dict[str, Any]:
    return {"event": event, "context": scf_events.context(function, f"scf-{function}", 256, 60, REGION)}


def http(
    running: RunningCloud, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    sent = {"content-type": "application/json", "authorization": f"Bearer {running.cloud.keys.api_token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return scf_events.function_url_event(method, path, {}, headers or sent, data, "203.0.113.7:4711")


def start_look_stop(run: Run, running: RunningCloud) -> Answer:
    """Run the recordings function through the API's calls. TRTC throttles one, for the retries."""
    running.cloud.faults.add(TrtcFault(do="fail", code="RequestLimitExceeded", count=1))
    recording_id = "zipped"
    asked = {"RecordUrl": "https://example.com/", "RecordingId": recording_id}
    calls = [
        http(running, "POST", "/recordings", asked),
        http(running, "GET", f"/recordings/{recording_id}"),
        http(running, "POST", f"/recordings/{recording_id}/stop"),
        http(running, "POST", "/recordings", {"RecordUrl": "https://example.com/"}),
        http(running, "POST", "/recordings", {"RecordUrl": "no address"}),
        http(running, "GET", "/recordings/none"),
    ]
    return run("recordings", *(invocation("recordings", call) for call in calls), running=running)


def read_and_remove(run: Run, running: RunningCloud) -> Answer:
    """Run the recordings function through the calls that read, wait and delete."""
    recording_id = "zipped-later"
    later = {"RecordUrl": "https://example.com/", "RecordingId": recording_id, "StartAt": int(time.time()) + 3_600}
    one = f"/recordings/{recording_id}"
    calls = [http(running, "POST", "/recordings", later), http(running, "GET", "/recordings")]
    calls += [http(running, "GET", f"{one}/{what}") for what in ("events", "playlist")]
    calls += [http(running, "DELETE", one), http(running, "GET", f"{one}/wait")]
    calls += [http(running, "GET", path) for path in ("/openapi.json", "/healthz", "/console", "/console/hls.js")]
    return run("recordings", *(invocation("recordings", call) for call in calls), running=running)


def acknowledge(run: Run, running: RunningCloud) -> Answer:
    """Run the callback function with a signed event."""
    headers = {"sign": sign(running.cloud.keys.callback_key, SIGNED), "sdkappid": str(SDK_APP_ID)}
    event = http(running, "POST", "/callback", SIGNED, headers)
    return run("callback", invocation("callback", event), running=running)


def tick(run: Run, running: RunningCloud) -> Answer:
    """Run the reconcile function as its timer does, when a film is there and a recording's time has come."""
    with closing(Client(running.cloud.address.gateway, running.cloud.keys.api_token)) as client:
        soon = time.time() + 3
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
        client.start({"RecordUrl": "https://example.com/", "RecordingId": "due", "start_at": at})
        client.wait("zipped", FINAL, 90)
        time.sleep(max(0.0, soon + 1 - time.time()))
        return run("reconcile", invocation("reconcile", scf_events.timer_event("tick")), running=running)


def examine(run: Run, running: RunningCloud) -> Answer:
    """Run the reconcile function as its timer does, then the doctor in it. TRTC throttles one call."""
    running.cloud.faults.add(TrtcFault(do="fail", code="RequestLimitExceeded", count=1))
    events = (scf_events.timer_event("tick"), {"doctor": True})
    return run("reconcile", *(invocation("reconcile", event) for event in events), running=running)


def only_lines(answer: Answer) -> None:
    """Nothing but the functions' own lines is in the log: no library warns of what was left out."""
    assert ["request_id" in json.loads(line) for line in answer.log.splitlines()] == [True] * len(answer.results)


def test_recordings_starts_shows_and_stops_from_its_zip(played: Callable[[Play], Answer]) -> None:
    """201, 200, 202, as from the sources; and refusals are refusals, not missing modules."""
    answer = played(start_look_stop)
    assert [201, 200, 202, 201, 422, 404] == [result["statusCode"] for result in answer.results], answer.log
    assert "zipped" == json.loads(answer.results[0]["body"])["recording_id"]
    only_lines(answer)


def test_recordings_reads_and_removes_from_its_zip(played: Callable[[Play], Answer]) -> None:
    """Lists, events, waiting, cancelling; the description and the console with what belongs to it."""
    answer = played(read_and_remove)
    expected = [202, 200, 200, 404, 202, 200, 200, 200, 200, 200]
    assert expected == [result["statusCode"] for result in answer.results], answer.log
    assert "<!doctype html>" in answer.results[-2]["body"][:100].lower()


def test_callback_acknowledges_from_its_zip(played: Callable[[Play], Answer], running: RunningCloud) -> None:
    """200 and `{"code":0}`, and the raw bytes are in the bucket."""
    answer = played(acknowledge)
    assert [(200, '{"code":0}')] == [(each["statusCode"], each["body"]) for each in answer.results], answer.log
    stored = running.cloud.state_dir / "cos" / BUCKET / "webrecord" / "tasks" / "ZippedTask" / "facts"
    assert [SIGNED] == [path.read_bytes() for path in stored.iterdir()]
    only_lines(answer)


def test_reconcile_ticks_from_its_zip(played: Callable[[Play], Answer], running: RunningCloud) -> None:
    """A tick does what is due and says so: a recording whose time has come is started."""
    played(start_look_stop)
    answer = played(tick)
    assert [None] == answer.results, answer.log
    line = json.loads(answer.log.splitlines()[-1])
    assert ("ticked", 0) == (line["outcome"], line["error_count"])
    with closing(Client(running.cloud.address.gateway, running.cloud.keys.api_token)) as client:
        assert client.get("due")["task_id"]


def test_the_doctor_is_in_reconciles_zip(played: Callable[[Play], Answer]) -> None:
    """It finds what it finds from the sources; its command line stays at home."""
    answer = played(examine)
    (_, found) = answer.results
    levels = {each["check"]: each["level"] for each in found["findings"]}
    assert ("ok", "ok", "ok") == (levels["settings-reconcile"], levels["forbid-overwrite"], levels["notify"]), (
        answer.log
    )
    assert "shared.doctor.run" in answer.modules
    assert "shared.doctor.__main__" not in answer.modules


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_in_is_used(played: Callable[[Play], Answer], packages: dict[str, Package], function: str) -> None:
    """Every distribution of a package, and every module of ours in it, is imported by what its function does."""
    plays: dict[str, tuple[Play, ...]] = {
        "recordings": (start_look_stop, read_and_remove),
        "callback": (acknowledge,),
        "reconcile": (tick, examine),
    }
    played(start_look_stop)  # whose film reconcile looks into
    used = {file for play in plays[function] for file in played(play).modules.values()}
    tree = packages[function].folder
    tops = {path.name for path in tree.iterdir() if path.suffix != ".dist-info" and path.name != "__pycache__"}
    assert tops == {name.split("/")[0] for name in used}
    ours = {path.relative_to(tree).as_posix() for path in (tree / "shared").rglob("*.py")}
    wrong_lines = {"shared/domain/mistakes.py"} if function == "reconcile" else set()  # of a job that it goes on with
    assert wrong_lines == ours - used


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_module_of_ours_that_is_in_can_be_imported(run: Run, function: str) -> None:
    """Nothing that was left out is missed by what is ours, even by what no test calls."""
    assert {} == run(function).failed
