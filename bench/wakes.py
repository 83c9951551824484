"""Section `wakes`: how soon what is to be done at once is done, with the timer at its production period of a minute."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from bench.result import Section, Step, Table, Target
from bench.stats import Sample
from local.client import Client
from local.config import BUCKET, REGION, Address, Keys

LINES = 1_000
IN_FLIGHT_S = 31.0
PATIENCE_S = 180.0
TICK_S = 60.0
HOW = (
    "The local cloud as `python -m local up --no-browser --tick-seconds 60` runs it: TRTC begins 5 s after a call, "
    "listings are 1.5 s late, wake events 0.3 s and one of four comes twice; 20 starts a second. The functions run "
    "from the sources, each instance a process. Times are from the event that TRTC stamps to what its consequence is "
    "stamped with. Everything shares one machine."
)
COLUMNS = ("what", "n", "s median", "s p95", "s longest")
PAGE = {"RecordUrl": "https://example.com/"}


def measure(rounds: int, step: Step) -> Section:
    """Measure each way that a wake shortens."""
    with tempfile.TemporaryDirectory() as folder, _cloud(Path(folder)) as site:
        step(f"{rounds} notifications")
        told = site.notifications(rounds)
        step(f"{rounds} places")
        places = site.places(rounds)
        step(f"{rounds} second tries")
        tries = site.second_tries(rounds)
        step(f"a job of {LINES} lines")
        accepted_s, started_s = site.job(LINES)
    samples = {
        "final state → notification received": (told, 2.0),
        "a place becomes free → a queued start made": (places, 3.0),
        "801 status 2 → the next attempt": (tries, 3.0),
    }
    rows: list[tuple[str, ...]] = []
    targets: list[Target] = []
    for name, (sample, most) in samples.items():
        rows.append(
            (name, str(len(sample.values)), *(f"{s:.2f}" for s in (sample.median, sample.p95, max(sample.values))))
        )
        targets.append(Target(f"{name}: p95 at most {most:g} s", f"{sample.p95:.2f} s", sample.p95 <= most))
    job = [("all accepted", accepted_s, 30.0), ("all started", started_s, 120.0)]
    for name, seconds, most in job:
        rows.append((f"a job object of {LINES:,} lines → {name}", "1", *[f"{seconds:.1f}"] * 3))
        targets.append(Target(f"job of {LINES:,} lines: {name} within {most:g} s", f"{seconds:.0f} s", seconds <= most))
    return Section("wakes", HOW, [Table("seconds, not minutes", COLUMNS, rows)], targets)


class _Site:
    """A local cloud in another process, and who uses it."""

    def __init__(self, folder: Path, pipe: Connection, hook: str, told: dict[str, float]) -> None:
        self._folder, self._pipe, self._hook, self._told = folder, pipe, hook, told
        address = Address.read(folder)
        assert address is not None, "the local cloud has no address"
        self._client = Client(address.gateway, Keys.of(folder).api_token)
        self._cos = address.cos

    def notifications(self, rounds: int) -> Sample:
        """Return how long after the newest fact each receiver heard of the end."""
        names = [f"told-{number}" for number in range(rounds)]
        for name in names:
            self._client.start({**PAGE, "RecordingId": name, "NotifyUrl": self._hook})
        self._wait(lambda: all(self._document(name).get("state") == "recording" for name in names))
        for name in names:
            self._client.stop(name)
            time.sleep(0.5)
        self._wait(lambda: all(name in self._told for name in names))
        return Sample([max(0.0, self._told[name]) for name in names])

    def places(self, rounds: int) -> Sample:
        """Return how long after each end a queued start was made, pair by pair in order of time."""
        self._pipe.send(("max_concurrent", rounds))
        running, queued = ([f"{kind}-{number}" for number in range(rounds)] for kind in ("full", "queued"))
        for name in [*running, *queued]:
            self._client.start({**PAGE, "RecordingId": name})
        self._wait(lambda: all(self._document(name).get("state") == "recording" for name in running))
        time.sleep(IN_FLIGHT_S)  # what was refused waits half a minute
        for name in running:
            self._client.stop(name)
            time.sleep(1.0)
        self._wait(lambda: all(self._document(name).get("task_id") for name in queued))
        ended = sorted(task["ended_ms"] for name in running for task in self._evidence(name, "tasks"))
        made = sorted(max(one["at_ms"] for one in self._evidence(name, "attempts")) for name in queued)
        for name in queued:
            self._client.stop(name)
        self._pipe.send(("max_concurrent", 10_000))
        return Sample([max(0, at_ms - free_ms) / 1000 for free_ms, at_ms in zip(ended, made, strict=True)])

    def second_tries(self, rounds: int) -> Sample:
        """Return how long after TRTC said so each recording that did not start was tried again."""
        self._pipe.send(("fail", "Page load timeout"))
        names = [f"again-{number}" for number in range(rounds)]
        for name in names:
            self._client.start({**PAGE, "RecordingId": name})
            time.sleep(0.5)
        self._wait(lambda: all(len(self._evidence(name, "attempts")) > 1 for name in names))
        self._pipe.send(("fail", None))
        took = []
        for name in names:
            first = min(int(fact[:13]) for fact, label in self._facts(name).items() if label == "801.2")
            took.append((max(one["at_ms"] for one in self._evidence(name, "attempts")) - first) / 1000)
        return Sample([max(0.0, seconds) for seconds in took])

    def job(self, lines: int) -> tuple[float, float]:
        """Return after how many seconds all lines of a job object were accepted, and started."""
        from shared.adapters.cos import CosStore

        keys = Keys.of(self._folder)
        bucket = CosStore(BUCKET, REGION, "", self._cos, lambda: (keys.owner_id, keys.owner_key, None))
        body = "\n".join(json.dumps({"RecordUrl": f"https://example.com/{n}"}) for n in range(lines)).encode()
        before, tasks = self._accepted(), self._tasks()
        began, accepted_s = time.monotonic(), 0.0
        bucket.put("jobs/bench.jsonl", body)
        while time.monotonic() < began + 2 * PATIENCE_S:
            if not accepted_s and self._accepted() >= before + lines:
                accepted_s = time.monotonic() - began
            if self._tasks() >= tasks + lines:
                return accepted_s or time.monotonic() - began, time.monotonic() - began
            time.sleep(0.5)
        return accepted_s or time.monotonic() - began, time.monotonic() - began

    def _accepted(self) -> int:
        return sum(1 for _ in self._recordings().glob("*/request.json"))

    def _tasks(self) -> int:
        return sum(1 for _ in self._recordings().glob("*/facts/*-accepted-*"))

    def _recordings(self) -> Path:
        return self._folder / "cos" / BUCKET / "webrecord" / "recordings"

    def _document(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self._recordings() / name / "recording.json").read_text()))
        except (OSError, ValueError):
            return {}

    def _evidence(self, name: str, what: str) -> list[dict[str, Any]]:
        return list(self._document(name).get("evidence", {}).get(what, {}).values())

    def _facts(self, name: str) -> dict[str, str]:
        return dict(self._document(name)["evidence"]["facts"])

    def _wait(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > until:
                raise RuntimeError("what is waited for did not come")
            time.sleep(0.1)


@contextmanager
def _cloud(folder: Path) -> Iterator[_Site]:
    told: dict[str, float] = {}

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.time()
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            at_s = datetime.fromisoformat(document["timestamp"]).timestamp()
            told.setdefault(document["data"]["recording_id"], now - at_s)

        def log_message(self, *_: object) -> None:
            pass

    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.serve_forever, daemon=True).start()
    context = get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, str(folder)), daemon=True)
    process.start()
    try:
        if not pipe.poll(60):
            raise RuntimeError("the local cloud did not start")
        pipe.recv()
        yield _Site(folder, pipe, f"http://127.0.0.1:{receiver.server_port}/hook", told)
    finally:
        pipe.send(("over", None))
        process.join(30)
        process.terminate()
        receiver.shutdown()


def _run(pipe: Connection, folder: str) -> None:
    from local.cloud import Cloud
    from local.config import LocalConfig

    async def serve() -> None:
        config = LocalConfig(
            Path(folder), timer_recorder=True, tick_s=TICK_S, environment={"WEBRECORD_MAX_ATTEMPTS": "2"}
        )
        async with Cloud(config) as cloud:
            cloud.trtc_settings.max_concurrent = 10_000
            pipe.send("up")
            while True:
                what, value = await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
                if what == "over":
                    break
                if what == "fail":
                    cloud.timers.script.fail = value
                else:
                    cloud.trtc_settings.max_concurrent = value
            cloud.hurry()

    asyncio.run(serve())
