"""`python -m local record` against a cloud that misbehaves on purpose."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.__main__ import app
from local.client import Client
from local.config import LocalConfig
from local.faults import CallbackFault, CosFault, FaultFile, TrtcFault
from local.record import _Watch
from tests.cloud import RunningCloud

pytestmark = pytest.mark.process


def record_a_second(state_dir: Path, faults: FaultFile, *more: str) -> tuple[int, str]:
    """Record with a timer in place of the browser; return the exit status and what was printed."""
    with RunningCloud(LocalConfig(state_dir, timer_recorder=True, gentle=True, faults=faults)) as running:
        arguments = ["record", "https://example.com/", "--seconds", "1", "--state-dir", str(running.cloud.state_dir)]
        done = CliRunner().invoke(app, [*arguments, *more], env={"COLUMNS": "300"})
    return done.exit_code, done.output


def test_a_dropped_beginning_does_not_keep_it_waiting(tmp_path: Path) -> None:
    """Without event 801 nobody says when it began: the recorder's own count ends it after the asked seconds."""
    _, told = record_a_second(tmp_path, FaultFile(faults=(CallbackFault(do="drop", types=frozenset({801})),)))
    assert "state     completed" in told, told


def test_a_failed_upload_is_reported_and_ends_the_wait(tmp_path: Path) -> None:
    """The bucket refuses the file: its answer is on the screen, the file's folder too, and the status is 1."""
    refusal = CosFault(do="fail", method="PUT", key="webrecord/files/*", code="AccessDenied", status=403)
    status, told = record_a_second(tmp_path, FaultFile(faults=(refusal,)))
    assert 1 == status, told
    assert "can't be uploaded: 403 AccessDenied; it lies in" in told
    assert "s after its stop" not in told
    (film,) = (tmp_path / "work").glob("*/*.mp4")
    assert str(film.parent) in told


@pytest.mark.parametrize("folder", ["a [red] b[/x] 录制 100%"])
def test_letters_of_the_folder_are_no_markup(tmp_path: Path, folder: str) -> None:
    """A message names the folder as it is."""
    refusal = CosFault(do="fail", method="PUT", key="webrecord/files/*", code="AccessDenied", status=403)
    status, told = record_a_second(tmp_path / folder, FaultFile(faults=(refusal,)))
    assert (1, True) == (status, f"/{folder}/work/" in told), told


def test_what_does_not_begin_in_time_is_stopped(tmp_path: Path) -> None:
    """TRTC has no place: after --timeout nothing is left that could begin, and a line says so."""
    full = TrtcFault(do="fail", action="StartWebRecord", code="ResourceInsufficient.RequestRejection")
    status, told = record_a_second(tmp_path, FaultFile(faults=(full,)), "--timeout", "1")
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


def test_a_file_that_is_no_film_is_told_in_one_line(tmp_path: Path) -> None:
    """The timer writes no film: exit status 1, and no traceback."""
    status, told = record_a_second(tmp_path, FaultFile())
    assert (1, True) == (status, "film      can't be decoded: Invalid data" in told), told
