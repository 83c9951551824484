"""Whose the state folder is, and what ends with whom: real processes, killed in every way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import app
from local.callbacks.log import FILE_NAME, DeliveryLog
from local.client import ClientError
from local.leftovers import recorder_lock, rescue_leftovers
from local.running import running_cloud
from local.state import StateHeldError, StateLock, holder_of
from tests.local.processes import ROOT, alive, heeding_hangups
from tests.local.trtc.servers import WebhookServer, until

pytestmark = pytest.mark.process

PAGE = "https://example.com/"
UP = ["up", "--no-browser", "--gentle", "--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0"]


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module in a process of its own; whatever it is, it is gone in the end."""
    pipe = subprocess.PIPE
    with heeding_hangups():
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: subprocess.Popen[str]) -> None:
    """End a command in order."""
    assert process.stdin is not None
    process.stdin.close()
    assert 0 == process.wait(300), process.stderr and process.stderr.read()


def arrived(state_dir: Path) -> list[int]:
    """Return the types of the callbacks that were delivered."""
    return [each.event_type for each in DeliveryLog(state_dir / FILE_NAME).read() if each.outcome == "delivered"]


def test_two_commands_at_once_share_one_cloud(tmp_path: Path) -> None:
    """Whoever comes second joins; the cloud ends with the last of them, whichever started it."""
    user = ("tests.local.user", str(tmp_path))
    with started(*user) as first, started(*user) as second:
        cloud = int(line_of(first))
        assert cloud == int(line_of(second))
        leave(first)
        assert alive(cloud)
        leave(second)
    until(lambda: not alive(cloud))
    until(lambda: holder_of(tmp_path) is None)
    assert not (tmp_path / "cloud.json").exists()


def test_a_cloud_ends_with_a_command_that_is_killed(tmp_path: Path) -> None:
    """Not before others that use it; and then what was recorded is finished and told of."""
    user = ("tests.local.user", str(tmp_path))
    with started(*user, PAGE) as first:
        cloud = int(line_of(first))
        with started(*user) as second:
            assert cloud == int(line_of(second))
            first.kill()
            first.wait()
            time.sleep(0.5)
            assert alive(cloud)
            second.kill()
            second.wait()
    until(lambda: not alive(cloud))
    assert {801, 802, 310} == set(arrived(tmp_path))


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    """The command ends at once, and the cloud as soon as it is up."""
    with started("local", "record", PAGE, "--state-dir", str(tmp_path)) as command:
        until((tmp_path / "cloud.log").exists)
        command.send_signal(signal.SIGINT)
        assert 130 == command.wait(300)
        assert "Traceback" not in (command.stderr.read() if command.stderr else "")
    left = [pid for pid, line in commands() if str(tmp_path) in line]
    until(lambda: not any(alive(pid) for pid in left))
    until(lambda: not any(str(tmp_path) in line for _, line in commands()))


def test_a_command_that_is_interrupted_does_not_wait(tmp_path: Path) -> None:
    """It says which process goes on; that one finishes what was recorded, and ends. All that is kept is its owner's
    alone: folders 0700, files 0600: films, callbacks and keys are in them.
    """
    state_dir = tmp_path / "state"
    with started("tests.local.user", str(state_dir), PAGE) as user:
        cloud = int(line_of(user))
        user.send_signal(signal.SIGINT)
        user.wait(300)
        said = user.stderr.read() if user.stderr else ""
    assert f"(process {cloud}) goes on" in said
    until(lambda: not alive(cloud))
    assert {801, 802, 310} == set(arrived(state_dir))
    found = [state_dir, *state_dir.rglob("*")]
    assert len(found) > 20
    assert [] == [path for path in found if path.stat().st_mode & 0o077]


def commands() -> list[tuple[int, str]]:
    """Return the id and the words of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append((int(path.parent.name), line))
    return found


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_up_ends_in_order(tmp_path: Path, name: str) -> None:
    """By whoever manages it, and when its terminal closes: what is recorded is finished and told of."""
    with started("local", *UP, "--state-dir", str(tmp_path)) as cloud:
        until((tmp_path / "cloud.json").exists)
        with running_cloud(tmp_path) as client:
            client.wait(client.start({"RecordUrl": PAGE})["recording_id"], ("recording",))
        assert cloud.stdout is not None
        if name == "SIGHUP":
            cloud.stdout.close()
        cloud.send_signal(signal.Signals[name])
        assert 0 == cloud.wait(300)
    assert {801, 802, 310} == set(arrived(tmp_path))


def test_a_second_signal_waits_for_nothing(tmp_path: Path) -> None:
    """Where the first one waits for callbacks that nobody takes."""
    receiver = WebhookServer()
    receiver.status = 500
    try:
        with started("local", *UP, "--callback-url", receiver.url, "--state-dir", str(tmp_path)) as cloud:
            until((tmp_path / "cloud.json").exists)
            with started("tests.local.user", str(tmp_path)) as user:
                assert cloud.pid == int(line_of(user))
                with running_cloud(tmp_path) as client:
                    client.start({"RecordUrl": PAGE})
                until(lambda: len(receiver.requests) >= 2)
                user.kill()
            cloud.send_signal(signal.SIGINT)
            until(lambda: any(b'"EventType": 802' in body for _, _, body in list(receiver.requests)))
            assert cloud.poll() is None
            cloud.send_signal(signal.SIGINT)
            assert 0 == cloud.wait(60)  # of a busy machine; the callbacks would be tried for minutes
    finally:
        receiver.close()


def test_a_taken_folder_is_told_with_its_owner(tmp_path: Path) -> None:
    """In one line: process, command, and since when."""
    lock = StateLock(tmp_path, "local up --faults x.json")
    try:
        done = CliRunner().invoke(app, [*UP, "--state-dir", str(tmp_path)], env={"COLUMNS": "300"})
        (line,) = done.output.splitlines()
        assert 2 == done.exit_code
        assert f"`local up --faults x.json` (process {os.getpid()}, since " in line
        with pytest.raises(StateHeldError):
            StateLock(tmp_path, "another")
    finally:
        lock.release()
    StateLock(tmp_path, "the next").release()


def test_files_of_a_dead_cloud_are_not_believed(tmp_path: Path) -> None:
    """Its port may be anybody's by now: nobody is sent our token."""
    receiver = WebhookServer()
    about = {"pid": os.getpid(), "gateway": receiver.url, "trtc": receiver.url, "cos": receiver.url}
    (tmp_path / "cloud.json").write_text(json.dumps(about))
    (tmp_path / "cloud.lock").write_text(json.dumps({"pid": os.getpid(), "command": "local up", "since": 1.0}))
    try:
        with pytest.raises(ClientError, match="no local cloud is up"), running_cloud(tmp_path):
            pass
    finally:
        receiver.close()
    assert [] == receiver.requests


@pytest.mark.parametrize("place", ["/proc/nowhere", "file", "file/below"])
@pytest.mark.parametrize("command", [UP, ["record", PAGE], ["faults", "list"], ["replay"]])
def test_a_folder_that_can_not_be_used_is_one_line(tmp_path: Path, command: list[str], place: str) -> None:
    """A read-only place, or a file where the folder should be: exit status 2, and what to do."""
    (tmp_path / "file").write_text("")
    folder = place if place.startswith("/") else str(tmp_path / place)
    done = CliRunner().invoke(app, [*command, "--state-dir", folder], env={"COLUMNS": "300"})
    lines = [line for line in done.output.splitlines() if line.strip()]
    assert (2, 1) == (done.exit_code, len(lines)), done.output
    assert folder in lines[0]


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    "command", [UP, ["record", PAGE], ["replay"], ["faults", "list"], ["callbacks"], ["callbacks", "resend"]]
)
def test_an_empty_name_is_no_folder(command: list[str], empty: str) -> None:
    """As of a variable that is not set: it is refused, and is not the current folder."""
    done = CliRunner().invoke(app, [*command, "--state-dir", empty], env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, "'--state-dir': the name is empty; name a folder" in done.output), done.output


@pytest.mark.parametrize("command", [["replay"], ["callbacks"], ["callbacks", "resend", "--failed"]])
def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, command: list[str]) -> None:
    """A misspelt name has nothing to show or to make anew: no cloud is started in it, and it stays away."""
    folder = tmp_path / "misspelt"
    done = CliRunner().invoke(app, [*command, "--state-dir", str(folder)], env={"COLUMNS": "300"})
    (line,) = [line for line in done.output.splitlines() if line.strip()]
    assert (2, False) == (done.exit_code, folder.exists())
    assert f"error: no local cloud has run in {folder}: there is no such folder; name one by --state-dir" == line


def test_a_full_disk_is_named_as_one(tmp_path: Path) -> None:
    """Where not even a log can be written: one line, status 2, and nothing is left."""
    command = [sys.executable, "-m", "local", "replay", "--state-dir", str(tmp_path)]
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *command],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert 2 == done.returncode
    assert f"error: the state folder {tmp_path} is full: " in line
    assert line.endswith("make room, or name another one by --state-dir")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        ["--gateway-port", "99999"],
        ["--trtc-port", "-1"],
        ["--callback-url", "receiver"],
        ["--callback-url", "127.0.0.1:8000/hook"],
        ["--callback-url", "http://"],
        ["--callback-url", "http://127.0.0.1:99999/"],
        ["--callback-url", "ftp://127.0.0.1/"],
        ["--callback-url", ""],
    ],
)
def test_an_invalid_address_is_refused_before_anything_starts(tmp_path: Path, options: list[str]) -> None:
    """Status 2 with the option's name, and no folder is made."""
    done = CliRunner().invoke(app, [*UP, "--state-dir", str(tmp_path / "state"), *options], env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, options[0] in done.output), done.output
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([*UP, "--gateway-port", "22x"], "'--gateway-port': must be a whole number, not '22x'"),
        ([*UP, "--gateway-port", "70000"], "'--gateway-port': must be at most 65535, not '70000'"),
        (["record", "--seconds", "-1"], "'--seconds': must be at least 0, not '-1'"),
        (["record", "--seconds", "ten"], "'--seconds': must be a number, not 'ten'"),
        (["record", "--format", "avi"], "'--format': must be one of 'mp4', 'hls', not 'avi'"),
        (["callbacks", "--type", "x"], "'--type': must be a whole number, not 'x'"),
    ],
)
def test_a_wrong_value_is_told_without_a_validators_words(words: list[str], says: str) -> None:
    """The option, what it takes, and what was typed; in a group of commands too."""
    done = CliRunner().invoke(app, words, env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, f"Invalid value for {says} " in done.output), done.output


@pytest.mark.parametrize("text", ["", "[]", '{"role_id": 1}', '{"nonsense": "x"}', "\udcff"])
def test_damaged_keys_are_one_line(tmp_path: Path, text: str) -> None:
    """As a full disk leaves them."""
    (tmp_path / "keys.json").write_text(text, errors="surrogateescape")
    done = CliRunner().invoke(app, [*UP, "--state-dir", str(tmp_path)], env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, "keys.json is not as it was written: remove it" in done.output), done.output


def test_keys_that_are_no_file_are_one_line(tmp_path: Path) -> None:
    """A pipe would be waited for."""
    os.mkfifo(tmp_path / "keys.json")
    done = CliRunner().invoke(app, [*UP, "--state-dir", str(tmp_path)], env={"COLUMNS": "300"})
    assert (2, True) == (done.exit_code, "keys.json can't be read: it is no regular file" in done.output), done.output


def test_a_folder_of_somebodys_is_not_closed_to_others(tmp_path: Path) -> None:
    """Only our own is made private, not what happens to be named."""
    tmp_path.chmod(0o755)
    (tmp_path / "theirs").write_text("")
    StateLock(tmp_path, "local up").release()
    assert 0o755 == tmp_path.stat().st_mode & 0o777


def test_films_of_a_dead_cloud_are_rescued_when_their_recorder_is_done(tmp_path: Path) -> None:
    """Not while it still writes; and no name is lost."""
    work = tmp_path / "work" / "abc"
    work.mkdir(parents=True)
    (work / "web_1.m3u8").write_text("#EXTM3U\n#EXTINF:2.0,\nweb_1_00000.ts\n")
    (work / "web_1_00000.ts").write_bytes(b"film")
    with recorder_lock(work) as inherited:
        recorder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=inherited)
    with recorder:
        assert [f"a recorder still writes to {work}"] == rescue_leftovers(tmp_path, 0.1)
        recorder.communicate(b"\n")
    (line,) = rescue_leftovers(tmp_path, 30)
    film = tmp_path / "rescued" / "abc" / "web_1.m3u8"
    assert line.endswith(str(film))
    assert film.read_text().endswith("#EXT-X-ENDLIST\n")
    assert b"film" == (film.parent / "web_1_00000.ts").read_bytes()
    assert [] == rescue_leftovers(tmp_path, 30)


@pytest.mark.parametrize("name", ["cloud.lock", "cloud.json", "cos/.meta/webrecord-1250000000.jsonl", "work"])
def test_what_keeps_a_cloud_from_starting_is_named(tmp_path: Path, name: str) -> None:
    """A folder where a file is expected, or the reverse: one line says which."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "work":
        path.write_text("no folder")
    else:
        path.mkdir()
    result = CliRunner().invoke(app, [*UP, "--state-dir", str(tmp_path)])
    assert (2, 1) == (result.exit_code, result.output.count("\n"))
    assert f"{path}" in result.output


def test_a_cloud_whose_folder_is_taken_away_ends(tmp_path: Path) -> None:
    """It says so, keeps nothing in the place, which may be another cloud's by then, and waits for no callbacks."""
    home = tmp_path / "home"
    with started("local", *UP, "--state-dir", str(home)) as cloud:
        until((home / "cloud.json").exists)
        home.rename(tmp_path / "moved")
        home.mkdir()
        (home / "cloud.json").write_text("another's")
        said, _ = cloud.communicate(timeout=300)
    assert (1, "another's") == (cloud.returncode, (home / "cloud.json").read_text())
    assert f"the state folder {home} was removed or moved while this cloud ran: it ends" == said.splitlines()[-1]


def test_a_lock_knows_whether_its_folder_is_still_there(tmp_path: Path) -> None:
    """Whoever removed it made room for another cloud."""
    home = tmp_path / "home"
    first = StateLock(home, "one")
    seen = [first.stands]
    home.rename(tmp_path / "moved")
    seen.append(first.stands)
    second = StateLock(home, "another")
    assert [True, False, False, True] == [*seen, first.stands, second.stands]
    for lock in (first, second):
        lock.release()
