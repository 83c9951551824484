"""How recordings fail, break and end: never with a hang, never with a lost file."""

from __future__ import annotations

import resource
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local.recorder.browser import find_chromium
from local.recorder.rescue import rescue
from testing import pictures as clock
from tests.local.recorder.harness import TIMED, PageServer, RecorderProcess, all_gone, at_best, kill, serve

pytestmark = pytest.mark.e2e

_MOVING = "<body><script>let n = 0; setInterval(() => document.body.textContent = n++, 100)</script>"
_PAGES = {
    "/": _MOVING,
    "/ready": _MOVING + "<script>setTimeout(() => notifyReady(), 300)</script>",
    "/second": _MOVING
    + """<script>if (sessionStorage.seen) notifyReady(1, {a: 2}); sessionStorage.seen = 1</script>""",
    "/noisy": _MOVING
    + """<script>onload = () => { alert("a"); confirm("b"); window.open("/", "popup");
         window.onbeforeunload = () => "stay"; fetch("/report?survived=yes") }</script>""",
    "/device": """<meta name="viewport" content="width=device-width, initial-scale=1">
         <body><script>fetch("/report?" + new URLSearchParams({agent: navigator.userAgent, wide: innerWidth,
         high: innerHeight, touch: navigator.maxTouchPoints, turned: screen.orientation.type}))</script>""",
}
_ODD = {
    "/film": (200, {"Content-Type": "video/mp4", "Content-Disposition": "attachment"}),
    "/nothing": (204, {}),
    "/login": (401, {"WWW-Authenticate": 'Basic realm="x"'}),
    "/circle": (302, {"Location": "/circle"}),
}


@pytest.fixture(scope="module")
def site() -> Iterator[PageServer]:
    with serve(_PAGES, _ODD) as running:
        yield running


def test_hanging_server(site: PageServer, tmp_path: Path) -> None:
    """A server that accepts and never answers fails the recording in time."""
    with RecorderProcess(tmp_path, site.url("/hang"), goto_timeout_s=1) as recorder:
        assert recorder.end() == {"event": "failed", "message": "Goto url timeout"}
    assert recorder.process.returncode == 1


def test_dead_port(tmp_path: Path) -> None:
    """A refused connection is told with the network's error."""
    with socket.socket() as closed:  # nobody else can have it meanwhile
        closed.bind(("127.0.0.1", 0))
        with RecorderProcess(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}/") as recorder:
            message = recorder.end()["message"]
    assert message == "Goto url error: net::ERR_CONNECTION_REFUSED"
    assert recorder.of("file") == []
    assert not (tmp_path / ".browser").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/film", "net::ERR_ABORTED, the address is a download (video/mp4), not a page"),
        ("/nothing", "net::ERR_ABORTED, the address answers 204"),
        ("/circle", "net::ERR_TOO_MANY_REDIRECTS"),
    ],
)
def test_an_address_that_is_no_page(site: PageServer, tmp_path: Path, path: str, why: str) -> None:
    """What Chrome only calls aborted is told as what it is."""
    with RecorderProcess(tmp_path, site.url(path)) as recorder:
        assert recorder.end() == {"event": "failed", "message": f"Goto url error: {why}"}


def test_an_error_page(site: PageServer, tmp_path: Path) -> None:
    """A page that comes with an error's status is recorded, and the status is told."""
    with RecorderProcess(tmp_path, site.url("/login"), max_duration_s=0.5) as recorder:
        assert recorder.end()["reason"] == "limit"
    assert [401] == [event["status"] for event in recorder.of("started")]


def test_a_device_that_does_not_open(tmp_path: Path) -> None:
    """Sound that the browser can't play is told while it records, with the browser's own word; the film goes on."""
    deaf = tmp_path / "deaf chromium"
    deaf.write_text(f'#!/bin/sh\nALSA_CONFIG_PATH=/nonexistent exec "{find_chromium(None)}" "$@"\n')
    deaf.chmod(0o755)
    with RecorderProcess(tmp_path / "work", chromium=str(deaf)) as recorder:
        told = recorder.until("trouble")["message"]
        recorder.say("stop")
        assert recorder.end() == {"event": "ended", "reason": "stop"}
    assert told.startswith("no sound: the browser can't use its sound device: PcmOpen: default,No such file")
    assert 1 == len(recorder.of("trouble"))
    assert 1 == len(recorder.files("mp4"))


def test_a_work_folder_that_vanishes(tmp_path: Path) -> None:
    """A film that can't be written ends the recording as that, not as a crash of Chrome."""
    work = tmp_path / "work"
    with RecorderProcess(work, format="hls") as recorder:
        recorder.until("progress")
        gone = work.rename(tmp_path / "gone")
        work.write_text("no folder")
        while gone.exists():  # the recorder may make a file in it while it is emptied
            shutil.rmtree(gone, ignore_errors=True)
        last = recorder.end()
    assert ("ended", "error") == (last["event"], last["reason"])
    assert recorder.of("crashed") == []


def test_no_browser(tmp_path: Path) -> None:
    """A missing browser is a failed start, not a crash."""
    with RecorderProcess(tmp_path, chromium="/nowhere/chromium") as recorder:
        assert recorder.end() == {
            "event": "failed",
            "message": "StartRecording error: no browser at /nowhere/chromium",
        }


def test_bad_job(tmp_path: Path) -> None:
    """A job that cannot be read names the field."""
    with RecorderProcess(tmp_path, width=-1) as recorder:
        assert recorder.end()["message"].startswith("StartRecording error: job: width:")


def test_ready(site: PageServer, tmp_path: Path) -> None:
    """A page that says it is ready in time is recorded without a reload."""
    with RecorderProcess(tmp_path, site.url("/ready"), ready_timeout_s=30, max_duration_s=0.5) as recorder:
        assert recorder.end()["reason"] == "limit"
    assert recorder.of("refreshed") == []


def test_ready_after_reload(site: PageServer, tmp_path: Path) -> None:
    """A page that misses its time once is reloaded, then recorded."""
    with RecorderProcess(tmp_path, site.url("/second"), ready_timeout_s=8, max_duration_s=0.5) as recorder:
        assert recorder.end()["reason"] == "limit"
    assert recorder.of("refreshed") == [{"event": "refreshed", "message": "Page load timeout"}]


def test_never_ready(site: PageServer, tmp_path: Path) -> None:
    """A page that misses its time twice is not recorded."""
    with RecorderProcess(tmp_path, site.url("/"), ready_timeout_s=1) as recorder:
        assert recorder.end() == {"event": "failed", "message": "Page load timeout"}
    assert [event["event"] for event in recorder.events] == ["refreshed", "failed"]


def test_stop_before_start(site: PageServer, tmp_path: Path) -> None:
    """A stop while the page is still loading ends at once, with no file."""
    with RecorderProcess(tmp_path, site.url("/hang")) as recorder:
        recorder.say("stop")
        assert recorder.end() == {"event": "ended", "reason": "stop"}
    assert recorder.process.returncode == 0


def test_terminated(tmp_path: Path) -> None:
    """SIGTERM is a stop."""
    with RecorderProcess(tmp_path) as recorder:
        recorder.until("progress")
        family = recorder.browser()
        recorder.process.send_signal(signal.SIGTERM)
        assert recorder.end() == {"event": "ended", "reason": "stop"}
    assert all_gone(family)
    assert clock.read(tmp_path / "recording.mp4").length_s > 0.8


def test_input_closed(tmp_path: Path) -> None:
    """The end of standard input is a stop: the parent is gone."""
    with RecorderProcess(tmp_path) as recorder:
        recorder.until("progress")
        family = recorder.browser()
        recorder.process.stdin.close()
        assert recorder.end() == {"event": "ended", "reason": "stop"}
    assert all_gone(family)


def test_browser_killed(tmp_path: Path) -> None:
    """A browser that dies ends the recording; what was recorded is finished and told first."""
    with RecorderProcess(tmp_path) as recorder:
        while (come := recorder.until("progress"))["frames"] < 15 or come["seconds"] < 2:
            pass
        for pid in recorder.browser():
            kill(pid)
        assert recorder.end() == {"event": "ended", "reason": "crash"}
    tail = [event["event"] for event in recorder.events if event["event"] != "progress"]
    assert tail == ["started", "file", "crashed", "ended"]
    assert recorder.of("crashed")[0]["message"] == "Chrome exception, exit task"
    decoded = clock.read(tmp_path / "recording.mp4")
    assert decoded.length_s > 1.5
    assert clock.distinct(decoded) > 10


def test_page_crashed(tmp_path: Path) -> None:
    """A page that crashes under a living browser ends the recording as well."""
    with RecorderProcess(tmp_path) as recorder:
        recorder.until("progress")
        family = recorder.browser()
        renderers = [pid for pid, command in family.items() if "--type=renderer" in command]
        assert renderers
        for pid in renderers:
            kill(pid)
        assert recorder.end() == {"event": "ended", "reason": "crash"}
    assert all_gone(family)
    assert clock.read(tmp_path / "recording.mp4").length_s > 0.5


@pytest.mark.parametrize("wanted", ["mp4", "hls"])
def test_recorder_killed(tmp_path: Path, wanted: str) -> None:
    """kill -9 loses seconds, not the file: rescue makes it whole, and the browser goes by itself."""
    # Made anew: a recorder that was killed can't say how far it had come, and on a busy machine that is not far.
    at_best(partial(rescued_after_a_kill, wanted), tmp_path)


def rescued_after_a_kill(wanted: str, tmp_path: Path) -> None:
    with RecorderProcess(tmp_path, format=wanted, fps=TIMED) as recorder:
        started = recorder.until("started")
        for _ in range(6):
            recorder.until("progress")
        family = recorder.browser()
        plain = Path((tmp_path / ".browser" / "plain").read_text())
        assert plain.is_dir()
        recorder.process.kill()
        killed_s = time.time() - started["ts_ms"] / 1000
        recorder.process.wait()
        assert all_gone(family)
    events = rescue(tmp_path)
    assert events[-1]["kind"] == ("mp4" if wanted == "mp4" else "m3u8")
    assert events[-1]["start_ms"] == started["ts_ms"]
    decoded = clock.read(tmp_path / events[-1]["name"])
    assert decoded.length_s > killed_s - 3.5
    assert decoded.length_s == pytest.approx((events[-1]["end_ms"] - events[-1]["start_ms"]) / 1000, abs=0.2)
    assert clock.distinct(decoded) > 20
    assert rescue(tmp_path) == events
    assert not (tmp_path / ".browser").exists()
    assert not plain.exists()


def test_disk_full(tmp_path: Path) -> None:
    """A disk that takes no more ends the recording with what was saved."""
    with RecorderProcess(tmp_path) as recorder:
        recorder.until("progress")
        family = recorder.browser()
        resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (80_000, 80_000))
        assert recorder.end() == {"event": "ended", "reason": "disk"}
    assert all_gone(family)
    assert recorder.files("mp4") == [tmp_path / "recording.mp4"]
    decoded = clock.read(tmp_path / "recording.mp4")
    assert clock.distinct(decoded) > 5


def test_disturbances(site: PageServer, tmp_path: Path) -> None:
    """Dialogs do not freeze the page and a popup does not take its place."""
    with RecorderProcess(tmp_path, site.url("/noisy")) as recorder:
        assert site.reports.get(timeout=90) == {"survived": "yes"}
        while recorder.until("progress")["frames"] <= 20:  # however long a busy machine takes for them
            pass
        recorder.say("stop")
        assert recorder.end()["reason"] == "stop"
    assert len(clock.read(tmp_path / "recording.mp4").pictures) > 15


@pytest.mark.parametrize(
    ("device", "orientation", "picture", "wide", "turned"),
    [
        ("phone", "portrait", (720, 1280), "390", "portrait-primary"),
        ("tablet", "landscape", (1280, 720), "1458", "landscape-primary"),
    ],
)
def test_mobile(
    site: PageServer, tmp_path: Path, device: str, orientation: str, picture: tuple[int, int], wide: str, turned: str
) -> None:
    """The page sees a touch device of the asked size and orientation; the picture keeps its own size."""
    mobile = {"device": device, "orientation": orientation}
    with RecorderProcess(tmp_path, site.url("/device"), mobile=mobile, max_duration_s=0.5) as recorder:
        assert recorder.end()["reason"] == "limit"
    seen = site.reports.get(timeout=90)
    assert "Android" in seen["agent"]
    assert ("Mobile" in seen["agent"]) == (device == "phone")
    assert (seen["wide"], seen["turned"], seen["touch"]) == (wide, turned, "5")
    assert clock.read(tmp_path / "recording.mp4").size == picture
