"""What a task reports and stores: the order and shape of the callbacks, with recorders replaced by a timer."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from local.trtc import PageRecorder, RecorderJob, TimerScript
from local.trtc.ports import Event
from tests.local.trtc.cloud import APP, MemoryUploads, RunningTrtc, body, cloud, settings_for_tests
from tests.local.trtc.servers import until

HLS = {"Format": "hls"}


def started(running: RunningTrtc, **changes: Any) -> str:
    """Start a task and wait for its 801."""
    task_id: str = running.call("StartWebRecord", body(**changes))["TaskId"]
    until(lambda: 801 in [sent[2] for sent in running.memory.sent])
    return task_id


def finished(running: RunningTrtc) -> None:
    """Wait until every task is gone and nothing is left on disk."""
    until(lambda: not running.tasks.list())


def test_an_mp4_is_reported_after_the_stop(tmp_path: Path) -> None:
    """Start, stop, file: 801, 802 and then 310 with its documented payload; the file lies in the task's folder."""
    with cloud(tmp_path) as running:
        task_id = started(running)
        until(lambda: running.tasks.list()[0].frames > 0)
        running.call("StopWebRecord", {"TaskId": task_id})
        finished(running)
        assert [(801, 1), (802, 1), (310, 0)] == running.memory.story()
        (app, group, _, start), _, (_, file_group, _, end) = running.memory.sent
    assert (APP, 8, 3) == (app, group, file_group)
    assert {"EventMsTs", "EventTs", "TaskId", "Payload"} == set(start)
    assert {"EventMessage": "Success", "Status": 1} == start["Payload"]
    assert task_id == start["TaskId"]
    assert start["EventMsTs"] // 1000 == start["EventTs"]
    message = end["Payload"]["FileMessage"][0]
    name, begin_ms = message["FileName"], message["StartTimeStamp"]
    assert {"EventMsTs", "EventTs", "TaskId", "Payload", "RoomId", "UserId"} == set(end)
    assert f"{task_id}_StartTimeMs_{begin_ms:013d}" == end["TaskId"]
    assert [name] == end["Payload"]["FileList"]
    assert {"UserId": "", "TrackType": "audio_video", "MediaId": "main"}.items() <= message.items()
    assert message["EndTimeStamp"] > begin_ms
    assert [f"record/video/{task_id}/{name}"] == running.bucket.keys
    assert [] == list((tmp_path / "work").iterdir())


def test_split_files_are_reported_while_recording(tmp_path: Path) -> None:
    """Each closed mp4 has its own 310 while the recording goes on; what was not uploaded by its end follows 802."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.02, file_every_s=0.04)) as running:
        task_id = started(running)
        until(lambda: len(running.memory.payloads(310)) >= 2)
        running.call("StopWebRecord", {"TaskId": task_id})
        finished(running)
        story = running.memory.story()
        names = [payload["FileList"][0] for payload in running.memory.payloads(310)]
    assert [(801, 1), (310, 0)] == story[:2]
    assert {(310, 0)} == set(story[story.index((802, 1)) + 1 :])
    assert len(names) == len(set(names))
    assert {f"record/video/{task_id}/{name}" for name in names} == set(running.bucket.keys)


def test_a_crash_restarts_the_same_task_twice_and_then_gives_up(tmp_path: Path) -> None:
    """Three crashes report 801 with 3, 3 and 5; there is no 802, and all files so far are delivered."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.02, crashes=3)) as running:
        started(running)
        finished(running)
        recorder = [step for step in running.memory.story() if step[0] // 100 == 8]
        files = running.memory.payloads(310)
        messages = [payload["EventMessage"] for payload in running.memory.payloads(801)]
    assert [(801, 1), (801, 3), (801, 3), (801, 5)] == recorder
    assert "Chrome exception, exit task" == messages[-1]
    assert 3 == len({payload["FileList"][0] for payload in files})
    assert 3 == len(running.bucket.keys)


def test_a_restarted_task_goes_on(tmp_path: Path) -> None:
    """After one crash the task still exists, counts on, and ends properly with two files."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.02, crashes=1, crash_after_s=0.05)) as running:
        task_id = started(running)
        until(lambda: running.tasks.list()[0].restarts == 1 and running.tasks.list()[0].seconds > 0.08)
        assert 1 == running.call("DescribeWebRecord", {"TaskId": task_id})["Status"]
        running.call("StopWebRecord", {"TaskId": task_id})
        finished(running)
        assert [(801, 1), (801, 3), (802, 1)] == [s for s in running.memory.story() if s[0] // 100 == 8]
    assert 2 == len(running.bucket.keys)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (TimerScript(fail="Goto url timeout"), [(801, 2)]),
        (TimerScript(tick_s=0.02, limit_s=0.05), [(801, 1), (804, 1), (802, 1), (310, 0)]),
        (TimerScript(tick_s=0.02, disk_after_s=0.03), [(801, 1), (801, 5), (310, 0)]),
        (
            TimerScript(tick_s=0.02, limit_s=0.03, refresh="Page load timeout"),
            [(801, 1), (803, 1), (804, 1), (802, 1), (310, 0)],
        ),
    ],
)
def test_other_ends(tmp_path: Path, script: TimerScript, expected: list[tuple[int, int]]) -> None:
    """A failed start, the time limit, a full disk and a refresh are told as documented."""
    with cloud(tmp_path, script=script) as running:
        started(running)
        finished(running)
        assert expected == running.memory.story()


def test_a_refused_upload_is_reported_late(tmp_path: Path) -> None:
    """An upload that fails its first tries is 310 with status 1, and status 0 once it came through."""
    with cloud(tmp_path, bucket=MemoryUploads(failures=4), script=TimerScript(tick_s=0.02, limit_s=0.03)) as running:
        started(running)
        finished(running)
        assert [1, 0] == [payload["Status"] for payload in running.memory.payloads(310)]
        assert 1 == len(running.bucket.keys)
        assert [] == list((tmp_path / "work").iterdir())


def test_a_file_that_never_uploads_is_given_up_but_kept(tmp_path: Path) -> None:
    """After the last try 310 has status 2, and the work directory stays; a new service starts beside it."""
    with cloud(tmp_path, bucket=MemoryUploads(failures=99), script=TimerScript(tick_s=0.02, limit_s=0.03)) as running:
        started(running)
        finished(running)
        assert [1, 2] == [payload["Status"] for payload in running.memory.payloads(310)]
    assert 1 == len(list((tmp_path / "work").glob("*/*.mp4")))
    with cloud(tmp_path, script=TimerScript(tick_s=0.02, limit_s=0.03)) as running:
        started(running)
        finished(running)
        assert [0] == [payload["Status"] for payload in running.memory.payloads(310)]


def test_hls_uploads_while_recording(tmp_path: Path) -> None:
    """303, 304 and 307 come while the recording runs, 305 with LeaveCode 0 after 802; the playlist grows."""
    with cloud(tmp_path) as running:
        task_id = started(running, WebRecordVideoParams=HLS)
        until(lambda: len(running.memory.payloads(307)) >= 3)
        until(lambda: sum(key.endswith(".m3u8") for key in running.bucket.keys) >= 2)
        running.call("StopWebRecord", {"TaskId": task_id})
        finished(running)
        memory = running.memory
        types = [step[0] for step in memory.story()]
        assert (802, 305) == tuple(t for t in types if t in {802, 305})
        assert types.index(303) < types.index(307)
        assert [{"Status": 0}] == memory.payloads(303)
        assert [{"LeaveCode": 0}] == memory.payloads(305)
        playlist = str(memory.payloads(304)[0]["FileList"])
        text = running.bucket.objects[f"record/video/{task_id}/{playlist}"].decode()
        slices = [line for line in text.splitlines() if not line.startswith("#")]
        assert text.endswith("#EXT-X-ENDLIST\n")
        assert slices == [payload["FileName"] for payload in memory.payloads(307)]
        assert {"FileName", "UserId", "TrackType", "BeginTimeStamp"} == set(memory.payloads(307)[0])
        assert all(f"record/video/{task_id}/{name}" in running.bucket.objects for name in slices)


def test_hls_that_is_late_is_reported_twice(tmp_path: Path) -> None:
    """Slices still missing after the stop are LeaveCode 1, and 2 once they were recovered."""
    script = TimerScript(tick_s=0.02, limit_s=0.03)
    settings = settings_for_tests(upload_late_waits_s=(0.05,) * 1200)
    with cloud(tmp_path, settings=settings, bucket=MemoryUploads(failures=10**6), script=script) as running:
        started(running, WebRecordVideoParams=HLS)
        until(lambda: running.memory.payloads(305))
        running.bucket.failures = 0
        finished(running)
        assert [{"Status": 1}] == running.memory.payloads(303)
        assert [{"LeaveCode": 1}, {"LeaveCode": 2}] == running.memory.payloads(305)
        assert {"m3u8", "ts"} == {key.rsplit(".", 1)[1] for key in running.bucket.keys}


@pytest.mark.parametrize(("media_type", "suffixes"), [(0, {".mp4"}), (1, {".m3u8"}), (3, {".mp4", ".m3u8"})])
def test_vod_copies_and_commits(tmp_path: Path, media_type: int, suffixes: set[str]) -> None:
    """For VOD the files land in `vod/`, a 311 names FileId and VideoUrl of each, and 312 is the end of the task."""
    settings = settings_for_tests(vod_base_url="http://127.0.0.1:9/vod/")
    storage = {"CloudVod": {"TencentVod": {"MediaType": media_type, "UserDefineRecordId": "mine"}}}
    script = TimerScript(tick_s=0.02, limit_s=0.05)
    with cloud(tmp_path, settings=settings, script=script) as running:
        started(running, StorageParams=storage)
        finished(running)
        commits = [payload["TencentVod"] for payload in running.memory.payloads(311)]
        files = [running.tasks.vod_dir / commit["FileId"] / commit["VideoUrl"].rsplit("/", 1)[1] for commit in commits]
        assert [(801, 1), (804, 1), (802, 1), *[(311, 0)] * len(suffixes), (312, 0)] == running.memory.story()
    assert suffixes == {file.suffix for file in files}
    assert len(suffixes) == len({commit["FileId"] for commit in commits})
    for commit, file in zip(commits, files, strict=True):
        assert commit["VideoUrl"].startswith(f"http://127.0.0.1:9/vod/{commit['FileId']}/")
        assert commit["CacheFile"].startswith("mine__UserDefine_u_")
        slices = [name for name in file.read_text().split() if name.endswith(".ts")]
        assert all((file.parent / name).exists() for name in slices)
        assert bool(slices) == (file.suffix == ".m3u8")


RELAYS: list[dict[str, Any]] = [
    {"PublishCdnUrl": "rtmp://h/live"},
    {"PublishCdnUrl": "rtmp://h/other", "IsTencentCdn": 0},
]


def test_relays_are_reported_from_start_to_end(tmp_path: Path) -> None:
    """Each of PublishCdnParams tells by 401 that it connects, runs, disconnects and ended, under its own Url."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.02, limit_s=0.03)) as running:
        started(running, PublishCdnParams=RELAYS)
        finished(running)
        told = running.memory.payloads(401)
    for relay in RELAYS:
        payloads = [payload for payload in told if relay["PublishCdnUrl"] == payload["Url"]]
        assert [1, 2, 5, 0] == [payload["Status"] for payload in payloads]
        assert {(0, "")} == {(payload["ErrorCode"], payload["ErrorMsg"]) for payload in payloads}


class Played:
    """Recorders that say what the test wrote, one list after another."""

    def __init__(self, *plays: list[Event]) -> None:
        self.jobs: list[RecorderJob] = []
        self._plays = list(plays)
        self._events: list[Event] = []

    def __call__(self, job: RecorderJob) -> Played:
        self.jobs.append(job)
        self._events = self._plays.pop(0)
        return self

    async def events(self) -> AsyncGenerator[Event, None]:
        for event in self._events:
            yield event

    def stop(self) -> None:
        """Go on to the end."""

    def crash(self) -> None:
        """Go on to the end."""


def relayed(number: int, status: int, message: str = "") -> Event:
    return {"event": "relay", "number": number, "status": status, "message": message}


def test_relays_outlive_a_crash(tmp_path: Path) -> None:
    """The next recorder goes on with those that were not given up: recovering and running, not connecting anew."""
    start: Event = {"event": "started", "ts_ms": 1}
    end: Event = {"event": "ended", "reason": "limit"}
    crash: list[Event] = [{"event": "crashed", "message": "x"}, {"event": "ended", "reason": "crash"}]
    refused = relayed(1, 4, "Connection refused")
    first = [start, relayed(0, 1), relayed(1, 1), relayed(0, 2), refused, *crash]
    second = [start, relayed(0, 1), relayed(0, 2), relayed(1, 1), relayed(7, 1), relayed(0, 5), relayed(0, 0), end]
    played = Played(first, second)
    with cloud(tmp_path, recorders=played) as running:
        started(running, PublishCdnParams=RELAYS)
        finished(running)
        told = [(p["Url"], p["Status"], p["ErrorMsg"]) for p in running.memory.payloads(401)]
    assert [1, 2, 3, 3, 2, 5, 0] == [status for url, status, _ in told if url == "rtmp://h/live"]
    assert [(1, ""), (4, "Connection refused")] == [(s, m) for url, s, m in told if url == "rtmp://h/other"]
    assert [{0: "rtmp://h/live", 1: "rtmp://h/other"}, {0: "rtmp://h/live"}] == [job.relays for job in played.jobs]


def test_relays_end_with_a_recorder_that_does_not_say_so(tmp_path: Path) -> None:
    """When the recording is given up, every relay that was under way is told to be over."""
    crash = [{"event": "started", "ts_ms": 1}, relayed(0, 1), relayed(0, 2), {"event": "ended", "reason": "crash"}]
    with cloud(tmp_path, recorders=Played(crash, crash, crash)) as running:
        started(running, PublishCdnParams=RELAYS[:1])
        finished(running)
        assert [1, 2, 3, 3, 2, 3, 3, 2, 5, 0] == [payload["Status"] for payload in running.memory.payloads(401)]


def test_a_playlist_told_twice_is_committed_once(tmp_path: Path) -> None:
    """Recorders report a playlist when it begins and when it ends: 311 comes once, with its last times."""
    said = {"event": "file", "name": "a.m3u8", "kind": "m3u8", "start_ms": 1000}
    events: list[Event] = [
        {"event": "started", "ts_ms": 1},
        said | {"end_ms": 3000},
        said | {"end_ms": 9000},
        {"event": "ended", "reason": "limit"},
    ]
    with cloud(tmp_path, recorders=Played(events)) as running:
        started(running, StorageParams={"CloudVod": {"TencentVod": {"MediaType": 1}}})
        finished(running)
        (payload,) = running.memory.payloads(311)
    assert 9000 == payload["TencentVod"]["EndTimeStamp"]


def test_a_page_with_a_video_that_is_too_large(tmp_path: Path) -> None:
    """It is told by 804 status 2, and the task ends in order."""
    events: list[Event] = [{"event": "started", "ts_ms": 1}, {"event": "ended", "reason": "resolution"}]
    with cloud(tmp_path, recorders=Played(events)) as running:
        started(running)
        finished(running)
        assert [(801, 1), (804, 2), (802, 1)] == running.memory.story()


def test_a_recorder_that_raises_is_a_failed_start(tmp_path: Path) -> None:
    """A defect of ours is told as a failed start and leaves no task behind; nothing else comes after it."""

    def broken(_: RecorderJob) -> PageRecorder:
        raise RuntimeError("no recorder")

    with cloud(tmp_path, recorders=broken) as running:
        started(running)
        finished(running)
        assert [(801, 2)] == running.memory.story()


def test_closing_stops_and_delivers(tmp_path: Path) -> None:
    """The end of the process stops each recording in order, uploads its file and waits for its callbacks."""
    with cloud(tmp_path) as running:
        started(running)
        running.call("StartWebRecord", body())
        until(lambda: len(running.memory.payloads(801)) == 2)
    assert [(310, 0)] * 2 == running.memory.story()[-2:]
    assert 2 == len(running.bucket.keys)
    assert running.memory.drained


def test_closing_is_bounded(tmp_path: Path) -> None:
    """A bucket that refuses everything does not hold the end of the process beyond its limit; files stay."""
    settings = settings_for_tests(finish_timeout_s=0.2, upload_late_waits_s=(60.0,))
    with cloud(tmp_path, settings=settings, bucket=MemoryUploads(failures=99)) as running:
        started(running)
    assert [] == running.tasks.list()
    assert 1 == len(list((tmp_path / "work").glob("*/*.mp4")))


def test_a_stop_before_the_start(tmp_path: Path) -> None:
    """A task stopped while it waits for its recorder ends with 802 soon, not after the wait."""
    with cloud(tmp_path, settings=settings_for_tests(start_delay_s=60.0)) as running:
        task_id = running.call("StartWebRecord", body())["TaskId"]
        running.call("StopWebRecord", {"TaskId": task_id})
        finished(running)
        assert (802, 1) in running.memory.story()


@pytest.mark.long
def test_two_hundred_at_once(tmp_path: Path) -> None:
    """The documented 200 recordings run at once with timer recorders; the next start is refused."""
    with cloud(tmp_path, script=TimerScript(tick_s=0.5)) as running:
        for _ in range(200):
            running.call("StartWebRecord", body())
        assert "ResourceInsufficient.RequestRejection" == running.code("StartWebRecord", body())[0]
        assert 200 == len(running.tasks.list())
    assert 200 == len(running.memory.payloads(310))


def test_keys_stay_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither AccessKey nor SecretKey nor the page's query is logged, at any level, also when uploads fail."""
    caplog.set_level(logging.DEBUG)
    storage = body()["StorageParams"]["CloudStorage"] | {"AccessKey": "AKsentinel", "SecretKey": "SKsentinel"}
    with cloud(tmp_path, bucket=MemoryUploads(failures=4), script=TimerScript(tick_s=0.02, limit_s=0.03)) as running:
        task = {"StorageParams": {"CloudStorage": storage}, "RecordUrl": "https://example.com/?t=pagesentinel"}
        started(running, **task)
        finished(running)
        assert "SKsentinel" == running.bucket.targets[0].secret_key
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("tencentcloud"))
    assert "sentinel" not in ours
