"""What goes wrong in a recorder or with its files, said as what it is: in the events, and to the local tools."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.trtc import RecorderJob
from local.trtc.ports import Event
from tests.local.trtc.cloud import MemoryUploads, RunningTrtc, body, cloud, settings_for_tests
from tests.local.trtc.servers import until

STARTED: Event = {"event": "started", "ts_ms": 1_700_000_000_000}


@dataclass
class Scripted:
    """Recorders that say what they are told, and record nothing."""

    says: list[Event]
    made: int = 0

    def __call__(self, job: RecorderJob) -> Scripted:
        self.made += 1
        return self

    async def events(self) -> AsyncGenerator[Event, None]:
        for event in self.says:
            yield event

    def stop(self) -> None: ...

    def crash(self) -> None: ...


def played(tmp_path: Path, *says: Event) -> tuple[RunningTrtc, Scripted]:
    """Let a recorder say this to its end."""
    recorders = Scripted(list(says))
    with cloud(tmp_path, recorders=recorders) as running:
        running.call("StartWebRecord", body())
        until(lambda: not running.tasks.list())
    return running, recorders


@pytest.mark.parametrize(
    ("status", "message"),
    [(None, "Success"), (200, "Success"), (304, "Success"), (404, "Success (the page answered 404)")],
)
def test_a_page_that_answers_with_an_error_is_recorded(tmp_path: Path, status: int | None, message: str) -> None:
    """The states are those of any recording; the beginning says what the page answered."""
    began = STARTED if status is None else {**STARTED, "status": status}
    running, _ = played(tmp_path, began, {"event": "ended", "reason": "stop"})
    assert [(801, 1), (802, 1)] == running.memory.story()
    assert message == running.memory.payloads(801)[0]["EventMessage"]
    assert [()] == [task.troubles for task in running.tasks.shown()]


def test_a_silent_device_is_in_the_last_event(tmp_path: Path) -> None:
    """It does not end the recording; the tools hear of it, also when the task is over."""
    running, _ = played(
        tmp_path, STARTED, {"event": "trouble", "message": "no sound: why"}, {"event": "ended", "reason": "stop"}
    )
    assert [(801, 1), (802, 1)] == running.memory.story()
    assert "Success (no sound: why)" == running.memory.payloads(802)[0]["EventMessage"]
    (shown,) = running.tasks.shown()
    assert (("no sound: why",), False, "over") == (shown.troubles, shown.hopeless, shown.state)


def test_a_film_that_can_not_be_written_is_no_crash_of_chrome(tmp_path: Path) -> None:
    """Another recorder would meet the same: there is none, and the last event says what it was."""
    running, recorders = played(
        tmp_path, STARTED, {"event": "ended", "reason": "error", "message": "OSError: no such folder"}
    )
    assert [(801, 1), (801, 5)] == running.memory.story()
    assert "Recorder error, exit task: OSError: no such folder" == running.memory.payloads(801)[1]["EventMessage"]
    assert 1 == recorders.made
    assert [True] == [task.hopeless for task in running.tasks.shown()]


@pytest.mark.parametrize("file_format", ["mp4", "hls"])
def test_the_end_does_not_wait_for_what_is_late(tmp_path: Path, file_format: str) -> None:
    """A file that the bucket refused is tried once more when the local cloud ends, and stays in its folder."""
    settings = settings_for_tests(upload_late_waits_s=(60.0, 60.0), finish_timeout_s=30.0)
    bucket = MemoryUploads(failures=10**6)
    with cloud(tmp_path, settings=settings, bucket=bucket) as running:
        task_id = running.call("StartWebRecord", body(WebRecordVideoParams={"Format": file_format}))["TaskId"]
        until(lambda: running.memory.payloads(801))
        running.call("StopWebRecord", {"TaskId": task_id})
        until(lambda: any(task.hopeless for task in running.tasks.shown()))
        assert "can't be uploaded: 503 SlowDown" in running.tasks.shown()[0].troubles[0]
    if file_format == "mp4":
        assert [1, 2] == [payload["Status"] for payload in running.memory.payloads(310)]
    assert list((tmp_path / "work").glob("*/*.*"))
