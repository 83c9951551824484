"""Pages whose films the check must tell apart, recorded by a local cloud with real browsers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.client import FINAL, Client
from local.config import LocalConfig
from local.faults import CallbackFault, FaultFile
from tests.cloud import RunningCloud
from tests.local.recorder import harness
from tests.local.recorder.harness import ROOT, PageServer, serve
from tests.local.trtc.servers import until

WAIT_S = 300.0
SMALL = {"WebRecordVideoParams": {name.title(): pixels for name, pixels in harness.SMALL.items()}}
JUDGED = {"WebRecordVideoParams": {"Width": 640, "Height": 360}}
"""What is said of a film hangs on the bytes of its pictures: in a smaller one, one that stands still was not told."""
FILES_TOLD_S = 8.0
"""TRTC tells of a file so long after it lies in the bucket: in between it can be damaged."""
_MOVING = """<body style="margin:0;background:#135"><canvas id=c width=640 height=360></canvas><script>
  const pen = c.getContext("2d");
  setInterval(() => { for (let n = 0; n < 40; n++) {
    pen.fillStyle = `hsl(${Math.random() * 360} 80% 60%)`;
    pen.fillRect(Math.random() * 640, Math.random() * 360, 60, 40);
  } }, 100);
"""
PAGES = {
    "/clock": (ROOT / "local" / "pages" / "clock.html").read_text(),
    "/black": "<body style='margin:0;background:#000'>",
    "/silent": _MOVING + "</script>",
    "/static": "<body style='background:#fff'><h1>Sign in</h1><input><input type=password><button>Go on</button>",
    "/half": _MOVING + """
  const sound = new AudioContext(), tone = sound.createOscillator();
  tone.connect(sound.destination); tone.start(); setTimeout(() => tone.stop(), 8000);</script>""",
}  # fmt: skip


@contextmanager
def filming(state_dir: Path) -> Iterator[tuple[RunningCloud, Client, PageServer]]:
    """A local cloud that records with real browsers, a client of it, and the pages."""
    faults = FaultFile(faults=(CallbackFault(do="delay", types=frozenset({310}), seconds=FILES_TOLD_S),))
    with RunningCloud(LocalConfig(state_dir, gentle=True, faults=faults)) as running, serve(PAGES) as site:
        running.cloud.trtc_settings.fps = harness.TIMED
        client = Client(running.cloud.address.gateway, running.cloud.keys.api_token)
        try:
            yield running, client, site
        finally:
            client.close()


def begin(client: Client, site: PageServer, name: str, page: str) -> str:
    """Start a recording of a page; return the TaskId."""
    client.start({"RecordUrl": site.url(page), "RecordingId": name, **JUDGED})
    return task_of(client, name)


def task_of(client: Client, name: str) -> str:
    """Return a recording's TaskId, which a start that took long does not know yet."""
    until(lambda: client.get(name).get("task_id"), WAIT_S)
    return str(client.get(name)["task_id"])


def recorded(client: Client, task_id: str, seconds: float) -> float:
    """Wait until so much of a task is recorded, restarts together; return how much is."""
    until(lambda: client.progress(task_id).get("seconds", 0) >= seconds, WAIT_S)
    return float(client.progress(task_id)["seconds"])


def judged(client: Client, name: str) -> dict[str, Any]:
    """Return a recording once it is final and its films were looked into."""
    result = client.wait(name, FINAL, WAIT_S)
    end = time.monotonic() + WAIT_S
    while "not checked yet" in (result.get("film_reason") or "") and time.monotonic() < end:
        time.sleep(0.2)
        result = client.get(name)
    return result


def told(recording: dict[str, Any]) -> tuple[str, str | None, list[str]]:
    """Return what the API says of a recording's films: state, verdict, and the codes of what was found."""
    codes = {finding["code"] for finding in recording.get("film_findings") or []}
    return recording["state"], recording.get("film"), sorted(codes)
