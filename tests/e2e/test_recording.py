"""The whole way: HTTP → SDK → Chromium → COS → signed callback → recording.json, and the file decoded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.callbacks.log import FILE_NAME, DeliveryLog
from local.client import FINAL, Client, object_path
from local.config import BUCKET, LocalConfig
from local.probe import probe
from testing import pictures as clock
from tests.cloud import RunningCloud
from tests.e2e.films import SMALL, recorded, task_of
from tests.local.recorder.harness import FEW, TIMED, at_best
from tests.local.trtc.servers import until
from tests.serving import serving

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A local cloud that records with a real browser."""
    with RunningCloud(LocalConfig(tmp_path_factory.mktemp("real"), gentle=True)) as running:
        running.cloud.trtc_settings.fps = TIMED
        yield running


@pytest.fixture
def client(real: RunningCloud) -> Iterator[Client]:
    ours = Client(real.cloud.address.gateway, real.cloud.keys.api_token)
    yield ours
    ours.close()


def record(client: Client, seconds: float, request: dict[str, Any]) -> dict[str, Any]:
    """Start, let it record so long, stop, and return the final recording."""
    started = client.start(request)
    recording = client.wait(started["recording_id"], ("recording", *FINAL), 120)
    if recording["state"] == "recording":
        time.sleep(seconds)
        client.stop(started["recording_id"])
    return client.wait(started["recording_id"], FINAL, 120)


def clock_page(real: RunningCloud) -> str:
    return f"{real.cloud.address.gateway}/pages/clock.html"


def test_a_page_becomes_an_mp4_with_picture_and_sound(real: RunningCloud, client: Client, tmp_path: Path) -> None:
    """The clock in the picture runs with the file's time, a tone of 1 kHz sounds at each of its full seconds."""
    # Made anew: how late the browser was with a picture or a beep on a busy machine is in no log.
    at_best(lambda place: whole_way(real, client, place.name), tmp_path)


def whole_way(real: RunningCloud, client: Client, name: str) -> None:
    began = time.monotonic()
    result = record(client, 8, {"RecordUrl": clock_page(real), "RecordingId": name})
    took_s = time.monotonic() - began
    assert "completed" == result["state"], result
    (file,) = result["files"]
    path = object_path(real.cloud.state_dir, file)
    assert path is not None
    recorded = clock.read(path)
    assert (1280, 720) == recorded.size
    assert result["duration_ms"] / 1000 == pytest.approx(recorded.length_s, abs=0.5)
    assert 7 <= recorded.length_s <= took_s
    shown = [(picture.shown_s, picture.page_s) for picture in recorded.pictures if picture.page_s is not None]
    assert len(shown) > 0.9 * len(recorded.pictures)
    offset = clock.offset_s(recorded)
    late = [abs(page_s - shown_s - offset) for shown_s, page_s in shown]
    assert sorted(late)[int(len(late) * 0.9)] < 0.25
    beeps = [beep for beep in clock.beeps(recorded) if beep.length_s > 0.05]
    assert len(beeps) >= 6
    assert all(abs(beep.hertz - 1000) < 20 for beep in beeps)
    assert all(abs(delay) < 0.25 for delay in clock.delays_s(recorded))
    document = json.loads(
        (real.cloud.state_dir / "cos" / BUCKET / f"webrecord/recordings/{name}/recording.json").read_text()
    )
    told = {field: value for field, value in file.items() if field not in ("size", "url", "url_expires_ms")}
    assert ("completed", [told]) == (document["state"], document["files"])
    assert path.stat().st_size == file["size"]
    assert {"801", "802", "310"} <= {label.split(".")[0] for label in document["evidence"]["facts"].values()}


def test_hls_is_a_playlist_that_plays(real: RunningCloud, client: Client) -> None:
    """`format: hls` ends in a playlist with all its slices in the bucket."""
    result = record(client, 5, {"RecordUrl": clock_page(real), "format": "hls", **SMALL})
    assert "completed" == result["state"], result
    playlists = [file for file in result["files"] if file["name"].endswith(".m3u8")]
    assert len(playlists) == 1
    path = object_path(real.cloud.state_dir, playlists[0])
    assert path is not None
    assert path.read_text().rstrip().endswith("#EXT-X-ENDLIST")
    seen = probe(path)
    assert seen.seconds >= 4
    assert seen.has_sound


def test_any_other_page_is_recorded_at_the_asked_size(real: RunningCloud, client: Client, tmp_path: Path) -> None:
    """A page of one's own, from a server of one's own, 640x360."""
    (tmp_path / "index.html").write_text("<body style='background:#c00'><h1>课程 one</h1>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with serving(handler) as server:
        video = {"Width": 640, "Height": 360}
        result = record(client, 3, {"RecordUrl": f"{server.url}/", "WebRecordVideoParams": video})
    assert "completed" == result["state"], result
    path = object_path(real.cloud.state_dir, result["files"][0])
    assert path is not None
    seen = probe(path)
    assert (640, 360) == (seen.width, seen.height)
    assert seen.seconds >= 2.5


def test_a_page_that_can_not_be_reached_is_failed_with_the_reason(client: Client) -> None:
    """The API accepted it; the callback tells why there is no file."""
    result = record(client, 0, {"RecordUrl": "http://127.0.0.1:9/"})
    assert "failed" == result["state"]
    assert result["reason"].startswith("the page could not be recorded: Goto url")


def test_a_callback_function_that_is_down_for_30_s_loses_nothing(tmp_path: Path) -> None:
    """TRTC's schedule, five times as fast, sends again; the recording ends completed."""
    speed = 5
    with RunningCloud(LocalConfig(tmp_path, gentle=True, speed=speed)) as running:
        running.cloud.trtc_settings.fps = FEW
        running.cloud.callback_settings.timeout_s *= speed  # answers take as long as they take
        client = Client(running.cloud.address.gateway, running.cloud.keys.api_token)
        try:
            take_down(client, 300)
            started = client.start({"RecordUrl": clock_page(running), **SMALL})
            log = DeliveryLog(tmp_path / FILE_NAME)
            until(lambda: [each for each in log.read() if each.outcome == "failed"], 120)
            assert client.get(started["recording_id"])["state"] == "starting", "no callback has come through"
            recorded(client, task_of(client, started["recording_id"]), 3)  # what is stopped before it began has no film
            take_down(client, 30 / speed)
            client.stop(started["recording_id"])
            result = client.wait(started["recording_id"], FINAL, 120)
        finally:
            client.close()
    assert "completed" == result["state"], result
    assert 1 == len(result["files"])


def take_down(client: Client, seconds: float) -> None:
    """Let no call of the callback function come through for so long, from now on."""
    asked = {"Authorization": f"Bearer {client.token}"}
    url = f"{client.gateway}/_local/functions/callback/down"
    assert httpx.post(url, json={"seconds": seconds}, headers=asked, timeout=60).is_success
