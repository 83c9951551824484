"""`start`, `schedule`, `stop`, `cancel`, `delete`: what they begin and end, and how they say so."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.calls import PAGE, Cli, said
from tests.cli.scripted import Answer, scripted


def test_start_prints_the_recording_and_goes(cli: Cli) -> None:
    """People get a table, programs the API's document; the id is the key that was chosen."""
    started = cli.ok("start", PAGE, "--key", "cli-start", "-l", "room=4711", "--width", "640", "--height", "360")
    assert ("cli-start", PAGE, {"room": "4711"}) == (
        started["recording_id"],
        started["page_url"],
        started["labels"],
    )
    again = cli("start", PAGE, "--key", "cli-start", "-l", "room=4711", "--width", "640", "--height", "360")
    assert 0 == again.status
    assert "cli-start" in again.out
    assert cli.ok("stop", "cli-start")["recording_id"] == "cli-start"


def test_start_wait_seconds_records_so_long(cli: Cli) -> None:
    """It stays until the files are there; states go to stderr, the result alone to stdout."""
    began = time.monotonic()
    ran = cli("start", PAGE, "--wait", "--seconds", "1", "--json")
    took_ms = 1_000 * (time.monotonic() - began)
    assert 0 == ran.status, ran.err
    assert "completed" == ran.document["state"]
    assert 800 <= ran.document["duration_ms"] <= took_ms
    assert "recording" in ran.err
    (file,) = ran.document["files"]
    assert file["url"]


def test_an_unsuitable_start_names_every_field(cli: Cli) -> None:
    """6, and one line with each field of the problem document."""
    ran = cli("start", "ftp://example.com", "--width", "1921")
    assert 6 == ran.status
    assert "" == ran.out
    (line,) = ran.err.splitlines()
    assert "URL (RecordUrl): " in line
    assert "--width (WebRecordVideoParams.Width): " in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["start", PAGE, "--until", "2020-01-01T00:00:00Z"], "--until (StopAt): "),
        (["start", PAGE, "--at", "2020-01-01T00:00:00Z"], "--at (StartAt): "),
        (["start", PAGE, "--label", "a b=x"], "--label (Labels.a b): "),
        (["schedule", PAGE, "--at", "+1h", "--height", "5000"], "--height (WebRecordVideoParams.Height): "),
    ],
)
def test_a_wrong_field_is_told_by_its_option(cli: Cli, arguments: list[str], says: str) -> None:
    """What was typed comes first, the API's name behind it."""
    ran = cli(*arguments)
    assert (6, "") == (ran.status, ran.out)
    assert says in ran.err


def test_a_field_of_a_file_keeps_its_name(cli: Cli, tmp_path: Path) -> None:
    """Nobody typed an option for it."""
    (tmp_path / "body.json").write_text(json.dumps({"RecordUrl": PAGE, "StopAt": "2020-01-01T00:00:00Z"}))
    ran = cli("start", "--json-body", str(tmp_path / "body.json"))
    assert ran.err.startswith("error: StopAt: ")


def test_the_same_key_for_another_page_is_refused(cli: Cli) -> None:
    """409 is 6."""
    cli.ok("start", PAGE, "--key", "cli-conflict")
    ran = cli("start", "https://example.org/", "--key", "cli-conflict")
    assert 6 == ran.status
    assert "The id is in use" in ran.err
    cli.ok("stop", "cli-conflict")


def test_a_body_from_a_file_with_options_over_it(cli: Cli, tmp_path: Path) -> None:
    """Both spellings of the file are replaced, and labels are added to its own."""
    file = tmp_path / "body.json"
    body = {"record_url": "https://example.org/", "labels": {"a": "1"}, "web_record_video_params": {"width": 320}}
    file.write_text(json.dumps({**body, "RecordingId": "cli-body"}))
    started = cli.ok("start", PAGE, "--json-body", file, "--height", "240", "-l", "b=2")
    assert ("cli-body", PAGE) == (started["recording_id"], started["page_url"])
    assert {"a": "1", "b": "2"} == started["labels"]
    cli.ok("stop", "cli-body")


def test_a_schedule_is_cancelled_or_deleted(cli: Cli) -> None:
    """`cancel` ends what waits and nothing else; `delete` asks first, and forgets it."""
    scheduled = cli.ok("schedule", PAGE, "--at", "+2h", "--until", "+3h", "--key", "cli-later")
    assert "scheduled" == scheduled["state"]
    assert 3600 * 1000 == scheduled["stop_at_ms"] - scheduled["start_at_ms"]
    assert "cancelled" == cli.ok("cancel", "cli-later")["state"]
    twice = cli("cancel", "cli-later")
    assert (6, True) == (twice.status, "cli-later is cancelled, so there is nothing to cancel" in twice.err)
    unasked = cli("delete", "cli-later")
    assert (2, True) == (unasked.status, "--yes" in unasked.err)
    assert {"recording_id": "cli-later", "outcome": "deleted"} == cli.ok("delete", "cli-later", "--yes")
    assert 5 == cli("show", "cli-later").status


def test_what_runs_is_not_cancelled(cli: Cli) -> None:
    """It says how to end it."""
    cli.ok("start", PAGE, "--key", "cli-runs")
    ran = cli("cancel", "cli-runs")
    assert (6, True) == (ran.status, "webrecord stop cli-runs" in ran.err)
    assert "completed" == cli.ok("stop", "cli-runs", "--wait")["state"]


def test_ctrl_c_says_that_the_recording_goes_on(cli: Cli) -> None:
    """130, the id and how to stop it; the recording is not touched."""
    with cli.process("start", PAGE, "--wait", "--key", "cli-ctrl-c") as process:
        assert process.stderr is not None
        heard = []
        while "cli-ctrl-c recording\n" not in heard:
            heard.append(process.stderr.readline())
            assert process.poll() is None, heard
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert 130 == process.returncode
    assert "" == out
    (line,) = said(err).splitlines()
    assert line.startswith("interrupted: the recording cli-ctrl-c continues; `webrecord stop cli-ctrl-c` ends it")
    assert "recording" == cli.ok("show", "cli-ctrl-c")["state"]
    cli.ok("stop", "cli-ctrl-c")


def test_a_time_out_leaves_the_recording_alone(cli: Cli) -> None:
    """7, in about the time that was given."""
    cli.ok("start", PAGE, "--key", "cli-timeout")
    while cli.ok("show", "cli-timeout")["state"] != "recording":
        time.sleep(0.05)
    began = time.monotonic()
    ran = cli("start", PAGE, "--key", "cli-timeout", "--wait", "--timeout", "1")
    assert 7 == ran.status
    assert 1 <= time.monotonic() - began < 60
    assert "cli-timeout is still recording after 1 s" in ran.err
    cli.ok("stop", "cli-timeout")


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        (["--seconds", "35000"], None),
        (["--seconds", "40000.5"], 40121),
        (["--seconds", "86400"], 86400),
        (["--seconds", "40000", "--json-body", "{file}"], 50000),
    ],
)
def test_seconds_beyond_the_limit_of_a_request_that_says_none(
    arguments: list[str], limit: int | None, home: Path
) -> None:
    """TRTC would end it after ten hours, with status 0; what the API says of the limit is told of the option."""
    file = home / "request.json"
    file.write_text('{"MaxDurationLimit": 50000}')
    wrong = {"errors": [{"path": "MaxDurationLimit", "message": "must be at most 36000"}]}
    with scripted(lambda _: Answer(422, wrong)) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        ran = cli("start", PAGE, *(word.replace("{file}", str(file)) for word in arguments))
        assert limit == json.loads(server.calls[0].body).get("MaxDurationLimit")
    named = "--seconds (MaxDurationLimit)" if limit not in (None, 50000) else "MaxDurationLimit"
    assert (6, f"error: {named}: must be at most 36000\n") == (ran.status, ran.err)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", ["a/b", "https://example.com/recordings/x", "é", "a b", "x" * 27])
def test_what_can_be_no_id_is_asked_for_nowhere(name: str) -> None:
    """It is told as what it is, not as a route that does not exist."""
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})("show", name)
    assert (5, f"error: {name!r} is not a recording's id: `webrecord list` shows them\n") == (ran.status, ran.err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["start"], "which page?"),
        (["start", PAGE, "--label", "x"], "write name=value"),
        (["start", PAGE, "--at", "soon"], "is not a time"),
        (["start", PAGE, "--key", "a b"], "a key is"),
        (["start", PAGE, "--key", ""], "nothing stands behind --key: is a variable unset?"),
        (["start", PAGE, "--key="], "nothing stands behind --key: is a variable unset?"),
        (["list", "--profile", ""], "nothing stands behind --profile"),
        (["list", "--endpoint", "", "--json"], "nothing stands behind --endpoint"),
        (["download", "x", "-o", ""], "nothing stands behind -o"),
        (["start", PAGE, "--seconds", "86401"], "--seconds must be at most 86400, not '86401'"),
        (["start", "--json-body", '{"RecordUrl": "https://example.com"}'], "--json-body names a file, or - for stdin"),
        (["start", "--json-body", "@request.json"], "--json-body names a file, or - for stdin"),
        (["batch", "-"], "a batch is a file, so that it can be run again"),
        (["start", PAGE, "--format", "avi"], "--format"),
        (["start", PAGE, "--json-body", "/nowhere/x.json"], "can't be read"),
        (["start", PAGE, "--colour"], "--colour"),
        (["lst"], "list"),
    ],
)
def test_a_wrong_command_line_is_one_line(cli: Cli, arguments: list[str], says: str) -> None:
    """2, one line on stderr that says what is wrong, nothing on stdout."""
    ran = cli(*arguments)
    assert (2, "") == (ran.status, ran.out)
    (line,) = ran.err.splitlines()
    assert line.startswith("error: ")
    assert says in line
