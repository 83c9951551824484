"""How TRTC sends: at once, again at once, every 10 s for a minute; some late, some twice, some never."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from testing.bucket import Bucket
from testing.callbacks import callback
from testing.ledger import Ledger
from testing.parts import PREFIX
from testing.scenario import Scenario
from testing.story import Put, Tell
from testing.timeline import Timeline
from testing.trtc import START_DELAY_MS, Life, Witness

AHEAD_MS = (5 * 60_000, 3_600_000, 23 * 3_600_000)
"""By how much the time of a wrong clock is later."""
BEHIND_MS = (10 * 60_000, 3_600_000, 23 * 3_600_000)
"""By how much it is earlier."""
RETRIES_MS = (0, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000)


class Sender:
    """Sends callbacks; `calm` from when on none is lost."""

    def __init__(
        self, timeline: Timeline, scenario: Scenario, ledger: Ledger, deliver: Callable[[bytes, str], int]
    ) -> None:
        self._timeline, self._scenario, self._ledger, self._deliver = timeline, scenario, ledger, deliver
        self.calm = False

    def witness(self, bucket: Bucket) -> Witness:
        """Return what hears of tasks, keeps it in the ledger, and sends and uploads."""
        return _Seen(self, bucket, self._ledger)

    def send(self, life: Life, event: Tell, number: int) -> None:
        """Send one callback, as TRTC does."""
        chance = self._scenario.stream(f"send {life.task_id} {number}")
        if chance.random() < self._scenario.settings.silence and not self.calm:
            said = {"task": life.task_id, "type": event.type, "payload": event.payload}
            self._ledger.note("trtc", "never sent", life.recording_id, **said)
            return
        happened_ms = self._timeline.now - event.ago_ms
        clock = self._scenario.stream(f"clock {life.task_id} {number}")
        if clock.random() < self._scenario.settings.ahead:
            happened_ms += clock.choice(AHEAD_MS)
        elif clock.random() < self._scenario.settings.behind:
            happened_ms -= clock.choice(BEHIND_MS)
        first_ms = self._timeline.now + chance.choice([0, 0, 500, 30_000])
        task = f"{life.task_id}_StartTimeMs_{life.asked_ms:013d}" if event.suffix else life.task_id
        body = partial(callback, event.type, event.payload, happened_ms, task)
        what = f"callback {event.type} {life.record_id}"
        for again in (False, True) if chance.random() < 0.2 else (False,):
            send = partial(self._try, lambda now_ms: body(sent_ms=now_ms), what, life.recording_id)
            self._timeline.at(first_ms + 1_000 * again, partial(self._timeline.spawn, send))

    def _try(self, body: Callable[[int], bytes], what: str, recording_id: str) -> None:
        for pause_ms in (*RETRIES_MS, None):
            now_ms = self._timeline.now
            sent = body(now_ms)
            status = self._deliver(sent, what)
            self._ledger.note("trtc", "callback", recording_id, status=status, body=sent, sent_ms=now_ms)
            if status == 200 or pause_ms is None:
                return
            self._timeline.wait_ms(pause_ms)


class _Seen(Witness):
    def __init__(self, sender: Sender, bucket: Bucket, ledger: Ledger) -> None:
        self._sender, self._bucket, self._ledger = sender, bucket, ledger
        self._told = 0

    def began(self, life: Life) -> None:
        self._ledger.note("trtc", "task began", life.recording_id, task=life.task_id)

    def over(self, life: Life) -> None:
        self._ledger.note("trtc", "task over", life.recording_id, task=life.task_id)

    def stopped(self, life: Life) -> None:
        limit_ms = life.asked_ms + START_DELAY_MS + life.limit_ms
        self._ledger.note("trtc", "stopped", life.recording_id, task=life.task_id, limit_ms=limit_ms)

    def tell(self, life: Life, event: Tell) -> None:
        self._told += 1
        self._sender.send(life, event, self._told)

    def put(self, life: Life, file: Put) -> None:
        folder = life.folder
        ours = folder is not None and folder.startswith(f"{PREFIX}/")
        if folder is not None and ours:
            self._bucket.put(f"{folder.removeprefix(f'{PREFIX}/')}/{file.name}", file.body)
        self._ledger.note("trtc", "file", life.recording_id, task=life.task_id, name=file.name, ours=ours)
