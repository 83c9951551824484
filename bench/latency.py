"""Section `latency`: what a call takes where the calls it makes take time, beside the floor under it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import events
from bench.folders import packages
from bench.processes import latency
from bench.result import Section, Step, Table, Target
from bench.stats import Sample, ratio
from local import scf_events
from local.config import REGION
from testing.callbacks import KEY, SDK_APP_ID, callback
from testing.world import World

STORE_S, TRTC_S = 0.020, 0.100
HOW = (
    "The functions, warm, in one process of CPython 3.10 with the packages' libraries; TRTC and COS are the local "
    "cloud's servers in another, "
    f"with faults that delay each storage call by {STORE_S * 1e3:g} ms and each of TRTC's by {TRTC_S * 1e3:g} ms. Each "
    "round is the life of one recording. A floor is what nobody can do without, each call made bare by the SDKs in the "
    "same rounds: the delay is in it, and so is the servers' own time. CPU is the function's process's."
)
FLOORS: dict[str, tuple[str, ...]] = {
    "start": ("PUT", "StartWebRecord", "PUT"),
    "repeat": ("GET",),
    "callback": ("PUT",),
    "get": ("GET",),
    "list": ("LIST", "GET"),
    "stop": ("PUT", "StopWebRecord"),
    "idle tick": ("LIST",),
}
"""What each can't do without; a TRTC call that stops takes as long as one that starts."""
TARGETS = {"start": 1.5, "callback": 4.5, "get": 2.2}
WARM_UP = 3
COLUMNS = ("call", "floor", "floor ms", "ms median", "ms p95", "to its floor", "CPU ms")


def measure(rounds: int, step: Step) -> Section:
    """Measure each kind of call."""
    python, build = packages()
    step("starting a local cloud")
    with tempfile.TemporaryDirectory() as folder, _Cloud(Path(folder)) as environ:
        step(f"{rounds} rounds")
        told = latency(python, build, _given(rounds + WARM_UP, environ), environ)
    took = {name: Sample([value / 1e9 for value in values[WARM_UP:]]) for name, values in told["took"].items()}
    used = {name: Sample([value / 1e9 for value in values[WARM_UP:]]) for name, values in told["used"].items()}
    floors = {name: sum(took[_bare(call)].median for call in calls) for name, calls in FLOORS.items()}
    rows: list[tuple[str, ...]] = [
        (
            name,
            " + ".join(calls),
            f"{floors[name] * 1e3:.0f}",
            took[name].ms(),
            f"{took[name].p95 * 1e3:.0f}",
            ratio(took[name].median, floors[name]),
            f"{used[name].median * 1e3:.1f}",
        )
        for name, calls in FLOORS.items()
    ]
    targets = [
        Target(
            f"{name}: at most {most:g} x its floor, {' + '.join(FLOORS[name])}",
            ratio(took[name].median, floors[name]),
            took[name].median <= most * floors[name],
        )
        for name, most in TARGETS.items()
    ]
    return Section("latency", HOW, [Table("calls and their floors", COLUMNS, rows)], targets)


def _bare(call: str) -> str:
    return "bare StartWebRecord" if call == "StopWebRecord" else f"bare {call}"


def _given(rounds: int, environ: Mapping[str, str]) -> dict[str, Any]:
    world = World()
    world.start("k")
    (parameters,) = world.trtc.started
    body = callback(801, {"Status": 1, "EventMessage": "Success"}, events.NOW_MS, "@TASK@").decode()
    plain: dict[str, Any] = {"action": None, "headers": {}, "body": "", "query": {}}
    headers = {"SdkAppId": str(SDK_APP_ID), "Content-Type": "application/json"}
    return {
        "rounds": rounds,
        "trtc": environ["WEBRECORD_TRTC_ENDPOINT"],
        "key": KEY,
        "context": scf_events.context("latency", "request-1", 256, 60, REGION),
        "events": {
            "start": _keyed(events.start_event()),
            "repeat": _keyed(events.start_event()),
            "callback": scf_events.function_url_event("POST", "/", {}, headers, body.encode(), "203.0.113.8"),
            "get": events.get_event("@KEY@"),
            "list": events.list_event(),
            "stop": events.stop_event("@KEY@"),
            "idle tick": events.tick_event(),
        },
        "bare": {
            "PUT": {**plain, "method": "PUT", "key": "webrecord/bench/@KEY@", "body": "x"},
            "GET": {**plain, "method": "GET", "key": "webrecord/bench/@KEY@"},
            "LIST": {**plain, "method": "GET", "key": "", "query": {"prefix": "webrecord/bench/@KEY@"}},
            "StartWebRecord": {
                **plain,
                "method": "POST",
                "key": "",
                "action": "StartWebRecord",
                "body": json.dumps({**parameters, "RecordId": "bare-@KEY@"}),
            },
        },
    }


def _keyed(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "headers": {**event["headers"], "Idempotency-Key": "@KEY@"}}


class _Cloud:
    """A local cloud in a process of its own, without a browser; gives the functions' variables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> dict[str, str]:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, str(self._folder)), daemon=True)
        self._process.start()
        if not self._pipe.poll(60):
            raise RuntimeError("the local cloud did not start")
        environ = {**events.environment(""), **self._pipe.recv(), "WEBRECORD_CALLBACK_KEYS": KEY}
        return {**environ, "WEBRECORD_API_TOKENS": f"bench:{events.TOKEN}"}

    def __exit__(self, *_: object) -> None:
        self._pipe.send("over")
        self._process.join(20)
        self._process.terminate()


def _run(pipe: Connection, folder: str) -> None:
    from local.cloud import Cloud
    from local.config import LocalConfig
    from local.faults import CosFault, FaultFile, TrtcFault

    faults = FaultFile(faults=(CosFault(do="delay", seconds=STORE_S), TrtcFault(do="delay", seconds=TRTC_S)))

    async def serve() -> None:
        # Nobody is told of the recordings: the rounds bring callbacks of their own.
        config = LocalConfig(
            state_dir=Path(folder),
            timer_recorder=True,
            gentle=True,
            tick_s=0,
            callback_url="http://127.0.0.1:9/",
            faults=faults,
        )
        async with Cloud(config) as cloud:
            pipe.send(cloud.environment())
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
            cloud.hurry()

    asyncio.run(serve())
