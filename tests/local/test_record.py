"""`python -m local record` against a cloud that misbehaves on purpose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.__main__ import app
from local.client import Client
from local.config import LocalConfig
from local.faults import CallbackFault, CosFault, Fault, TrtcFault
from local.record import _Watch
from tests.cloud import RunningCloud

pytestmark = pytest.mark.process

FOLDER = "a [red] b[/x] 录制 100%"
"""Its letters are no markup."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with a timer in place of the browser."""
    state_dir = tmp_path_factory.mktemp("record") / FOLDER
    with RunningCloud(LocalConfig(state_dir, timer_recorder=True, gentle=True)) as running:
        yield running


def record_a_second(running: RunningCloud, fault: Fault | None, *more: str) -> tuple[int, str]:
    """Record while there is a fault; return the exit status and what was printed."""
    names = running.cloud.faults.add(fault) if fault else []
    arguments = ["record", "https://example.com/", "--seconds", "1", "--state-dir", str(running.cloud.state_dir)]
    try:
        done = CliRunner().invoke(app, [*arguments, *more], env={"COLUMNS": "300"})
    finally:
        running.cloud.faults.clear(names)
    return done.exit_code, done.output


def test_a_dropped_beginning_does_not_keep_it_waiting(cloud: RunningCloud) -> None:
    """Without event 801 nobody says when it began: the recorder's own count ends it after the asked seconds."""
    _, told = record_a_second(cloud, CallbackFault(do="drop", types=frozenset({801})))
    assert "state     completed" in told, told


def test_a_failed_upload_is_reported_and_ends_the_wait(cloud: RunningCloud) -> None:
    """The bucket refuses the file: its answer is on the screen, the file's folder too, as it is named; status 1."""
    refusal = CosFault(do="fail", method="PUT", key="webrecord/files/*", code="AccessDenied", status=403)
    status, told = record_a_second(cloud, refusal)
    assert 1 == status, told
    assert "can't be uploaded: 403 AccessDenied; it lies in" in told
    assert "s after its stop" not in told
    (film,) = (cloud.cloud.state_dir / "work").glob("*/*.mp4")
    assert str(film.parent) in told
    assert f"/{FOLDER}/work/" in told


def test_what_does_not_begin_in_time_is_stopped(cloud: RunningCloud) -> None:
    """TRTC has no place: after --timeout nothing is left that could begin, and a line says so."""
    full = TrtcFault(do="fail", action="StartWebRecord", code="ResourceInsufficient.RequestRejection")
    status, told = record_a_second(cloud, full, "--timeout", "1")
    assert 1 == status, told
    assert "is stopped: it did not begin within 1 s" in told
    assert "state     cancelled" in told
    assert "advice    nothing: it was cancelled" in told


class Ended:
    """A local cloud whose one recording ended, and said: nothing was recorded."""

    def get(self, recording_id: str) -> dict[str, Any]:
        return {"recording_id": recording_id, "state": "cancelled", "task_id": "t", "reason": "nothing was recorded"}

    def progress(self, task_id: str | None) -> dict[str, Any]:
        return {"task_id": task_id, "state": "over", "frames": self.frames}

    def __init__(self, frames: int) -> None:
        self.frames = frames


@pytest.mark.parametrize(("frames", "timeout_s", "waits"), [(0, 60.0, False), (9, 0.3, True)])
def test_a_film_is_waited_for_where_pictures_were_taken(frames: int, timeout_s: float, *, waits: bool) -> None:
    """A stop before the first picture is over at once; after it, the file's event may come late."""
    watch = _Watch(cast("Client", Ended(frames)), Console(), timeout_s)
    begun = time.monotonic()
    watch.end("r")
    assert waits == (time.monotonic() - begun >= timeout_s)


def test_a_file_that_is_no_film_is_told_in_one_line(cloud: RunningCloud) -> None:
    """The timer writes no film: exit status 1, and no traceback."""
    status, told = record_a_second(cloud, None)
    assert (1, True) == (status, "film      can't be decoded: Invalid data" in told), told


@pytest.mark.parametrize(
    ("address", "more", "says"),
    [
        ("https://example.com/", ["--size", "4000x100"], "422 WebRecordVideoParams.Width"),
        ("ftp://example.com/", [], "422 RecordUrl"),
    ],
)
def test_what_the_service_refuses_is_one_line(cloud: RunningCloud, address: str, more: list[str], says: str) -> None:
    """Exit status 2, no traceback."""
    arguments = ["record", address, *more, "--state-dir", str(cloud.cloud.state_dir)]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert (2, True, False) == (done.exit_code, says in done.output, "Traceback" in done.output), done.output
