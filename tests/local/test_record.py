"""`python -m local record` against a cloud that misbehaves on purpose."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from local.__main__ import app
from local.config import LocalConfig
from local.faults import CallbackFault, FaultFile
from tests.cloud import RunningCloud


def record_a_second(state_dir: Path, faults: FaultFile) -> tuple[int, str]:
    """Record with a timer in place of the browser; return the exit status and what was printed."""
    with RunningCloud(LocalConfig(state_dir, timer_recorder=True, faults=faults)) as running:
        arguments = ["record", "https://example.com/", "--seconds", "1", "--state-dir", str(running.cloud.state_dir)]
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    return done.exit_code, done.output


def test_a_dropped_beginning_does_not_keep_it_waiting(tmp_path: Path) -> None:
    """Without event 801 nobody says when it began: the recorder's own count ends it after the asked seconds."""
    _, told = record_a_second(tmp_path, FaultFile(faults=(CallbackFault(do="drop", types=frozenset({801})),)))
    assert "state     completed" in told, told


def test_a_file_that_is_no_film_is_told_in_one_line(tmp_path: Path) -> None:
    """The timer writes no film: exit status 1, and no traceback."""
    status, told = record_a_second(tmp_path, FaultFile())
    assert (1, True) == (status, "film      can't be decoded: Invalid data" in told), told
