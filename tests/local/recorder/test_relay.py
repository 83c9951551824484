"""Relays without a browser: made-up pictures and sound, pushed to real RTMP servers and to ones that fail."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.recorder.backlog import LIMIT_BYTES, Group, Queue
from local.recorder.encoder import Encoder, Target
from local.recorder.flv import Tag
from local.recorder.job import Format
from local.recorder.relay import Patience, Relay
from local.recorder.relays import Relays
from testing import pictures as clock
from tests.local.recorder.harness import ROOT, all_gone, processes
from tests.local.recorder.receiver import RtmpServer, RtmpServers
from tests.local.recorder.test_encoder import jpeg, tone
from tests.serving import free_port, free_ports

pytestmark = pytest.mark.process

SIZE = (176, 120)
PATIENCE = Patience(retry_s=20, give_up_s=60)  # a receiver on a busy machine may take seconds to answer
BEHIND = 20  # pictures that the encoder may have before it; it drops those that come when it has 24
HASTE = Patience(retry_s=0.2, give_up_s=1)


class Live:
    """An encoder fed in real time, and what its relays said."""

    def __init__(
        self,
        directory: Path,
        urls: list[str],
        patience: Patience = PATIENCE,
        wanted: Format = "mp4",
        file_s: float = 99,
    ) -> None:
        self.said: dict[int, list[int]] = {number: [] for number in range(len(urls))}
        self.messages: dict[int, list[str]] = {number: [] for number in range(len(urls))}
        self.relays = Relays(dict(enumerate(urls)), self._report, patience)
        self.files: list[str] = []
        self.slowest_s = 0.0
        target = Target(directory, "clip", wanted, SIZE, file_s, 0)
        self._encoder = Encoder(target, lambda event: self.files.append(event["name"]), self._fail, self.relays)
        self._begin = time.monotonic()
        self._step = 0

    def feed(self, seconds: float) -> None:
        """Go on for so long, 20 pictures a second."""
        for _ in range(round(seconds * 20)):
            at = self._step / 20
            self._step += 1
            before = time.monotonic()
            self._encoder.picture(at, jpeg(at, SIZE))
            self._encoder.sound(tone(at, at + 0.05))
            self.slowest_s = max(self.slowest_s, time.monotonic() - before)
            self._keep_pace(at + 0.05)

    def _keep_pace(self, at: float) -> None:
        """Wait for the moment, and for the encoder: what a busy machine was late with is never made up in a rush."""
        time.sleep(max(0.0, self._begin + at - time.monotonic()))
        deadline = time.monotonic() + 60
        while self._step - self._encoder.pictures > BEHIND:
            assert time.monotonic() < deadline, "the encoder stands still"
            time.sleep(0.01)
        self._begin = max(self._begin, time.monotonic() - at)

    def until(self, number: int, status: int) -> None:
        """Go on until an address is told to be in a state."""
        deadline = time.monotonic() + 60
        while status not in self.said[number][-1:]:
            assert time.monotonic() < deadline, self.said
            self.feed(0.1)

    @property
    def end_s(self) -> float:
        """How long the recording is by now, in seconds."""
        return self._step / 20

    def end(self) -> float:
        """End everything; return how long the recording was, in seconds."""
        seconds = self.end_s
        assert self._encoder.finish(seconds, 90)
        self.relays.close()
        return seconds

    def _report(self, number: int, status: int, message: str) -> None:
        self.said[number].append(status)
        self.messages[number].append(message)

    def _fail(self, message: str, _disk_full: bool) -> None:
        raise AssertionError(message)


@contextmanager
def mute() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"rtmp://127.0.0.1:{server.getsockname()[1]}/live/mute"


def folded(statuses: list[int]) -> list[int]:
    """Return the states without their repetitions."""
    return [status for status, _ in itertools.groupby(statuses)]


@pytest.mark.parametrize("wanted", ["mp4", "hls"])
def test_a_strangers_server_decodes_it(tmp_path: Path, wanted: Format) -> None:
    """Picture and sound arrive in step, across a cut of the files, with a key and a query in the address."""
    with RtmpServer(free_port()) as receiver:
        live = Live(tmp_path, [receiver.url], wanted=wanted, file_s=2.5)
        live.until(0, 2)
        live.feed(3)
        seconds = live.end()
        seen = receiver.decoded()
    assert live.said == {0: [1, 2, 5, 0]}
    assert not any(live.messages[0])
    assert (list(SIZE), True) == (seen["size"], seconds - 0.3 < seen["length_s"] < seconds + 0.2)
    assert seen["page_s"][0] == 0, "from the first picture"
    steps = [b - a for a, b in itertools.pairwise(seen["page_s"])]
    assert max(steps) < 0.2, "nothing was left out"
    assert min(steps) >= 0
    assert seen["beeps"] >= 2
    assert max(map(abs, seen["delays_s"])) < 0.06


def test_ten_at_once(tmp_path: Path) -> None:
    """As many as the document allows: each of ten servers decodes the whole stream, and the encoder is not held up."""
    with RtmpServers(*free_ports(10)) as receivers:
        live = Live(tmp_path, receivers.urls)
        for number in range(10):
            live.until(number, 2)
        live.feed(3)
        seconds = live.end()
        seen = receivers.all_decoded()
    assert {(1, 2, 5, 0)} == {tuple(statuses) for statuses in live.said.values()}
    assert all(each["page_s"][0] == 0 and seconds - 0.3 < each["length_s"] < seconds + 0.2 for each in seen), seen
    assert live.slowest_s < 5


def test_bad_receivers_disturb_nobody(tmp_path: Path) -> None:
    """A dead port and one that never answers are given up with a reason; the file and the good relay are whole."""
    with ExitStack() as stack:
        dead = f"rtmp://127.0.0.1:{free_port()}/live/x"
        silent = stack.enter_context(mute())
        good = stack.enter_context(RtmpServer(free_port()))
        live = Live(tmp_path, [dead, silent, good.url], Patience(retry_s=6, give_up_s=14))
        live.until(2, 2)
        live.until(0, 4)
        live.until(1, 4)
        seconds = live.end()
        seen = good.decoded()
    assert [[1, 4], [1, 4], [1, 2, 5, 0]] == [folded(live.said[number]) for number in range(3)]
    assert min(live.said[number].count(1) for number in range(2)) > 1, "it was tried again"
    assert live.messages[0][-1] == "Connection refused"
    assert live.messages[1][-1] == "the receiver does not answer"
    assert seen["length_s"] > 2
    assert max(b - a for a, b in itertools.pairwise(seen["page_s"])) < 0.2
    assert live.slowest_s < 4, "nobody waits for a receiver"
    recording = clock.read(tmp_path / "clip.mp4")
    assert recording.length_s == pytest.approx(seconds, abs=0.1)
    assert clock.distinct(recording) == seconds * 20


def test_a_receiver_that_comes_back(tmp_path: Path) -> None:
    """One that goes away is said to be recovering until another takes its place, which begins with a key frame."""
    port = free_port()
    with RtmpServer(port) as first:
        live = Live(tmp_path, [first.url], PATIENCE._replace(retry_s=6))
        live.until(0, 2)
        live.feed(0.5)
    live.until(0, 3)
    with RtmpServer(port) as second:
        live.until(0, 2)
        again_s = live.end_s
        live.feed(2)
        seconds = live.end()
        seen = second.decoded()
    assert folded(live.said[0]) == [1, 2, 3, 2, 5, 0]
    assert len(seen["page_s"]) == seen["pictures"], "every picture is whole"
    assert seen["page_s"][0] % 2 == 0, "key frames come every 2 s"
    assert seen["page_s"][0] <= again_s
    assert seen["page_s"][-1] > seconds - 0.3
    assert clock.read(tmp_path / "clip.mp4").length_s == pytest.approx(seconds, abs=0.1)


def test_end_while_connecting(tmp_path: Path) -> None:
    """The end does not wait for who never answered; no process stays."""
    with mute() as url:
        live = Live(tmp_path, [url] * 3)
        live.feed(1)
        pushing = {pid: line for pid, _, line in processes() if "local.recorder.push" in line}
        before = time.monotonic()
        live.end()
    assert len(pushing) >= 3
    assert time.monotonic() - before < 20
    assert live.said == {number: [1, 5, 0] for number in range(3)}
    assert all_gone(pushing)


def test_no_connection_outlives_its_recorder() -> None:
    """A recorder that is killed leaves no process behind, not even one whose receiver never answers."""
    program = "from local.recorder.connection import Pusher; c = Pusher({url!r}, 60)\nwhile True: c.step()"
    with mute() as url:
        recorder = subprocess.Popen([sys.executable, "-c", program.format(url=url)], cwd=ROOT)
        until = time.monotonic() + 60
        pushing: dict[int, str] = {}
        while not pushing and time.monotonic() < until:
            pushing = {pid: line for pid, parent, line in processes() if parent == recorder.pid}
            time.sleep(0.1)
        time.sleep(1)
        recorder.kill()
        recorder.wait()
        assert pushing
        assert all_gone(pushing)


def test_silent_end(tmp_path: Path) -> None:
    """Where another recorder goes on, the end of this one's connections is not told."""
    live = Live(tmp_path, [f"rtmp://127.0.0.1:{free_port()}/a"], HASTE._replace(give_up_s=60))
    live.feed(0.3)
    live.relays.close(silent=True)
    assert set(live.said[0]) <= {1}
    live.end()
    assert set(live.said[0]) <= {1}


def test_nobody_waits_for_a_receiver() -> None:
    """One that takes nothing costs those who supply it no time."""
    with mute() as url:
        relay = Relay(0, url, lambda *_: None, PATIENCE)
        tag = bytes(1 << 20)
        before = time.monotonic()
        for number in range(200):
            relay.put(b"head", Tag(tag, is_key=number % 50 == 0))
        assert time.monotonic() - before < 20
        relay.close(silent=True)
        relay.join(5)


@given(st.lists(st.tuples(st.integers(1, LIMIT_BYTES // 2), st.booleans(), st.booleans()), max_size=30))
def test_what_waits_is_bounded(steps: list[tuple[int, bool, bool]]) -> None:
    """Whatever comes and however slowly it is taken: never above the limit, and after a gap a key frame is next."""
    queue, group = Queue(), Group()
    for size, is_key, taken in steps:
        for store in (queue, group):
            store.put(Tag(bytes(size), is_key))
            assert store.size == sum(len(tag.data) for tag in store.tags) <= LIMIT_BYTES
        assert all(tag.is_key == (index == 0) for index, tag in enumerate(group.tags))
        if taken:
            before = len(queue.tags)
            assert bool(before) == bool(queue.take(1))
            assert len(queue.tags) == max(before - 1, 0)
    if steps and steps[-1][1]:
        assert queue.tags or steps[-1][2]
