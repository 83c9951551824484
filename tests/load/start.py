"""Many starts at once, in real time: real sockets, the deployed handlers, the local TRTC at its limits.

The picture alone is not recorded: a timer stands in for the browser. Every recording is ended by a stop request
of its caller. In the end the claims are checked against what TRTC itself saw, not against what we say of it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from local.config import BUCKET, LocalConfig
from local.trtc import TaskProgress
from tests.cloud import RunningCloud

PREFIX = "webrecord"
FINAL = ("completed", "failed", "lost")
WATCH_S = 1.0
STOP_TRIES = 5
STOP_AGAIN_S = 10.0
TELL_S = 10.0


@dataclass(frozen=True)
class LoadPlan:
    """What is asked for, and of what; times in seconds.

    Attributes:
        requests: start requests, all at once.
        connections: open at the same time.
        seconds: how long each recording lasts before its caller stops it.
        tick_s: the timer's period.
        callback_timeout_s: how long TRTC waits for the answer to a callback; documented are 5.
        timeout_s: when the run gives up waiting for the last result.
        trtc: settings of the local TRTC that differ from the documented ones.
        speed: divides the timer's period and the waits of TRTC and of the callers, for the suite.
        instances: of each function, at most; the others wait for them, since hundreds are more than a laptop has.
        all_answered: whether nobody stops before each request has its reply, so that all want a place at once.
    """

    requests: int = 1_000
    connections: int = 64
    seconds: float = 20.0
    tick_s: float = 60.0
    callback_timeout_s: float = 5.0
    timeout_s: float = 1_800.0
    trtc: dict[str, Any] = field(default_factory=dict)
    speed: float = 1.0
    instances: int = 8
    all_answered: bool = False


@dataclass
class LoadResult:
    """What came of it; times in seconds."""

    plan: LoadPlan
    replies: Counter[str] = field(default_factory=Counter)
    """By status, or by the name of the error."""
    slowest_reply_s: float = 0.0
    accepted_s: float = 0.0
    """From the first request to the last reply."""
    duration_s: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    """Accepted, and not completed in the end."""
    twice: list[str] = field(default_factory=list)
    """TRTC saw more than one task, or our facts name another one than TRTC saw."""
    waits_s: list[float] = field(default_factory=list)
    """From acceptance to the recording's beginning."""
    most_at_once: int = 0
    api: Counter[str] = field(default_factory=Counter)
    """TRTC's answers by action and code."""
    callbacks: Counter[str] = field(default_factory=Counter)
    """Delivery attempts by outcome and HTTP status."""
    stops_again: Counter[str] = field(default_factory=Counter)
    """Stop requests that were sent again, by status or error."""
    dead_letters: int = 0

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, in words."""
        promises = {
            "a request was not accepted with 201 or 202": set(self.replies) <= {"201", "202"},
            "not every request was answered": self.replies.total() == self.plan.requests,
            "an accepted recording is not completed": not self.lost,
            "a recording was started twice": not self.twice,
        }
        return [what for what, kept in promises.items() if not kept]


class LoadRun:
    """One run against one local cloud."""

    def __init__(self, plan: LoadPlan, running: RunningCloud, tell: Callable[[str], None]) -> None:
        self.plan, self.running, self.tell = plan, running, tell
        self.result = LoadResult(plan)
        cloud = running.cloud
        self._objects = cloud.state_dir / "cos" / BUCKET / PREFIX
        self._host = cloud.address.gateway.removeprefix("http://")
        self._headers = {"Authorization": f"Bearer {cloud.keys.api_token}", "Content-Type": "application/json"}
        self._lock = threading.Lock()
        self._begun, self._answered = 0.0, 0
        self._accepted: list[str] = []
        self._tasks: dict[str, set[str]] = {}  # recording id -> TaskIds that TRTC ran
        self._stopped: dict[str, float] = {}  # when, by the monotonic clock
        self._final: set[str] = set()

    def run(self) -> LoadResult:
        """Send everything, stop what has recorded long enough, wait for the results, and judge."""
        self._begun = told = time.monotonic()
        connections = self.plan.connections
        with ThreadPoolExecutor(connections) as callers, ThreadPoolExecutor(connections) as stoppers:
            starts = [callers.submit(self._start, number) for number in range(self.plan.requests)]
            while not (self._answered == len(starts) and self._final >= set(self._accepted)):
                if time.monotonic() - self._begun > self.plan.timeout_s:
                    callers.shutdown(wait=False, cancel_futures=True)
                    break
                tasks = self._watch()
                for recording_id in self._ripe(tasks):
                    stoppers.submit(self._stop, recording_id)
                # One that TRTC never ran may end as well; those are looked at less often.
                rarely = time.monotonic() - told > TELL_S / self.plan.speed
                ended = set(self._accepted if rarely else self._tasks)
                self._collect(ended - {_recording_of(task) for task in tasks} - self._final)
                if rarely:
                    told = time.monotonic()
                    self._progress(tasks)
                time.sleep(WATCH_S / self.plan.speed)
            self.result.duration_s = time.monotonic() - self._begun
        self._judge()
        return self.result

    def _start(self, number: int) -> None:
        key, sent = f"load-{number:05d}", time.monotonic()
        status, text = self._post("/recordings", {"RecordUrl": f"https://example.com/class?room={number}"}, key)
        took_s = time.monotonic() - sent
        with self._lock:
            result = self.result
            result.replies[status] += 1
            result.slowest_reply_s = max(result.slowest_reply_s, took_s)
            result.accepted_s = max(result.accepted_s, time.monotonic() - self._begun)
            if status.startswith("2"):
                self._accepted.append(key)
            elif result.replies[status] == 1:
                self.tell(f"{key} after {took_s:.1f} s: {status} {text[:200]}")
            self._answered += 1

    def _stop(self, recording_id: str) -> None:
        for _ in range(STOP_TRIES):
            status, _ = self._post(f"/recordings/{recording_id}/stop", {}, None)
            if status.startswith("2"):
                return
            with self._lock:
                self.result.stops_again[status] += 1
            time.sleep(1)

    def _post(self, path: str, body: dict[str, Any], key: str | None) -> tuple[str, str]:
        """Return status and body, or the name of the error; each call has a connection of its own."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        try:
            with closing(HTTPConnection(self._host, timeout=self.plan.timeout_s)) as http:
                http.request("POST", path, json.dumps(body), headers)
                reply = http.getresponse()
                return str(reply.status), reply.read().decode()
        except (OSError, HTTPException) as error:
            return type(error).__name__, str(error)

    def _watch(self) -> list[TaskProgress]:
        """Note which tasks TRTC runs; it remembers none that is over."""
        tasks = self.running.call(self.running.cloud.tasks.list)
        for task in tasks:
            self._tasks.setdefault(_recording_of(task), set()).add(task.task_id)
        self.result.most_at_once = max(self.result.most_at_once, sum(task.state == "recording" for task in tasks))
        return tasks

    def _ripe(self, tasks: list[TaskProgress]) -> list[str]:
        """Return what is to be stopped now; a stop that TRTC was too busy for is asked for again after a while."""
        if self.plan.all_answered and self._answered < self.plan.requests:
            return []
        now = time.monotonic()
        ripe = {_recording_of(t) for t in tasks if t.state == "recording" and t.seconds >= self.plan.seconds}
        new = [name for name in ripe if now - self._stopped.get(name, -STOP_AGAIN_S) >= STOP_AGAIN_S]
        with self._lock:
            self.result.stops_again["202, and it went on"] += sum(name in self._stopped for name in new)
        self._stopped.update(dict.fromkeys(new, now))
        return new

    def _collect(self, recording_ids: set[str]) -> None:
        """Note which of the recordings are final by their documents."""
        for recording_id in recording_ids:
            document = self._document(recording_id)
            if document and document["state"] in FINAL:
                self._final.add(recording_id)

    def _document(self, recording_id: str) -> dict[str, Any] | None:
        try:
            read: dict[str, Any] = json.loads(
                (self._objects / "recordings" / recording_id / "recording.json").read_bytes()
            )
        except (OSError, ValueError):  # not there yet, or being written right now
            return None
        return read

    def _progress(self, tasks: list[TaskProgress]) -> None:
        at_once = sum(task.state == "recording" for task in tasks)
        self.tell(
            f"{time.monotonic() - self._begun:5.0f} s  accepted {len(self._accepted)}, seen by TRTC "
            f"{len(self._tasks)}, recording {at_once}, final {len(self._final)}"
        )

    def _judge(self) -> None:
        self._watch()
        result, sent = self.result, Counter[str]()
        begun: dict[str, set[str]] = {}
        for delivery in self.running.cloud.sender.log.read():
            sent[f"{delivery.outcome} {delivery.detail}"] += 1
            if (delivery.event_type, delivery.event_info["Payload"].get("Status")) == (801, 1):
                begun.setdefault(delivery.task_id, set()).add(delivery.message_id)
        result.callbacks = sent
        ours: dict[str, set[str]] = {}
        for recording_id in self._accepted:
            document = self._document(recording_id) or {}
            result.states[document.get("state", "nothing stored")] += 1
            if document.get("state") != "completed":
                result.lost.append(recording_id)
            if "started_ms" in document:
                result.waits_s.append((document["started_ms"] - document["created_ms"]) / 1000)
            ours[recording_id] = self._stored_tasks(recording_id)
        for recording_id, seen in self._tasks.items():
            if len(seen) > 1 or ours.get(recording_id) != seen:
                result.twice.append(recording_id)
        known = {task_id for seen in self._tasks.values() for task_id in seen}
        result.twice += [f"a task of nobody: {task_id}" for task_id in begun.keys() - known]
        result.dead_letters = sum(len(f.dead_letters) for f in self.running.cloud.functions.values())

    def _stored_tasks(self, recording_id: str) -> set[str]:
        """The TaskIds that our facts name for a recording."""
        facts = (self._objects / "recordings" / recording_id / "facts").glob("*-accepted-*.json")
        return {str(json.loads(path.read_bytes())["task_id"]) for path in facts}


def _recording_of(task: TaskProgress) -> str:
    return task.record_id.rpartition("-")[0]


def run_load(plan: LoadPlan, state_dir: Path, tell: Callable[[str], None] = lambda _line: None) -> LoadResult:
    """Run it in a local cloud of its own, with its state in this directory."""
    config = LocalConfig(
        state_dir,
        timer_recorder=True,
        gentle=True,
        speed=plan.speed,
        tick_s=plan.tick_s / plan.speed,
        max_instances=plan.instances,
        instance_wait_s=plan.timeout_s,
    )
    with RunningCloud(config) as running, _answers() as answers:
        running.call(lambda: vars(running.cloud.trtc_settings).update(plan.trtc))
        running.cloud.callback_settings.timeout_s = plan.callback_timeout_s * plan.speed  # not shorter
        result = LoadRun(plan, running, tell).run()
    result.api = answers
    return result


@contextmanager
def _answers() -> Iterator[Counter[str]]:
    """Count the answers of the local TRTC, by action and code, from its log."""
    counted: Counter[str] = Counter()

    class Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple) and len(record.args) == 3:
                counted[f"{record.args[1]} {record.args[2]}"] += 1

    log, handler = logging.getLogger("local.trtc.app"), Count()
    level, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield counted
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate
