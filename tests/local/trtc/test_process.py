"""The recorder process: its protocol, its death, its refusal to stop; played by small Python programs."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.lines import Line, lines
from local.recorder import cdp
from local.recorder.cdp import Connection
from local.trtc.parameters import MobileParameters
from local.trtc.ports import RecorderJob
from local.trtc.process import ProcessRecorder

pytestmark = pytest.mark.process

HEAD = """
import json, os, sys, time
def say(**event): print(json.dumps(event), flush=True)
job = json.loads(sys.stdin.readline())
"""


def job(work_dir: Path) -> RecorderJob:
    """Return a job with every member set."""
    return RecorderJob(
        page_url="https://example.com/", width=640, height=480, format="mp4", work_dir=work_dir,
        max_duration_s=60.0, max_media_file_s=30.0, ready_timeout_s=1.0, goto_timeout_s=5.0, file_stem="web_1_a",
        mobile=MobileParameters("tablet", "landscape"), relays={1: "rtmp://127.0.0.1/live"},
    )  # fmt: skip


def run(work_dir: Path, program: str, *, stop_after: int | None = None, patience_s: float = 60.0) -> list[Any]:
    """Run a program as the recorder; stop it after so many events; return its events."""

    async def collect() -> list[Any]:
        patient = replace(job(work_dir), finish_s=patience_s)
        recorder = ProcessRecorder(patient, (sys.executable, "-c", HEAD + program), patience_s)
        events = []
        async for event in recorder.events():
            events.append(event)
            if len(events) == stop_after:
                recorder.stop()
        return events

    return asyncio.run(collect())


def test_job_and_stop_reach_the_process(tmp_path: Path) -> None:
    """The first line is the job, the second is `stop`; events come through as they are, other output does not."""
    program = """
say(event="started", ts_ms=1, job=job); print("noise"); print("[1]")
line = sys.stdin.readline().strip()
say(event="ended", reason=line)
"""
    first, last = run(tmp_path, program, stop_after=1)
    assert {"event": "ended", "reason": "stop"} == last
    assert {
        "page_url": "https://example.com/", "width": 640, "height": 480, "format": "mp4",
        "work_dir": str(tmp_path), "max_duration_s": 60.0, "max_media_file_s": 30.0, "ready_timeout_s": 1.0,
        "goto_timeout_s": 5.0, "file_stem": "web_1_a",
        "mobile": {"device": "tablet", "orientation": "landscape"}, "relays": {"1": "rtmp://127.0.0.1/live"},
        "relay_retry_s": 5.0, "relay_give_up_s": 60.0, "finish_s": 60.0, "fps": 25,
    } == first["job"]  # fmt: skip


def test_the_real_recorder_accepts_our_job(tmp_path: Path) -> None:
    """The job we write is a valid one for `local.recorder`, whose parser refuses unknown members."""
    from local.recorder.job import Job

    parsed = Job.model_validate_json(json.dumps(job(tmp_path).as_json()))
    assert ("tablet", 640) == (parsed.mobile.device if parsed.mobile else "", parsed.width)
    assert {1: "rtmp://127.0.0.1/live"} == parsed.relays


def test_a_death_while_recording_is_a_crash(tmp_path: Path) -> None:
    """A process that dies without a last event is told as crashed and ended."""
    events = run(tmp_path, 'say(event="started", ts_ms=1); sys.stderr.write("boom"); os._exit(9)')
    assert ["started", "crashed", "ended"] == [event["event"] for event in events]
    assert "crash" == events[-1]["reason"]


def test_a_death_before_the_start_is_a_failure(tmp_path: Path) -> None:
    """A process that dies before it recorded anything failed to start; so does one that cannot be run."""
    failed = [{"event": "failed", "message": "StartRecording error"}]
    assert failed == run(tmp_path, "sys.exit(3)")

    async def missing() -> list[Any]:
        recorder = ProcessRecorder(job(tmp_path), (str(tmp_path / "none"),))
        return [event async for event in recorder.events()]

    assert failed == asyncio.run(missing())


def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    """After a stop the process has a limited time; then it is killed, which is a crash with a rescue."""
    program = 'say(event="started", ts_ms=1); time.sleep(60)'
    events = run(tmp_path, program, stop_after=1, patience_s=0.1)
    assert ["started", "crashed", "ended"] == [event["event"] for event in events]


def test_a_process_that_lingers_after_its_end_is_killed(tmp_path: Path) -> None:
    """A last event ends the recording even when the process stays."""
    program = 'say(event="started", ts_ms=1); say(event="ended", reason="limit"); time.sleep(60)'
    assert ["started", "ended"] == [event["event"] for event in run(tmp_path, program, patience_s=0.1)]


def test_a_line_of_any_length_is_passed_over(tmp_path: Path) -> None:
    """Neither what is printed nor what is logged holds up the recorder, or its end."""
    program = """
sys.stderr.write("x" * 3_000_000 + "\\n"); sys.stderr.flush()
say(event="started", ts_ms=1)
print("y" * 3_000_000, flush=True)
sys.stderr.write("z" * 3_000_000); sys.stderr.flush()
say(event="ended", reason=sys.stdin.readline().strip())
"""
    assert ["started", "ended"] == [event["event"] for event in run(tmp_path, program, stop_after=1)]


def test_a_recorder_that_says_no_more_is_ended(tmp_path: Path) -> None:
    """It closed its output and goes on all the same: it is killed, and told as crashed."""
    program = 'say(event="started", ts_ms=1); os.close(1); time.sleep(600)'
    events = run(tmp_path, program, patience_s=0.1, stop_after=1)
    assert ["started", "crashed", "ended"] == [event["event"] for event in events]


def test_a_browser_that_says_too_much_is_left() -> None:
    """A message without end is not kept: the connection closes, as if the browser were gone."""
    connection = Connection()
    block = b"x" * (16 << 20)
    for _ in range(cdp.MESSAGE_BYTES // len(block) + 2):
        connection.data_received(block)
    assert connection.closed.is_set()


LINES = st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=8)


@given(LINES, st.integers(1, 30), st.lists(st.integers(1, 50), max_size=8))
def test_lines_are_cut_and_none_is_lost(sent: list[bytes], limit: int, cuts: list[int]) -> None:
    """However the bytes arrive, each line comes once, in order, whole or to its bound."""

    async def collect() -> list[Line]:
        stream, data, at = asyncio.StreamReader(), b"".join(line + b"\n" for line in sent), 0
        for size in [*cuts, len(data) + 1]:
            stream.feed_data(data[at : at + size])
            at += size
        stream.feed_eof()
        return [line async for line in lines(stream, limit)]

    assert [Line(line[:limit], len(line) > limit) for line in sent] == asyncio.run(collect())
