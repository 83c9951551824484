"""A bad moment of storage, as the API's caller reads it: 503, whether something was done, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from functions import recordings
from local import scf_events
from shared.bootstrap import RecordingsApp
from shared.entrypoint import entrypoint
from shared.settings import ANONYMOUS, RecordingsSettings
from shared.usecases.ports import QueryPorts
from testing.callbacks import SDK_APP_ID
from tests.fakes import MemoryFiles
from tests.faults import Kind
from tests.world import World


def call(world: World, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """Call the API in memory."""
    ports = QueryPorts(**vars(world.ports), files=MemoryFiles(), many=map, sleep=lambda _: None)
    settings = RecordingsSettings(
        bucket="webrecord-1250000000", bucket_region="ap-guangzhou", sdk_app_id=(SDK_APP_ID,),
        api_tokens={ANONYMOUS: SecretStr("")},
    )  # fmt: skip
    app = RecordingsApp(settings, ports, lambda _bucket, _region: world.store)
    data = json.dumps(body).encode() if body is not None else b""
    event = scf_events.function_url_event(method, path, {}, {"content-type": "application/json"}, data, "203.0.113.7")
    context = scf_events.context("recordings", "request-1", 256, 30, "ap-guangzhou")
    reply = entrypoint(recordings.handle, lambda: app)(event, context)
    assert reply is not None
    return reply["statusCode"], json.loads(reply["body"] or "{}")


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/recordings/k1", "nothing was changed; call again"),
        ("GET", "/recordings", "nothing was changed; call again"),
        ("POST", "/recordings/k1/stop", "it may have been done; call again"),
        ("DELETE", "/recordings/k1", "it may have been done; call again"),
    ],
)
def test_every_call_says_whether_something_was_done(method: str, path: str, said: str) -> None:
    """And that calling again does no harm."""
    world = World()
    world.start()
    world.faults.calls, world.faults.plan = 0, {0: "fail"}
    status, problem = call(world, method, path)
    assert (503, "urn:scf-webrecord:problem:store") == (status, problem["type"])
    assert said in problem["detail"]


@pytest.mark.parametrize(
    ("at", "kind", "said"),
    [(0, "fail", "nothing was started"), (2, "fail", "it was accepted"), (6, "lose", "TRTC was asked")],
)
def test_a_start_names_the_key_to_call_again_with(at: int, kind: Kind, said: str) -> None:
    """Without a key of the caller's it is ours; the repeat is the same recording."""
    world = World()
    world.faults.plan = {at: kind}
    status, problem = call(world, "POST", "/recordings", {"RecordUrl": "https://example.com/"})
    assert (503, True) == (status, said in problem["detail"])
    key = problem["detail"].partition("Idempotency-Key ")[2].partition(":")[0]
    world.faults.plan = {}
    status, recording = call(world, "POST", "/recordings", {"RecordUrl": "https://example.com/"})
    again = world.start(key, url="https://example.com/")
    assert key == again.recording.recording_id != recording["recording_id"]
    assert 2 == len(world.trtc.started)
