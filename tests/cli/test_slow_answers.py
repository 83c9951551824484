"""Where nobody answers, or late: stderr says what is waited for and what is tried again; stdout stays the result's."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.calls import PAGE, Cli, Ran
from tests.cli.scripted import Answer, Call, scripted
from tests.local.trtc.servers import until
from webrecord.api import Api, Patience
from webrecord.errors import Busy
from webrecord.output import Output
from webrecord.settings import Target
from webrecord.waiting import Waiting

pytestmark = pytest.mark.usefixtures("home")
RECORDING = {"recording_id": "x", "state": "completed", "recordings": [], "status": "ok"}


class Late:
    """Answers right, once a test has seen that it is waited for."""

    def __init__(self) -> None:
        self.seen = threading.Event()

    def __call__(self, call: Call) -> Answer:
        del call
        self.seen.wait(300)
        return Answer(200, RECORDING)


@pytest.mark.process
def test_a_command_says_what_it_waits_for(home: Path) -> None:
    """One line once two seconds are over, in the reader's language; with --json stdout is one document all the same."""
    (home / "a.jsonl").write_text(f'{{"url": "{PAGE}"}}\n')

    def run(line: str, *words: object, **env: str) -> Ran:
        late, err = Late(), ""
        with scripted(late) as server, Cli({"WEBRECORD_ENDPOINT": server.url, **env}).process(*words) as process:
            assert process.stderr is not None
            for one in process.stderr:
                err += one.replace(server.url, "URL")
                if line in err:
                    late.seen.set()
            assert process.stdout is not None
            out = process.stdout.read()
        return Ran(process.returncode, out, err)

    line, ours = "waiting for an answer of URL (from WEBRECORD_ENDPOINT) …\n", {"WEBRECORD_LANG": "zh"}
    with ThreadPoolExecutor() as pool:
        documented = pool.submit(run, line, "show", "x", "--json", **ours)
        chinese = pool.submit(run, "等待 URL（来自 WEBRECORD_ENDPOINT）应答…\n", "list", **ours)
        others = [pool.submit(run, line, *words) for words in (("doctor",), ("batch", home / "a.jsonl"))]
    assert (line, RECORDING) == (documented.result().err, json.loads(documented.result().out))
    assert "等待 URL（来自 WEBRECORD_ENDPOINT）应答…\n" in chinese.result().err
    assert [0, 0] == [ran.result().status for ran in others]
    assert all(line in ran.result().err for ran in others)


@pytest.mark.process
def test_on_a_terminal_it_is_one_line_that_is_written_anew() -> None:
    """With the seconds that it lasts, gone when the answer is there; the result stands alone."""
    leader, follower = pty.openpty()
    late, shown = Late(), b""
    with scripted(late) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url, "TERM": "xterm", "COLUMNS": "200"})
        wait = rf"waiting for an answer of {server.url} \(from WEBRECORD_ENDPOINT\) … \(\d+ s\)".encode()
        with cli.process("show", "x", "--json", stderr=follower) as process:
            os.close(follower)
            while piece := _read(leader):
                shown += piece
                if re.search(wait, shown):
                    late.seen.set()
            out, _ = process.communicate(timeout=300)
    os.close(leader)
    assert (0, RECORDING) == (process.returncode, json.loads(out))
    assert min(int(seconds) for seconds in re.findall(r"… \((\d+) s\)", shown.decode())) >= 2
    assert (1, True) == (shown.count(b"\n"), shown.endswith(b"\x1b[1A\x1b[2K")), "the line is written over, and erased"


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # nobody writes any more
        return b""


def test_each_try_is_a_line() -> None:
    """What went wrong, which try is next, and when."""
    told: list[str] = []
    console = Console(file=io.StringIO())
    waits = Waiting(console, told.append)
    with scripted(lambda _: Answer(503, {}, {"Retry-After": "1"})) as server:

        def pause(seconds: float) -> None:
            until(lambda: any(f"try {1 + len(server.calls)} of 3 in {seconds:.0f} s" in line for line in told))

        with (
            Api(Target(server.url), Patience(3), pause, lambda line, _quiet_s=0.0: waits.about(line, 0.0)) as api,
            pytest.raises(Busy),
        ):
            api.get("x")
    tries = [line for line in told if "waiting" not in line]
    assert [f"{server.url} is busy (503); try {number} of 3 in 1 s" for number in (2, 3)] == tries


def test_what_is_held_back_on_purpose_is_no_news() -> None:
    """A long poll is told of when it is longer than it was asked to be."""
    asked: list[float] = []
    with scripted(lambda _: Answer(304)) as server:

        def waits(line: str, quiet_s: float = 0.0) -> object:
            asked.append(quiet_s)
            return Waiting(Console(file=io.StringIO()), print).about(line, quiet_s)

        with Api(Target(server.url), waits=waits) as api:  # type: ignore[arg-type]
            api.wait("x", None, 20)
    assert [22.0] == asked


def test_what_ends_soon_is_not_told() -> None:
    """And what several threads wait for alike is told once."""
    told: list[str] = []
    waits = Waiting(Console(file=io.StringIO()), told.append)
    for _ in range(100):
        with waits.about("soon"):
            pass
    released = threading.Event()

    def wait() -> None:
        with waits.about("the same", 0.0):
            released.wait(60)

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: "the same" in told)
    with waits.about("the last", 0.0):
        until(lambda: "the last" in told)
    released.set()
    for thread in threads:
        thread.join()
    assert ["the same", "the last"] == told


def test_lists_are_silent_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What goes on is shown on a terminal alone, as long as it is quick."""
    with Output().working("reading …") as change:
        change("reading more …")
    assert ("", "") == tuple(capsys.readouterr())
