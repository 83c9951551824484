"""What is waited for has an end, and what goes on without the command is told with the command that ends it."""

from __future__ import annotations

import signal
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calls import PAGE, Cli, said
from tests.cli.scripted import Answer, Call, scripted
from tests.local.trtc.servers import until

pytestmark = pytest.mark.usefixtures("home")


class Service:
    """One recording, which is in the states that a test sets; a stop makes it `stopped`."""

    def __init__(self, state: str, stopped: str = "stopping") -> None:
        self.state, self.stopped, self.stops = state, stopped, 0
        self.more: dict[str, Any] = {}

    def __call__(self, call: Call) -> Answer:
        if call.path.endswith("/stop"):
            self.stops, self.state = self.stops + 1, self.stopped
            return Answer(202, {"recording_id": "x", "state": self.state})
        if call.path.endswith("/wait"):
            time.sleep(0.2)
        return Answer(200, {"recording_id": "x", "state": self.state, **self.more})


@pytest.mark.long
@pytest.mark.parametrize(
    ("state", "seconds", "says"),
    [
        ("starting", "2", "x was still starting after 1 s, so it was stopped"),
        ("scheduled", "2", "x was still scheduled after 1 s, so it was stopped"),
        ("recording", "60", "x had not recorded for 60 s after 1 s, so it was stopped"),
    ],
)
def test_seconds_that_do_not_fit_into_the_time_out(state: str, seconds: str, says: str) -> None:
    """7; it is stopped, since nobody else would, and the line has the commands with where this one went."""
    service = Service(state)
    with scripted(service) as server:
        where = ("--endpoint", server.url)
        ran = Cli({})("start", PAGE, "--key", "x", "--seconds", seconds, "--timeout", "1", *where)
    assert (7, "", 1) == (ran.status, ran.out, service.stops)
    first, *_, last = ran.err.splitlines()
    assert f"x is {state}: waiting until it recorded for {seconds} s, at most 1 s" == first
    assert f"error: {says}, as `webrecord stop x --endpoint {server.url}` does; `webrecord watch x" in last


@pytest.mark.parametrize("command", [("watch", "x"), ("start", PAGE, "--key", "x", "--wait")])
def test_a_time_out_tells_how_to_end_it(command: tuple[str, ...]) -> None:
    """7; the recording is left alone, and the line ends it when it is pasted."""
    service = Service("recording")
    with scripted(service) as server:
        ran = Cli({})(*command, "--timeout", "1", "--endpoint", server.url)
    assert (7, 0) == (ran.status, service.stops)
    last = ran.err.splitlines()[-1]
    ends = f"`webrecord stop x --endpoint {server.url}` ends it"
    assert f"x is still recording after 1 s; the recording continues; {ends}" in last


@pytest.mark.long
def test_a_stop_that_waits_says_for_what() -> None:
    """Its files, and how long at most; what is uploaded late is no recording to end."""
    service = Service("recording", "uploading")
    with scripted(service) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        ran = cli("stop", "x", "--wait", "--timeout", "1")
    assert (7, 1) == (ran.status, service.stops)
    assert "x is uploading: waiting for its files, at most 1 s" == ran.err.splitlines()[0]
    assert "TRTC is still uploading its files; `webrecord watch x` shows it" in ran.err.splitlines()[-1]


@pytest.mark.parametrize("command", [("stop", "x"), ("stop", "x", "--wait"), ("cancel", "x")])
def test_what_is_ended_is_shown_whole(command: tuple[str, ...]) -> None:
    """As `show` has it: the size of each file, and the advice."""
    service = Service("scheduled", "completed")
    service.more = {"advice": "do this", "files": [{"name": "a.mp4", "size": 12_300_000}]}
    with scripted(service) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})(*command)
    assert (0, "") == (ran.status, ran.err)
    assert "12.3 MB" in ran.out
    assert "do this" in ran.out


def test_a_time_out_without_anything_to_wait_for_is_refused() -> None:
    """2, before anything is started."""
    with scripted(Service("starting")) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("start", PAGE, "--timeout", "5")
        assert [] == server.calls
    assert (2, True) == (ran.status, "--timeout needs --wait or --seconds" in ran.err)


@pytest.mark.process
def test_a_second_ctrl_c_ends_at_once(home: Path) -> None:
    """130, while the first still waits for calls that are on their way; it says how to see and end what goes on."""
    asked, release = threading.Event(), threading.Event()

    def hang(call: Call) -> Answer:
        del call
        asked.set()
        release.wait(600)
        return Answer(201, {"recording_id": "x", "state": "starting"})

    (home / "a.jsonl").write_text('{"url": "https://example.com"}\n')
    with (
        scripted(hang) as server,
        Cli({"WEBRECORD_ENDPOINT": server.url}).process("batch", home / "a.jsonl") as process,
    ):
        assert asked.wait(300)
        until(lambda: slept(process.pid) > 0)
        before = slept(process.pid)
        process.send_signal(signal.SIGINT)
        until(lambda: slept(process.pid) > before)  # two signals that nobody has taken yet are one
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        release.set()
    assert 130 == process.returncode, err
    assert "interrupted: started recordings continue; `webrecord list` shows it, `webrecord stop ID` ends it\n" == said(
        err
    )


def slept(pid: int) -> int:
    """Return how often the main thread has gone to sleep."""
    text = Path(f"/proc/{pid}/task/{pid}/status").read_text()
    return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


def test_each_command_has_an_example() -> None:
    """At the end of its help."""
    for words in (("start",), ("list",), ("batch",), ("stop",), ("config", "set")):
        assert f"Example: webrecord {' '.join(words)} " in " ".join(Cli({})(*words, "--help").out.split())


def test_a_server_that_always_has_news_is_not_asked_without_a_pause() -> None:
    """Of a recording that changes in each answer: a few changes at once, then two answers a second at most."""
    numbers = count()

    def answer(_: Call) -> Answer:
        return Answer(200, {"recording_id": "x", "state": "recording", "file_count": next(numbers)})

    with scripted(answer) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("watch", "x", "--timeout", "2")
        asked = len(server.calls)
    assert 7 == ran.status, ran.err
    assert asked <= 20
