"""A pipe that somebody has put where the local cloud opens a file: it is waited for by nobody."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.callbacks import Delivery, DeliveryLog
from local.callbacks.log import FILE_NAME
from local.cos.configuration import keep
from local.cos.journal import Journal
from local.growth import older, rotate
from local.leftovers import rescue_leftovers
from local.running import cloud_in
from local.scf_config import FunctionConfig
from local.scf_function import Function
from local.state import StateError
from local.trtc.files import CosFolder
from local.trtc.hls import HlsDelivery
from local.trtc.parameters import CosTarget
from local.trtc.ports import UploadError
from local.trtc.settings import TrtcSettings
from local.trtc.upload import CosUploader
from tests.local.test_callbacks_log import INFO
from tests.local.trtc.cloud import APP

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")


def in_time(work: Callable[[], Any]) -> Any:
    """Return what work returns; it does not wait for ever."""
    found: list[Any] = []

    def noted() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            found.append(error)

    thread = threading.Thread(target=noted, daemon=True)
    thread.start()
    thread.join(30)
    assert found, "it waits for the pipe"
    return found[0]


def test_a_log_grows_into_no_pipe(tmp_path: Path) -> None:
    """The older lines are lost, as on a full disk."""
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * 100)
    os.mkfifo(older(log))
    in_time(lambda: rotate(log, 10))
    assert 0 == log.stat().st_size


def test_a_callback_is_logged_beside_a_pipe(tmp_path: Path) -> None:
    """`callbacks.jsonl.1` is one."""
    log = DeliveryLog(tmp_path / FILE_NAME, limit=10)
    os.mkfifo(older(log.path))
    for _ in range(2):
        in_time(lambda: log.append(Delivery(1, "m", APP, 8, 801, "t", 1, "failed", "500", INFO)))
    assert 1 == len(log.read_from(0)[0])


@pytest.mark.process
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_function_without_a_log_runs(
    tmp_path: Path, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Its lines are lost, and that is said; its result is not."""
    (tmp_path / "index.py").write_text("def main_handler(event, context):\n    print('x')\n    return 7\n")
    make(tmp_path / "f.log")

    async def invoked() -> Any:
        config = FunctionConfig("f", "index", tmp_path, {}, timeout_s=30.0, region="ap-guangzhou")
        function = Function(config, tmp_path / "f.log")
        try:
            return await function.invoke({})
        finally:
            await function.aclose()

    assert 7 == in_time(lambda: asyncio.run(invoked()))
    assert "f.log can't be written" in caplog.text


def test_a_cloud_is_not_started_into_a_pipe(tmp_path: Path) -> None:
    """It says what is in the way."""
    os.mkfifo(tmp_path / "cloud.log")

    def started() -> None:
        with cloud_in(tmp_path, Console(quiet=True)):
            pass

    told = in_time(started)
    assert isinstance(told, StateError)
    assert "can't be started" in str(told)


def test_an_index_and_rules_are_written_into_no_pipe(tmp_path: Path) -> None:
    """Their drafts have names that anybody knows: an index is appended to as it is, rules are refused."""
    for name in ("b.new", "b.cors.new"):
        os.mkfifo(tmp_path / name)
    in_time(lambda: Journal(tmp_path / "b.jsonl", created=1.0).close())
    assert (tmp_path / "b.jsonl").is_file()
    os.mkfifo(tmp_path / "c.new")
    assert isinstance(in_time(lambda: keep(tmp_path / "c.xml", b"<x/>")), OSError)


def test_what_a_dead_cloud_left_is_rescued_beside_pipes(tmp_path: Path) -> None:
    """They lie where its recorders wrote, and a playlist is no text; the start of a cloud looks there."""
    work = tmp_path / "work" / "t"
    (work / ".browser").mkdir(parents=True)
    for name in ("a.m3u8", "b.mp4", ".starts.jsonl", ".browser/plain"):
        os.mkfifo(work / name)
    (work / "c.m3u8").write_bytes(b"#EXTINF:1.2.3,\nc.ts\n\xff")
    (work / "d.mp4").write_bytes(b"\x00\x00\x00\x01mdat")
    assert isinstance(in_time(lambda: rescue_leftovers(tmp_path, 1.0)), list)


def test_a_film_that_is_a_pipe_is_not_uploaded(tmp_path: Path) -> None:
    """The upload fails, as of a file that is gone."""
    os.mkfifo(tmp_path / "a.mp4")
    uploader = CosUploader("http://127.0.0.1:9", timeout_s=1)
    target = CosTarget("ap-guangzhou", "b-1250000000", "id", "key")
    told = in_time(lambda: asyncio.run(uploader.upload(target, "a.mp4", tmp_path / "a.mp4")))
    assert isinstance(told, UploadError)
    assert "it is no regular file" in str(told)


def test_a_playlist_that_is_a_pipe_holds_up_no_cloud(tmp_path: Path) -> None:
    """It is read where all else is served, too."""
    os.mkfifo(tmp_path / "a.m3u8")
    target, settings = CosTarget("ap-guangzhou", "b-1250000000", "id", "key"), TrtcSettings()
    folder = CosFolder(CosUploader("http://127.0.0.1:9", timeout_s=1), target, "t", settings)
    emitter: Any = None
    delivery = HlsDelivery(folder, tmp_path, emitter, settings)
    assert in_time(lambda: asyncio.run(delivery._playlists())) is False  # noqa: SLF001 (before its upload)
    assert "a playlist cannot be read" in folder.failure
