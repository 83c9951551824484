"""TRTC's API with a real browser: what pages do, and what the callbacks say of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from local.faults import BrowserFault, FaultFile, Faults
from local.probe import probe
from local.trtc import ProcessRecorder
from testing import pictures as clock
from tests.e2e.films import SMALL
from tests.local.recorder.harness import FEW, ROOT, TIMED, PageServer, at_best, serve
from tests.local.recorder.receiver import RtmpServer
from tests.local.trtc.cloud import RunningTrtc, body, cloud, settings_for_tests
from tests.local.trtc.servers import until
from tests.serving import free_port

pytestmark = pytest.mark.e2e

WAIT_S = 300.0
_MOVING = "<body><b id=count></b><script>let n = 0; setInterval(() => count.textContent = n++, 40)</script>"


def video(width: int, height: int) -> str:
    """Return a page that shows a video of this size, in a shadow tree."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5, options={"preset": "ultrafast", "crf": "51"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((height, width), 40 * index, np.uint8), "gray")
            frame.pts, frame.time_base = index, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = base64.b64encode(file.getvalue()).decode()
    return f"""{_MOVING}<div id="room"></div><script>
        document.getElementById("room").attachShadow({{mode: "closed"}}).innerHTML =
          '<video muted autoplay loop width=320 src="data:video/mp4;base64,{data}"></video>'</script>"""


@pytest.fixture(scope="module")
def site() -> Iterator[PageServer]:
    pages = {
        "/clock": (ROOT / "local" / "pages" / "clock.html").read_text(),
        "/moving": _MOVING,
        "/refresh": _MOVING + """<script>if (!sessionStorage.n) setInterval(async () => {
            if (await (await fetch("/go")).text()) { sessionStorage.n = 1; location.reload(); }
        }, 200)</script>""",
        "/large": video(2048, 1152),
        "/allowed": video(1080, 1920),
        "/device": """<meta name="viewport" content="width=device-width"><body><script>
            fetch("/report?" + new URLSearchParams({agent: navigator.userAgent, wide: innerWidth,
            touch: navigator.maxTouchPoints, turned: screen.orientation.type}))</script>""",
    }  # fmt: skip
    with serve(pages) as running:
        yield running


def story(running: RunningTrtc, group: int = 8) -> list[tuple[int, Any]]:
    return [step for step in running.memory.story() if step[0] // 100 == group]


def start(running: RunningTrtc, url: str, **changes: Any) -> str:
    """Start a task and return its id when it is heard of."""
    size = {} if "EmulateMobileParams" in changes else SMALL
    task_id: str = running.call("StartWebRecord", body(RecordUrl=url, **{**size, **changes}))["TaskId"]
    until(lambda: running.memory.payloads(801), WAIT_S)
    return task_id


def finish(running: RunningTrtc, task_id: str = "", seconds: float = 2) -> None:
    """Wait for so much of a recording, stop it where it is one, and wait for its files."""
    if task_id:
        until(lambda: running.tasks.list()[0].seconds >= seconds, WAIT_S)
        running.call("StopWebRecord", {"TaskId": task_id})
    until(lambda: not running.tasks.list(), WAIT_S)


def test_a_browser_that_dies_again_and_again(site: PageServer, tmp_path: Path) -> None:
    """Twice it is started again, told by 801 status 3; the third time it is given up by status 5. Each left a file."""
    faults = Faults(FaultFile(faults=(BrowserFault(seconds=1, count=3),)))
    with cloud(tmp_path, settings=settings_for_tests(faults=faults, fps=FEW), recorders=ProcessRecorder) as running:
        start(running, site.url("/moving"))
        finish(running)
        assert [(801, 1), (801, 3), (801, 3), (801, 5)] == story(running)
        files = list(running.bucket.objects.values())
    assert 3 == len(files)
    for number, file in enumerate(files):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(file)
        assert probe(path).seconds > 0.5


def test_a_page_that_refreshes_itself(site: PageServer, tmp_path: Path) -> None:
    """It is told by 803 status 1, and the recording goes on."""
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=FEW)) as running:
        task_id = start(running, site.url("/refresh"))
        site.pages["/go"] = "now"
        until(lambda: running.memory.payloads(803), WAIT_S)
        finish(running, task_id, 3)
        assert [(801, 1), (803, 1), (802, 1)] == story(running)
        assert "Page refresh" == running.memory.payloads(803)[0]["EventMessage"]


def test_a_page_that_is_never_ready(site: PageServer, tmp_path: Path) -> None:
    """One reload, told by 803, and then a failed start with the documented words."""
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=FEW)) as running:
        start(running, site.url("/moving"), ReadyTimeout=1)
        finish(running)
        assert [(803, 1), (801, 2)] == story(running)
        said = running.memory.payloads(803) + running.memory.payloads(801)
    assert {"Page load timeout"} == {payload["EventMessage"] for payload in said}


def test_a_video_that_is_too_large(site: PageServer, tmp_path: Path) -> None:
    """A source above 1920x1080 ends the task by 804 status 2; what was recorded is delivered."""
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=FEW)) as running:
        start(running, site.url("/large"))
        finish(running)
        assert [(801, 1), (804, 2), (802, 1)] == story(running)
        assert [(310, 0)] == story(running, 3)


def test_a_video_that_is_just_allowed(site: PageServer, tmp_path: Path) -> None:
    """1080x1920 is 1920x1080 upright."""
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=FEW)) as running:
        finish(running, start(running, site.url("/allowed")))
        assert [(801, 1), (802, 1)] == story(running)


def test_a_device_is_emulated(site: PageServer, tmp_path: Path) -> None:
    """EmulateMobileParams reach the page, and turn the default picture upright."""
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=FEW)) as running:
        mobile = {"MobileDeviceType": 0, "ScreenOrientation": 0}
        finish(running, start(running, site.url("/device"), EmulateMobileParams=mobile))
        (file,) = running.bucket.objects.values()
    seen = site.reports.get(timeout=90)
    assert ("390", "5", "portrait-primary") == (seen["wide"], seen["touch"], seen["turned"])
    assert "Android" in seen["agent"]
    assert "Mobile" in seen["agent"]
    (tmp_path / "file.mp4").write_bytes(file)
    assert (720, 1280) == (probe(tmp_path / "file.mp4").width, probe(tmp_path / "file.mp4").height)


def test_both_media_types_of_vod(tmp_path: Path, site: PageServer) -> None:
    """MediaType 3 gives an MP4 and an HLS playlist of the same recording."""
    at_best(partial(is_given_twice, site), tmp_path)  # how late the browser was with pictures and beeps, no log tells


def is_given_twice(site: PageServer, tmp_path: Path) -> None:
    storage = {"CloudVod": {"TencentVod": {"MediaType": 3}}}
    with cloud(tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(fps=TIMED)) as running:
        finish(running, start(running, site.url("/clock"), StorageParams=storage), 5)
        assert [(311, 0), (311, 0), (312, 0)] == story(running, 3)
        found = {path.suffix: clock.read(path) for path in running.tasks.vod_dir.glob("*/*") if path.suffix != ".ts"}
    assert {".mp4", ".m3u8"} == set(found)
    for recording in found.values():
        assert recording.length_s > 4
        assert len(clock.beeps(recording)) >= 3
        assert abs(float(np.median(clock.delays_s(recording)))) < 0.1


def test_a_page_is_relayed_while_it_is_recorded(tmp_path: Path) -> None:
    """A stranger's RTMP server gets picture and sound in step; a dead address beside it is just told about."""
    at_best(is_relayed, tmp_path)  # as above


def is_relayed(tmp_path: Path) -> None:
    dead = f"rtmp://127.0.0.1:{free_port()}/live/x"
    with (
        RtmpServer(free_port()) as receiver,
        cloud(
            tmp_path, recorders=ProcessRecorder, settings=settings_for_tests(relay_give_up_s=6.0, fps=TIMED)
        ) as running,
        serve({"/clock": (ROOT / "local" / "pages" / "clock.html").read_text()}) as site,
    ):
        targets = [{"PublishCdnUrl": receiver.url, "IsTencentCdn": 0}, {"PublishCdnUrl": dead, "IsTencentCdn": 0}]
        task_id = start(running, site.url("/clock"), PublishCdnParams=targets)
        until(lambda: [p for p in running.memory.payloads(401) if p["Status"] == 4], WAIT_S)
        finish(running, task_id, 8)
        seen = receiver.decoded()
        told = running.memory.payloads(401)
        (file,) = running.bucket.objects.values()
    assert [1, 2, 5, 0] == [payload["Status"] for payload in told if payload["Url"] == receiver.url]
    refused = [(payload["Status"], payload["ErrorMsg"]) for payload in told if payload["Url"] == dead]
    assert ((1, ""), (4, "Connection refused")) == (refused[0], refused[-1])
    (tmp_path / "file.mp4").write_bytes(file)
    recorded = clock.read(tmp_path / "file.mp4")
    assert seen["size"] == list(recorded.size)
    assert seen["length_s"] > 5
    assert seen["pictures"] / seen["length_s"] > 5
    assert seen["beeps"] >= 4
    assert abs(float(np.median(seen["delays_s"]))) < 0.1
    assert len(clock.beeps(recorded)) >= 6
