"""Start, record, stop, told: with a real browser and the timer switched off. What follows at once comes from wakes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from local.client import FINAL, Client
from local.config import LocalConfig
from tests.cloud import RunningCloud
from tests.e2e.films import SMALL
from tests.local.recorder.harness import FEW
from tests.local.trtc.servers import until
from tests.serving import serving

pytestmark = pytest.mark.e2e


@pytest.fixture
def timeless(tmp_path: Path) -> Iterator[RunningCloud]:
    """A local cloud without a timer, as unkind as usual: listings late, wakes late and at times doubled."""
    with RunningCloud(LocalConfig(tmp_path, tick_s=0)) as running:
        running.cloud.trtc_settings.fps = FEW
        yield running


def test_the_two_minute_story_needs_no_timer(timeless: RunningCloud) -> None:
    """A page is recorded and stopped; its receiver is told that it is completed, though no tick ever comes."""
    told: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    address = timeless.cloud.address
    with closing(Client(address.gateway, timeless.cloud.keys.api_token)) as client, serving(Receiver) as receiver:
        page = {"RecordUrl": f"{address.gateway}/pages/clock.html", "RecordingId": "story", **SMALL}
        started = client.start({**page, "NotifyUrl": f"{receiver.url}/hook"})
        assert "recording" == client.wait("story", ("recording", *FINAL), 120)["state"], started
        time.sleep(4)
        client.stop("story")
        assert "completed" == client.wait("story", FINAL, 120)["state"]
        until(lambda: bool(told))
    assert ["recording.completed"] == [each["type"] for each in told][:1]
    assert told[0]["data"]["files"][0]["name"].endswith(".mp4")
    until(lambda: not list((timeless.cloud.state_dir / "cos").glob("*/webrecord/wake/*")))
