"""A recording from start to end with no more than the policies of docs/deploy-by-hand.md allow."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from local.client import Client
from local.config import LocalConfig
from tests.cloud import RunningCloud
from tests.local.trtc.servers import until


@pytest.mark.process
def test_the_guides_policies_suffice_for_a_recording(tmp_path: Path) -> None:
    """Start, callbacks, upload, listing, tick, replay: nothing is denied, and the film is there."""
    with RunningCloud(LocalConfig(tmp_path, timer_recorder=True, speed=20, tick_s=0)) as running:
        with closing(Client(running.patient().cloud.address.gateway, running.cloud.keys.api_token)) as client:
            client.start({"RecordUrl": "https://example.com/", "RecordingId": "allowed"})
            client.wait("allowed", ("recording",), 90)
            client.stop("allowed")
            recording = client.wait("allowed", ("completed",), 90)
            running.call(lambda: running.cloud.gateway.tick("reconcile"))
            # Its film is looked into at the same time: once that is stored, a replay changes nothing.
            until(lambda: {"recordings": 1, "changed": []} == client.invoke("reconcile", {"replay": "all"}))
        (film,) = recording["files"]
        assert (tmp_path / "cos" / film["bucket"] / film["key"]).is_file()
        logs = "".join(path.read_text() for path in (tmp_path / "scf" / "logs").iterdir())
    assert "AccessDenied" not in logs
