"""`callbacks --follow`, as somebody at a terminal uses it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.callbacks import Delivery, DeliveryLog
from local.callbacks.log import FILE_NAME


@pytest.mark.process
def test_follow_goes_on_until_ctrl_c(tmp_path: Path) -> None:
    """It shows what is there, then what comes, whole lines only; Ctrl-C is no error."""
    log = DeliveryLog(tmp_path / FILE_NAME)
    line = Delivery(1, "id-1", 1, 8, 801, "t/1", 1, "delivered", "200", {"Payload": {}}, 7)
    log.append(line)
    command = [sys.executable, "-m", "local", "callbacks", "--follow", "--json", "--state-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "id-1" == json.loads(process.stdout.readline())["message_id"]
        with log.path.open("a") as file:
            file.write('{"time_ms": 2')
        with log.path.open("a") as file:
            file.write("}\n")
        log.append(Delivery(3, "id-2", 1, 8, 802, "t/1", 1, "failed", "500", {"Payload": {}}))
        assert "id-2" == json.loads(process.stdout.readline())["message_id"]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert (0, "") == (process.returncode, errors)
