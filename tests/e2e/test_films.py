"""The film check, on films that were recorded for real: what users complain about is told apart."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from local.config import BUCKET
from local.cos.model import CosSettings
from local.trtc.task import task_digest
from tests.cloud import RunningCloud
from tests.e2e.films import begin, filming, judged, recorded, told
from tests.local.trtc.servers import until

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

SECONDS = 9
"""In a shorter film than 8 s nothing need move."""
PLAIN = ("clock", "black", "silent", "static")
DAMAGED = {"zero": 0.0, "cut": 0.5}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Recordings by what is special about each, as the API gives them; up to four are recorded side by side."""
    with filming(tmp_path_factory.mktemp("films")) as (running, client, site):
        tasks = {name: begin(client, site, name, "/silent") for name in ("killed", *DAMAGED)}
        for name, share in DAMAGED.items():
            recorded(client, tasks[name], 4)
            client.stop(name)
            cut_off(running, film_of(running, tasks[name]), share)
        before = recorded(client, tasks["killed"], 4)
        os.kill(recorder_of(tasks["killed"]), signal.SIGKILL)
        recorded(client, tasks["killed"], before + 3)
        client.stop("killed")
        tasks |= {name: begin(client, site, name, f"/{name}") for name in PLAIN}
        for name in PLAIN:
            recorded(client, tasks[name], SECONDS)
            client.stop(name)
        return {name: judged(client, name) for name in tasks}


def film_of(running: RunningCloud, task_id: str) -> str:
    """Return the key of a task's film once it lies in the bucket."""
    bucket, settings = running.cloud.store.bucket(BUCKET), CosSettings()

    def films() -> list[str]:
        keys = [entry.key for entry in bucket.page("", "", "", 1000, settings).entries]
        return [key for key in keys if task_digest(task_id) in key and key.endswith(".mp4")]

    until(films, 120)
    return films()[0]


def cut_off(running: RunningCloud, key: str, share: float) -> None:
    """Leave so much of a film, as an upload that broke off does."""
    entry, content = running.cloud.store.open(BUCKET, key)
    with content:
        running.cloud.store.put(BUCKET, key, content.read(int(entry.size * share)))


def recorder_of(task_id: str) -> int:
    """Return the process that records a task, by its work folder; 0 where there is none."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"local.recorder" not in (folder / "cmdline").read_bytes():
                continue
            open_files = [str(each.readlink()) for each in (folder / "fd").iterdir()]
        except OSError:
            continue
        if any(task_digest(task_id) in name for name in open_files):
            return int(folder.name)
    return 0


@pytest.mark.parametrize(
    ("name", "verdict", "codes"),
    [
        ("clock", "good", []),
        ("black", "bad", ["blank", "silent"]),
        ("silent", "suspect", ["silent"]),
        ("static", "bad", ["silent", "still"]),
        ("zero", "bad", ["empty"]),
        ("cut", "bad", ["unplayable"]),
        ("killed", "suspect", ["gap", "silent"]),
    ],
)
def test_films_are_told_apart(films: dict[str, dict[str, Any]], name: str, verdict: str, codes: list[str]) -> None:
    """All are completed; the verdict and the findings say which of them one need not look at."""
    assert ("completed", verdict, codes) == told(films[name]), films[name]
