"""The sender of callbacks against a real receiver that checks every signature by itself."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from local.callbacks import CallbackEndpoint, CallbackSender, CallbackSettings, Delivery, DeliveryLog, sign
from local.faults import CallbackFault, FaultFile, Faults
from tests.local.trtc.cloud import APP, body, cloud
from tests.local.trtc.servers import KEY, WebhookServer, until
from tests.serving import serving

GOLDEN_BODY = (
    b'{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n\t"EventInfo":\t{\n\t\t'
    b'"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n\t\t"EventMsTs":\t1664209748180,\n\t\t'
    b'"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}'
)
INFO = {"EventMsTs": 1, "EventTs": 0, "TaskId": "t/1", "Payload": {"Status": 1, "EventMessage": "录"}}


@pytest.fixture
def receiver() -> Iterator[WebhookServer]:
    """A webhook receiver answering 200."""
    server = WebhookServer()
    yield server
    server.close()


def play(
    receiver: WebhookServer,
    tmp_path: Path,
    story: Callable[[CallbackSender], Awaitable[None]] | None = None,
    *,
    types: tuple[int, ...] = (),
    rules: tuple[CallbackFault, ...] = (),
    drain_s: float = 60.0,
    **changes: Any,
) -> CallbackSender:
    """Send types or play a story, drain, close; the 5 s of a reply stay real unless a test changes them."""
    speed = changes.setdefault("speed", 100.0)
    changes.setdefault("timeout_s", 5.0 * speed)
    faults = Faults(FaultFile(faults=rules, seed=7))
    settings = CallbackSettings(endpoints={APP: CallbackEndpoint(receiver.url, KEY)}, faults=faults, **changes)

    async def run() -> CallbackSender:
        sender = CallbackSender(settings, tmp_path / "log" / "callbacks.jsonl")
        for event_type in types:
            sender.send(APP, event_type // 100, event_type, INFO)
        if story is not None:
            await story(sender)
        await sender.aclose(drain_s)
        return sender

    return asyncio.run(run())


def outcomes(sender: CallbackSender) -> list[tuple[int, str]]:
    """Return (attempt, outcome) of each line of the delivery log."""
    return [(delivery.attempt, delivery.outcome) for delivery in sender.log.read()]


def test_golden_signature() -> None:
    """The signature of the webhook document's example is the published one."""
    assert "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA=" == sign("123654", GOLDEN_BODY)


def test_envelope_headers_and_log(receiver: WebhookServer, tmp_path: Path) -> None:
    """A callback is one signed POST with the documented envelope and headers, and one line of the log."""
    sender = play(receiver, tmp_path, types=(801,))
    (callback,) = receiver.callbacks()
    assert {"EventGroupId", "EventType", "CallbackTs", "EventInfo"} == set(callback)
    assert (8, 801, INFO) == (callback["EventGroupId"], callback["EventType"], callback["EventInfo"])
    assert str(APP) == receiver.requests[0][1]["SdkAppId"]
    (line,) = sender.log.read()
    assert (1, "delivered", "200", "t/1", INFO) == (
        line.attempt, line.outcome, line.detail, line.task_id, line.event_info,
    )  # fmt: skip
    assert abs(line.time_ms - callback["CallbackTs"]) < 10_000


def test_a_refused_callback_is_tried_again_until_accepted(receiver: WebhookServer, tmp_path: Path) -> None:
    """Any status but 200 leads to one immediate retry, then to one each 10 s, each with its own CallbackTs."""
    receiver.statuses = [500, 204, 302]
    sender = play(receiver, tmp_path, types=(801,), speed=3.0, lifetime_s=600.0)
    times = [callback["CallbackTs"] for callback in receiver.callbacks()]
    assert [(1, "failed"), (2, "failed"), (3, "failed"), (4, "delivered")] == outcomes(sender)
    assert sorted(times) == times
    assert times[1] - next(sender.log.read()).time_ms < 3_000, "at once after the first answer, however late that came"
    assert times[2] - times[1] >= 3_200  # 10 s at a speed of 3, less the clock's grain
    assert len({request[1]["Sign"] for request in receiver.requests}) >= 3


def test_a_receiver_that_comes_back_gets_it(tmp_path: Path) -> None:
    """A receiver that is down at first and up within the minute gets the message."""
    down, up = WebhookServer(), WebhookServer()
    down.close()

    async def story(sender: CallbackSender) -> None:
        sender.send(APP, 8, 801, INFO)
        failed = 0
        while failed < 2:  # in the sender's own loop: the receiver is up before the third attempt
            failed = len(list(sender.log.read()))
            await asyncio.sleep(0)
        sender.settings.endpoints[APP] = CallbackEndpoint(up.url, KEY)

    with closing(up):
        sender = play(down, tmp_path, story, speed=10.0)
        assert [801] == up.types()
    assert [(1, "failed"), (2, "failed"), (3, "delivered")] == outcomes(sender)
    assert "ConnectError" == next(sender.log.read()).detail


def test_a_minute_without_success_is_a_loss(receiver: WebhookServer, tmp_path: Path) -> None:
    """A message older than a minute is lost for good, which the log says after all its attempts."""
    receiver.status = 500
    sender = play(receiver, tmp_path, types=(802,), speed=5.0)  # an answer of a busy machine takes a part of 10 s
    attempts = len(receiver.requests)
    assert 6 <= attempts <= 7  # at once, once more, and then at about 10, 20 … 50 s
    assert (attempts, "lost") == outcomes(sender)[-1]


def test_a_slow_answer_is_a_failure(receiver: WebhookServer, tmp_path: Path) -> None:
    """An answer after the limit of 5 s counts as none: the sender tries again."""
    receiver.delays_s = [0.6]
    sender = play(receiver, tmp_path, types=(801,), timeout_s=5.0, speed=20.0, lifetime_s=1200.0)
    first, *others = outcomes(sender)  # on a busy machine the second answer may be slow, too
    assert ((1, "failed"), "delivered") == (first, others[-1][1])
    assert "timeout" == next(sender.log.read()).detail


def test_documented_times_are_the_defaults() -> None:
    """Without changes: 5 s for an answer, a retry every 10 s, a life of 60 s, real time, no faults."""
    settings = CallbackSettings()
    times = (settings.timeout_s, settings.retry_every_s, settings.lifetime_s, settings.speed)
    assert (5.0, 10.0, 60.0, 1.0) == times
    assert [] == settings.faults.list()


def test_drop_and_duplicate_by_type(receiver: WebhookServer, tmp_path: Path) -> None:
    """A dropped type never arrives, a duplicated one arrives twice, `count` bounds a rule, others are untouched."""
    rules = (
        CallbackFault(do="drop", types=frozenset({310}), count=1),
        CallbackFault(do="duplicate", types=frozenset({801})),
    )
    sender = play(receiver, tmp_path, types=(310, 801, 310, 802), rules=rules)
    assert Counter({801: 2, 310: 1, 802: 1}) == Counter(receiver.types())
    assert (0, "dropped") in outcomes(sender)
    first, second = [callback for callback in receiver.callbacks() if callback["EventType"] == 801]
    assert first["EventInfo"] == second["EventInfo"]


def test_delay_and_reorder(receiver: WebhookServer, tmp_path: Path) -> None:
    """A reordered message arrives after the next one, a delayed one later still."""
    rules = (
        CallbackFault(do="reorder", types=frozenset({801}), seconds=6_000),
        CallbackFault(do="delay", types=frozenset({802}), seconds=600),
    )
    play(receiver, tmp_path, types=(802, 801, 803), rules=rules)
    assert [803, 801, 802] == receiver.types()


def test_a_reordered_message_alone_arrives(receiver: WebhookServer, tmp_path: Path) -> None:
    """Nothing overtakes the only message: it goes after its delay."""
    play(receiver, tmp_path, types=(801,), rules=(CallbackFault(do="reorder", seconds=5),))
    assert [801] == receiver.types()


def test_share(receiver: WebhookServer, tmp_path: Path) -> None:
    """A rule with a share of one half strikes some messages and spares others."""
    play(receiver, tmp_path, types=(801,) * 40, rules=(CallbackFault(do="drop", share=0.5),))
    assert 5 < len(receiver.requests) < 35


def test_resend_sends_what_was_lost(receiver: WebhookServer, tmp_path: Path) -> None:
    """A dropped message can be sent again from the log, with the same EventInfo."""

    async def story(sender: CallbackSender) -> None:
        sender.settings.faults.add(CallbackFault(do="drop"))
        sender.send(APP, 3, 310, INFO)
        await sender.drain(60)
        sender.settings.faults.clear()
        sender.resend(next(sender.log.read()))

    play(receiver, tmp_path, story)
    assert [INFO] == [callback["EventInfo"] for callback in receiver.callbacks()]


def test_closing_abandons_what_takes_too_long(receiver: WebhookServer, tmp_path: Path) -> None:
    """The end of the process waits for its bound only, and the log says what was not delivered."""
    receiver.status = 500
    sender = play(receiver, tmp_path, types=(801,), speed=1.0, drain_s=0.2)
    assert (0, "abandoned") == outcomes(sender)[-1]


def test_an_app_without_a_url_sends_nothing(receiver: WebhookServer, tmp_path: Path) -> None:
    """Without a configured URL there is no delivery, one line in the log and no retry."""

    async def story(sender: CallbackSender) -> None:
        sender.send(7, 8, 801, INFO)

    assert [(1, "unconfigured")] == outcomes(play(receiver, tmp_path, story))
    assert [] == receiver.requests


def test_the_log_survives_a_torn_line(receiver: WebhookServer, tmp_path: Path) -> None:
    """A line cut by a crash, or written by another version, is skipped."""
    sender = play(receiver, tmp_path, types=(801,))
    with sender.log.path.open("a") as file:
        file.write('{"time_ms": 1\n' + json.dumps({"other": 1}) + "\n")
    assert 1 == len(list(sender.log.read()))


def test_a_task_is_told_by_signed_webhooks(receiver: WebhookServer, tmp_path: Path) -> None:
    """Service, task and sender together: a whole recording reaches the receiver, each message well signed."""

    class Late:
        """Makes the sender within the service's event loop."""

        def __init__(self) -> None:
            self.sender: CallbackSender | None = None

        def send(self, *event: Any) -> None:
            if self.sender is None:
                endpoints = {APP: CallbackEndpoint(receiver.url, KEY)}
                self.sender = CallbackSender(CallbackSettings(endpoints), tmp_path / "callbacks.jsonl")
            self.sender.send(*event)

        async def drain(self, timeout_s: float) -> None:
            if self.sender is not None:
                await self.sender.aclose(timeout_s)

    with cloud(tmp_path, sender=Late()) as running:
        task_id = running.call("StartWebRecord", body())["TaskId"]
        until(lambda: 801 in receiver.types())
        running.call("StopWebRecord", {"TaskId": task_id})
        until(lambda: {801, 802, 310} == set(receiver.types()))
    assert {801, 802, 310} == set(receiver.types())


def test_the_log_moves_aside_and_is_read_on(tmp_path: Path) -> None:
    """A full log becomes `.1`; what it held is read first, and a reader that follows goes on in the new one."""
    log = DeliveryLog(tmp_path / "callbacks.jsonl", limit=2_000)
    offset, followed = 0, []
    for number in range(40):
        log.append(Delivery(number, str(number), APP, 8, 801, "t", 1, "delivered", "200", {}))
        found, offset = log.read_from(offset)
        followed += [delivery.time_ms for delivery in found]
    kept = [delivery.time_ms for delivery in log.read()]
    assert list(range(40)) == followed
    assert list(range(kept[0], 40)) == kept
    assert 0 < kept[0] < 35
    assert log.path.stat().st_size <= 2_500


def test_an_answer_without_end_is_hung_up_on(tmp_path: Path) -> None:
    """Its status counts; its body is nobody's to keep."""

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 65536)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Endless) as server:
        settings = CallbackSettings(endpoints={APP: CallbackEndpoint(server.url, KEY)})

        async def run() -> list[tuple[int, str]]:
            sender = CallbackSender(settings, tmp_path / "callbacks.jsonl")
            sender.send(APP, 8, 801, INFO)
            await sender.aclose(60)
            return outcomes(sender)

        assert [(1, "delivered")] == asyncio.run(run())
