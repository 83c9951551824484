"""Buckets as releases wrote them: `testing/corpus/<release>-<stage>.json`, one for each stage of a recording.

`python -m testing.released NAME`, run in a checkout of a release, writes its buckets. A run may start from one, with
the code of now: an upgrade between two invocations.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from shared.domain.errors import RecorderBusy
from testing.ledger import Entry
from testing.parts import CALLER_STORAGE
from testing.run import Run
from testing.scenario import BEGIN_MS, Scenario, Settings, Step
from testing.story import Tell
from testing.strikes import Strike
from testing.trtc import Life

FOLDER = Path(__file__).parent / "corpus"
KIND = Settings(harshness=0.0, silence=0.0, uneven=False)
MINUTE = 60_000
HOUR = 3_600_000


@dataclass(frozen=True)
class Stage:
    """How a stage comes about: a run, cut off at a time. `change` makes its world another one before it begins."""

    name: str
    cut_ms: int
    story: str = "plain"
    body: dict[str, Any] | None = None
    settings: Settings = KIND
    steps: tuple[Step, ...] = ()
    strikes: tuple[Strike, ...] = ()
    change: Callable[[Run], None] = lambda _run: None

    def run(self) -> Run:
        """Play it until it is cut off."""
        body = {"RecordUrl": "https://example.com/class?room=1", "NotifyOn": "changes", **(self.body or {})}
        begin = Step(0, "caller", "start", {"key": "r0", "body": body, "tries": 1})
        steps = list(self.steps) if self.name.startswith("job") else [begin, *self.steps]
        stories = {f"r0-{number}": self.story for number in (1, 2, 3)}
        run = Run(Scenario(1, replace(self.settings, peace_ms=self.cut_ms), steps, list(self.strikes), stories))
        self.change(run)
        return run.play(whole=False)


def _stop_fails(run: Run) -> None:
    def busy(task_id: str) -> None:
        raise RecorderBusy("InternalError", "busy", "r", answered=True)

    run.trtc.stop = busy  # type: ignore[method-assign]


def _relays(run: Run) -> None:
    told = run.trtc.witness.began

    def began(life: Life) -> None:
        told(life)
        for number, status in enumerate((1, 2, 4), 900):
            payload = {"Url": "rtmp://live.example.com/a", "Status": status, "ErrorCode": 0, "ErrorMsg": ""}
            send = partial(run.sender.send, life, Tell(401, payload), number)
            run.timeline.at(run.timeline.now + 6_000, send)

    run.trtc.witness.began = began  # type: ignore[method-assign]


def stages() -> Iterator[Stage]:
    """Yield every stage that is kept."""
    stop = Step(MINUTE, "caller", "stop", {"key": "r0"})
    relay = {"PublishCdnParams": [{"PublishCdnUrl": "rtmp://live.example.com/a?sign=x", "IsTencentCdn": 0}]}
    own = {"StorageParams": CALLER_STORAGE}
    job = Step(
        0, "bucket", "job", {"name": "jobs/j.json", "lines": [{"RecordUrl": "https://e.com/1"}, {"RecordUrl": "no"}]}
    )
    yield Stage("scheduled", MINUTE, body={"StartAt": (BEGIN_MS + HOUR) / 1000})
    yield Stage("queued", 90_000, settings=replace(KIND, quota=0))
    yield Stage("starting", 3_000)
    yield Stage("recording", 30_000)
    yield Stage("paused", 100_000, story="paused")
    yield Stage("stopping", MINUTE + 2_000, steps=(stop,), story="long", change=_stop_fails)
    yield Stage("uploading", MINUTE + 2_500, steps=(stop,), story="long")
    yield Stage("held", 10 * MINUTE, steps=(stop,), story="late")
    yield Stage("completed", 2 * MINUTE, steps=(stop,))
    yield Stage("settled", 20 * MINUTE, steps=(stop,))
    yield Stage("parts", 30 * MINUTE, story="parts")
    yield Stage("restarted", 2 * HOUR, story="restarted")
    yield Stage("failed", 20 * MINUTE, story="bad page")
    yield Stage("second-try", 2 * MINUTE, story="bad page")
    yield Stage("lost", 3 * HOUR, story="no upload")
    yield Stage("silent", 30 * MINUTE, story="silent")
    targets: dict[str, dict[str, Any]] = {"hls": {"Format": "hls"}, "vod": {"Storage": "vod"}, "own-storage": own}
    for name, body in targets.items():
        yield Stage(f"{name}-recording", 30_000, body=body)
        yield Stage(f"{name}-completed", 10 * MINUTE, body=body, steps=(stop,))
    yield Stage("relays", MINUTE, body=relay, story="long", change=_relays)
    yield Stage("labelled", 30_000, body={"Labels": {"room": "1"}, "MaxDurationLimit": 7_200})
    yield Stage("prefix-completed", 10 * MINUTE, body={"prefix": "lessons/2027"}, steps=(stop,))
    yield Stage("job-report", MINUTE, steps=(job,))
    yield Stage("untold", 5 * MINUTE, steps=(stop,), settings=replace(KIND, refusing=1.0))
    yield Stage("cancelled", 90_000, body={"StartAt": (BEGIN_MS + HOUR) / 1000}, steps=(stop,))
    for number in range(1, 10):
        yield Stage(f"died-{number}", 20_000, strikes=(Strike("start r0 #1", number, "", "die after"),))
    for number in (4, 5):
        yield Stage(f"unanswered-{number}", 30_000, strikes=(Strike("start r0 #1", number, "", "lose"),))


def snapshot(run: Run, release: str) -> dict[str, Any]:
    """Return a run's world as JSON: its bucket, TRTC's tasks, and what truly happened."""
    return {
        "release": release,
        "now_ms": run.timeline.now,
        "objects": {key: [item.body.decode(), dict(item.metadata)] for key, item in run.bucket.objects.items()},
        "tasks": [
            {
                "task_id": life.task_id,
                "record_id": life.record_id,
                "asked_ms": life.asked_ms,
                "folder": life.folder,
                "format": life.parameters["WebRecordVideoParams"]["Format"],
                "over": life.task_id not in run.trtc.recording,
            }
            for life in run.trtc.unfinished()
        ],
        "ledger": [_plain(entry) for entry in run.ledger.entries],
    }


def _plain(entry: Entry) -> list[Any]:
    data = {name: value.decode() if isinstance(value, bytes) else value for name, value in entry.data.items()}
    return [entry.ms, entry.who, entry.what, entry.about, data]


def take_up(run: Run, name: str) -> None:
    """Let a run begin where a release's was cut off."""
    data = json.loads((FOLDER / f"{name}.json").read_text())
    run.timeline.now = data["now_ms"]
    for key, (body, metadata) in data["objects"].items():
        run.bucket.put(key, body.encode(), metadata)
    for ms, who, what, about, entry in data["ledger"]:
        if what == "callback":
            entry["body"] = entry["body"].encode()
        run.ledger.add(Entry(ms, who, what, about, entry))
    for task in data["tasks"]:
        storage: dict[str, Any] = {"CloudVod": {}}
        if task["folder"]:
            prefix = task["folder"].removesuffix(f"/{task['task_id']}").split("/")
            storage = {"CloudStorage": {"FileNamePrefix": prefix}}
        parameters = {"StorageParams": storage, "WebRecordVideoParams": {"Format": task["format"]}}
        life = Life(task["task_id"], task["record_id"], parameters, task["asked_ms"])
        run.trtc.take_up(life, over=task["over"])


def names() -> list[str]:
    """Return the names of all stages that are kept."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def main(release: str) -> None:
    """Write the buckets of this checkout."""
    FOLDER.mkdir(exist_ok=True)
    for stage in stages():
        data = snapshot(stage.run(), release)
        rows = ",\n ".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in data.items())
        (FOLDER / f"{release}-{stage.name}.json").write_text(f"{{{rows}}}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m testing.released",
        description="Write this checkout's buckets to testing/corpus/, for later releases.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the release; begins the files' names")
    main(parser.parse_args().name)
