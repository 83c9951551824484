"""A function whose settings can't work says so at every call, and does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions import callback, reconcile, recordings
from local import scf_events
from shared import bootstrap
from shared.domain.errors import ConfigurationError
from testing.callbacks import mp4_stop
from tests.events import load

RIGHT = {
    "WEBRECORD_BUCKET": "ours-1250000000",
    "WEBRECORD_BUCKET_REGION": "ap-guangzhou",
    "WEBRECORD_SDK_APP_ID": "1400000001",
    "WEBRECORD_CALLBACK_KEYS": "0123456789abcdef",
    "TENCENTCLOUD_SECRETID": "id",
    "TENCENTCLOUD_SECRETKEY": "key",
}
WRONG = [
    ("recordings", "WEBRECORD_API_TOKENS", "undefined"),
    ("recordings", "WEBRECORD_API_TOKENS", "a:0123456789abcdef,b:0123456789abcdef"),
    ("recordings", "WEBRECORD_ALLOWED_HOSTS", "https://example.com"),
    ("recordings", "WEBRECORD_STORAGE_SECRET_ID", " AKIDEXAMPLE"),
    ("recordings", "WEBRECORD_CORS_ORIGINS", "https://app.example.com/"),
    ("recordings", "WEBRECORD_JOBS_PREFIX", "webrecord/"),
    ("callback", "WEBRECORD_CALLBACK_KEYS", "undefined"),
    ("callback", "WEBRECORD_CALLBACK_KEYS", "${env:WEBRECORD_CALLBACK_KEYS}"),
    ("callback", "WEBRECORD_CALLBACK_KEYS", "x"),
    ("callback", "WEBRECORD_BUCKET", "ours"),
    ("callback", "WEBRECORD_SDK_APP_ID", "undefined"),
    ("reconcile", "WEBRECORD_NOTIFY_SECRET", "whsec_YWI="),
    ("reconcile", "WEBRECORD_NOTIFY_HOSTS", "example.com:8443"),
    ("reconcile", "WEBRECORD_WAKE_PREFIX", "jobs/"),
]
HANDLERS = {
    "recordings": recordings.main_handler,
    "callback": callback.main_handler,
    "reconcile": reconcile.main_handler,
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    for build in (bootstrap.recordings, bootstrap.callback, bootstrap.reconcile):
        build.cache_clear()
    yield
    for build in (bootstrap.recordings, bootstrap.callback, bootstrap.reconcile):
        build.cache_clear()


def invoke(function: str, event: Any) -> dict[str, Any]:
    """Invoke a function as SCF does; what an event raises is what SCF would log, and try again."""
    context = scf_events.context(function, "scf-request-9", 256, 5, "ap-guangzhou")
    reply: dict[str, Any] | None = HANDLERS[function](event, context)
    assert reply is not None
    return reply


@pytest.mark.parametrize(("function", "name", "value"), WRONG)
@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/recordings"), ("OPTIONS", "/recordings")])
def test_every_call_gets_a_problem(
    function: str,
    name: str,
    value: str,
    method: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """500 with the variable's name, in the reply and in the log; TRTC never hears that a callback was kept."""
    monkeypatch.setenv(name, value)
    event = scf_events.function_url_event(method, path, {}, {"Sign": "x"}, mp4_stop(1, 5_000), "203.0.113.7:4711")
    for _ in range(2):
        reply = invoke(function, event)
        line = json.loads(capsys.readouterr().out)
        document = json.loads(reply["body"])
        assert (500, "The deployment is not configured") == (reply["statusCode"], document["title"])
        assert (500, "error", "ConfigurationError") == (line["status"], line["level"], line["error"])
        for said in (document["detail"], line["message"]):
            assert name in said
            assert value.strip() not in said or len(value) < 5


@pytest.mark.parametrize(("function", "event"), [("reconcile", "timer"), ("recordings", "cos_object_created")])
def test_an_event_is_kept_until_the_setting_is_right(
    function: str, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised, so that SCF tries again: nothing is lost to a wrong line."""
    monkeypatch.setenv("WEBRECORD_ALLOWED_HOSTS", "undefined")
    with pytest.raises(ConfigurationError, match="WEBRECORD_ALLOWED_HOSTS: is a word"):
        invoke(function, load(event))
