"""The log of callbacks, as a hand or a broken disk may have left it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.__main__ import app
from local.callbacks import Delivery, DeliveryLog
from tests.local.trtc.cloud import APP

INFO = {"TaskId": "t/1", "Payload": {"Status": 1, "EventMessage": "录"}}


@pytest.mark.parametrize(
    "damage",
    [
        {"time_ms": 10**20},
        {"time_ms": -1},
        {"time_ms": 1.5},
        {"time_ms": True},
        {"event_info": []},
        {"event_info": None},
        {"event_info": {"TaskId": float("nan")}},
        {"event_info": {"TaskId": "\ud800"}},
        {"event_type": "801"},
        {"task_id": 7},
        {"message_id": None},
        {"message_id": ["m"]},
        {"detail": {}},
        {"elapsed_ms": None},
    ],
    ids=str,
)
def test_a_line_damaged_by_hand_is_skipped(tmp_path: Path, damage: dict[str, Any]) -> None:
    """Whatever it says now: it neither ends what reads the log, nor is it sent again."""
    log = DeliveryLog(tmp_path / "callbacks.jsonl")
    log.append(Delivery(1, "m", APP, 8, 801, "t", 1, "failed", "500", INFO))
    line = json.loads(log.path.read_bytes())
    with log.path.open("a") as file:
        file.write(json.dumps({**line, **damage}) + "\n")
    assert 1 == len(list(log.read())) == len(log.read_from(0)[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_log_that_is_no_file_is_not_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A callback is sent all the same; its line is lost, and that is said."""
    log = DeliveryLog(tmp_path / "callbacks.jsonl")
    os.mkfifo(log.path)
    log.append(Delivery(1, "m", APP, 8, 801, "t", 1, "failed", "500", INFO))
    assert "a delivery could not be logged" in caplog.text
    for read in (lambda: list(log.read()), lambda: log.read_from(0)):
        with pytest.raises(OSError, match="it is no regular file"):
            read()
    done = CliRunner().invoke(app, ["callbacks", "--state-dir", str(tmp_path)], env={"COLUMNS": "500"})
    assert (2, True) == (done.exit_code, "callbacks.jsonl: it is no regular file" in done.output)
