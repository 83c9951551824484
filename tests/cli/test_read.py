"""`list`, `show`, `watch`, `events`: against the real functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.cli.calls import PAGE, Cli
from tests.cloud import RunningCloud


@pytest.fixture(scope="module")
def room() -> str:
    """The label of this module's recordings."""
    return "read-tests"


@pytest.fixture
def recorded(cli: Cli, room: str, running: RunningCloud) -> Callable[[str], str]:
    """Makes a completed recording with the id, once."""

    def record(key: str) -> str:
        if cli("show", key).status == 5:
            assert (
                "completed"
                == cli.ok("start", PAGE, "--key", key, "-l", f"room={room}", "--seconds", "1", "--wait")["state"]
            )
            running.heard()
        return key

    return record


def test_a_list_has_what_was_asked_for(cli: Cli, recorded: Callable[[str], str], room: str) -> None:
    """States, labels and days narrow it; the newest comes first; --limit says that there is more."""
    for key in ("cli-list-1", "cli-list-2", "cli-list-3"):
        recorded(key)
    listed = cli.ok("list", "--state", "completed", "--state", "failed", "--label", f"room={room}", "--all")
    ids = [one["recording_id"] for one in listed["recordings"] if one["recording_id"].startswith("cli-list")]
    assert ["cli-list-3", "cli-list-2", "cli-list-1"] == ids
    first = cli.ok("list", "-l", f"room:{room}", "--limit", "2")
    assert 2 == len(first["recordings"])
    rest = cli.ok("list", "-l", f"room:{room}", "--all", "--cursor", first["next_cursor"])
    both = [one["recording_id"] for page in (first, rest) for one in page["recordings"]]
    assert [one["recording_id"] for one in cli.ok("list", "-l", f"room:{room}", "--all")["recordings"]] == both
    short = cli("list", "-l", f"room:{room}", "-n", "1")
    assert (0, True) == (short.status, "there may be more" in short.err)
    assert [] == cli.ok("list", "--from", "2020-01-01", "--to", "2020-01-02")["recordings"]
    wrong = cli("list", "--from", "last week")
    assert (2, True) == (wrong.status, "'last week' is not a day; write a day such as 2026-01-31, today" in wrong.err)
    assert 2 == cli("list", "-l", "room=4711,left").status
    for name in ("房间=4711", "=", "a b=c"):
        wrong = cli("list", "-l", name)
        assert (2, True) == (wrong.status, "write NAME or NAME=VALUE" in wrong.err), wrong.err


def test_a_list_for_people_is_a_table(cli: Cli, recorded: Callable[[str], str]) -> None:
    """One line a recording, without colours where no terminal is, the time in this machine's zone."""
    recorded("cli-list-1")
    ran = cli("list", "--all")
    assert "\x1b" not in ran.out
    header = ran.out.splitlines()[0]
    assert re.match(r"created \([+-]\d\d:\d\d\) +id +state +length +files +film +page +labels", header)
    (line,) = [line for line in ran.out.splitlines() if "cli-list-1" in line]
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +cli-list-1 +completed +0:\d\d:\d\d +1 +(?:[a-z]+ +)?https://", line
    )


def test_show_tells_everything(cli: Cli, recorded: Callable[[str], str]) -> None:
    """State, page, files, timeline; --json is the API's document."""
    ran = cli("show", recorded("cli-show"))
    assert 0 == ran.status
    for part in ("cli-show", "completed", PAGE, "room=read-tests", ".mp4", "recording began", "billed"):
        assert part in ran.out, part
    document = cli.ok("show", "cli-show")
    assert {"recording_id", "state", "files", "timeline", "created_ms"} <= document.keys()


def test_what_is_not_there_is_5(cli: Cli) -> None:
    """For every command that takes an id; also one that no path may hold."""
    for command in (("show",), ("watch",), ("events",), ("stop",), ("download",), ("cancel",), ("delete", "--yes")):
        ran = cli(*command, "cli-nothing-there")
        assert (5, "") == (ran.status, ran.out), command
        assert 1 == len(ran.err.splitlines()), ran.err
    assert 5 == cli("show", "../recordings/x?y#z").status


def test_watch_tells_each_state_until_the_end(cli: Cli) -> None:
    """Lines for people, JSON Lines for programs; 0 when it is completed."""
    cli.ok("start", PAGE, "--key", "cli-watch")
    with cli.process("watch", "cli-watch", "--json") as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())]
        while seen[-1]["state"] != "recording":
            seen.append(json.loads(process.stdout.readline()))
        cli.ok("stop", "cli-watch")
        out, err = process.communicate(timeout=300)
    assert 0 == process.returncode, err
    seen += [json.loads(line) for line in out.splitlines()]
    assert "completed" == seen[-1]["state"]
    over = cli("watch", "cli-watch")
    assert (0, True) == (over.status, bool(re.fullmatch(r"\d\d:\d\d:\d\d  completed\n", over.out)))


def test_watch_of_what_was_cancelled_is_1(cli: Cli) -> None:
    """The reason is in the error's line."""
    cli.ok("schedule", PAGE, "--at", "+2h", "--key", "cli-watch-off")
    cli.ok("cancel", "cli-watch-off")
    ran = cli("watch", "cli-watch-off")
    assert 1 == ran.status
    assert ran.err.startswith("error: cli-watch-off is cancelled: ")


def test_events_are_the_callbacks(cli: Cli, recorded: Callable[[str], str]) -> None:
    """In order of their time, with TRTC's own numbers."""
    document = cli.ok("events", recorded("cli-show"))
    assert {801, 802, 310} <= {event["body"]["EventType"] for event in document["events"]}
    ran = cli("events", "cli-show")
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +801 +\{", ran.out, re.MULTILINE)
