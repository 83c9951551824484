"""The reconcile function whole, against the local cloud: queue, schedule, notifications, replay."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks import Webhook

from functions.reconcile import handle, main_handler
from local import scf_events
from local.client import Client
from local.config import REGION
from shared import bootstrap
from shared.domain.periods import IN_FLIGHT_MS
from shared.entrypoint import entrypoint
from tests.cloud import RunningCloud
from tests.serving import serving

CONTEXT = scf_events.context("reconcile", "scf-request-3", 256, 60, REGION)


@pytest.fixture
def client(deployed: RunningCloud) -> Iterator[Client]:
    ours = Client(deployed.cloud.address.gateway, deployed.cloud.keys.api_token)
    yield ours
    ours.close()


@pytest.fixture
def received() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A caller's endpoint for notifications: its URL, and what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as server:
        yield f"{server.url}/hook", got


def tick() -> None:
    assert main_handler(scf_events.timer_event("tick"), CONTEXT) is None


def test_a_queued_recording_is_started_by_the_timer(deployed: RunningCloud, client: Client) -> None:
    """202 queued while TRTC is full; the next tick starts it, once."""
    deployed.refuse("ResourceInsufficient.RequestRejection")
    queued = client.start({"RecordUrl": "https://example.com/", "RecordingId": "queued-1"})
    assert "queued" == queued["state"]
    tick()
    assert "queued" == client.get("queued-1")["state"], "somebody else may still be at the refused attempt"
    app = bootstrap.reconcile()
    later = app._replace(ports=replace(app.ports, clock=lambda: bootstrap.now_ms() + IN_FLIGHT_MS))
    for _ in range(2):
        entrypoint(handle, lambda: later)(scf_events.timer_event("tick"), CONTEXT)
    recording = client.wait("queued-1", ("recording",), 90)
    assert 2 == recording["attempts"], "the refused one and the one that started"
    client.stop("queued-1")


def test_a_scheduled_recording_starts_at_its_time(client: Client) -> None:
    """202 scheduled; a tick that covers the time starts it no earlier than TRTC's five seconds before."""
    at = time.time() + 15  # the call itself may take seconds
    scheduled = client.start({"RecordUrl": "https://example.com/", "RecordingId": "later-1", "StartAt": at})
    assert "scheduled" == scheduled["state"]
    tick()
    assert at - 5 <= time.time() <= at + 60
    assert client.get("later-1")["state"] in ("starting", "recording")
    client.stop("later-1")


def test_a_cancelled_schedule_never_starts(client: Client) -> None:
    """Stopped before its time: cancelled, with the reason."""
    client.start({"RecordUrl": "https://example.com/", "RecordingId": "later-2", "StartAt": time.time() + 3_600})
    recording = client.stop("later-2")
    assert ("cancelled", "stopped before it started: asked by local") == (recording["state"], recording["reason"])


def test_a_final_recording_is_notified_signed_and_replayed(
    deployed: RunningCloud, client: Client, received: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    """Completed → one signed notification with the recording; a replay leaves every document as it is."""
    url, got = received
    client.start({"RecordUrl": "https://example.com/", "RecordingId": "told-1", "notify_url": url})
    client.wait("told-1", ("recording",), 90)
    client.stop("told-1")
    client.wait("told-1", ("completed",), 90)
    tick()
    tick()
    mine = [(headers, body) for headers, body in got if json.loads(body)["data"]["recording_id"] == "told-1"]
    ((headers, body),) = mine
    Webhook(deployed.cloud.keys.notify_secret).verify(body, headers)
    assert "recording.completed" == json.loads(body)["type"]
    webhook_id = {name.lower(): value for name, value in headers.items()}["webhook-id"]
    assert re.fullmatch("told-1-[0-9]{13}-completed", webhook_id)
    assert {"recordings": 1, "changed": []} == main_handler({"replay": ["told-1"]}, CONTEXT)
    assert {"recordings": 0, "changed": [], "absent": ["none"]} == main_handler({"replay": ["none"]}, CONTEXT)
    no_ids = main_handler({"replay": ["a b", "none", "../x"]}, CONTEXT)
    assert {"recordings": 0, "changed": [], "absent": ["a b", "../x", "none"]} == no_ids


def test_a_host_that_is_not_allowed_is_not_told(client: Client) -> None:
    """The request is refused at once, with the field."""
    with pytest.raises(Exception, match="NotifyUrl"):
        client.start({"RecordUrl": "https://example.com/", "NotifyUrl": "https://elsewhere.example.com/"})
