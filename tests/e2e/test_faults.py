"""Faults on purpose against the whole way, with a real browser: the result is true all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.callbacks.log import FILE_NAME
from local.client import FINAL, Client, object_path
from local.config import LocalConfig
from local.faults import BrowserFault, CallbackFault, CosFault, FaultFile, TrtcFault
from local.probe import probe
from tests.cloud import RunningCloud
from tests.e2e.films import SMALL, recorded, task_of
from tests.local.recorder.harness import FEW
from tests.local.trtc.servers import until

pytestmark = pytest.mark.e2e

RULES = FaultFile(
    faults=(
        TrtcFault(do="lose", action="StartWebRecord", nth=1),
        BrowserFault(seconds=2),
        CallbackFault(do="duplicate", types=frozenset({801, 310})),
        CallbackFault(do="reorder", types=frozenset({802}), seconds=3),
        CosFault(do="fail", method="PUT", key="webrecord/tasks/*", nth=2),
    )
)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RunningCloud]:
    """A local cloud in which something is wrong at every place."""
    with RunningCloud(LocalConfig(tmp_path, gentle=True, faults=RULES)) as running:
        running.cloud.trtc_settings.fps = FEW
        yield running


def test_a_recording_survives_a_crash_and_more(real: RunningCloud) -> None:
    """Lost reply, killed browser, failed store, doubled and reordered callbacks: one task, two files that play."""
    client = Client(real.cloud.address.gateway, real.cloud.keys.api_token)
    page = f"{real.cloud.address.gateway}/pages/clock.html"
    try:
        client.start({"RecordUrl": page, "RecordingId": "rough", **SMALL})
        client.wait("rough", ("recording", *FINAL), 120)
        log = real.cloud.state_dir / FILE_NAME
        # 801 status 3: the browser was killed; a second one goes on recording.
        until(lambda: log.exists() and "Chrome exception, restart" in log.read_text(), 120)
        recorded(client, task_of(client, "rough"), 4)
        client.stop("rough")
        result = client.wait("rough", FINAL, 120)
    finally:
        client.close()
    assert ("completed", 1) == (result["state"], result["attempts"]), result
    assert 2 == len(result["files"])
    paths = [object_path(real.cloud.state_dir, file) for file in result["files"]]
    seconds = [path and probe(path).seconds for path in paths]
    assert all(each and each > 0.5 for each in seconds), seconds
    struck = {rule["name"]: rule["struck"] for rule in real.cloud.faults.list()}
    assert all(struck.values()), json.dumps(real.cloud.faults.list())
