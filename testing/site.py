"""A big site on virtual time: callers, TRTC and its callbacks around the real start, stop, receive and tick.

Every call to the bucket and to TRTC is counted and takes its assumed time, and ticks have as many workers as they are
deployed with, so that a tick lasts as long as it would: its budget and its pacer act as they do in production. What the
rest of the site does meanwhile happens meanwhile.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import SecretStr

from shared.domain import keys
from shared.domain.document import decide
from shared.domain.ending import ends_ms
from shared.domain.errors import RecorderError
from shared.domain.notify_hosts import NotificationError
from shared.domain.request import RecordingRequest
from shared.domain.steps import Timing
from shared.ports import StoredObject
from shared.store import markers
from shared.store.journal import current, read
from shared.usecases.look import ReconcilePorts
from shared.usecases.pace import Pacer
from shared.usecases.receive import receive
from shared.usecases.start import start
from shared.usecases.stop import stop
from shared.usecases.tick import Report, tick
from testing.bucket import Bucket, Objects
from testing.callbacks import KEY, SDK_APP_ID, callback, signed
from testing.course import DAY_MS, Course, Did, Site, TickRow
from testing.functions import LIMITS_S
from testing.meter import Meter, MeteredRecorder, MeteredStore
from testing.parts import NOTIFY_URL, POLICY, PREFIX
from testing.receiver import NOTIFY_PATIENCE_MS
from testing.story import BEGAN, ENDED, Over, Put, Record, Story, Tell, Wait
from testing.timeline import Process, Timeline
from testing.trtc import Life, Trtc, Witness
from testing.workers import Workers

HANGS = "https://hangs.example.com/recordings"
AHEAD_MS = 600_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MIDDAY_MS = 1_799_971_200_000
"""A full hour: where the steady part of a run begins."""


class Simulation(Witness):
    """One run of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.chance = random.Random(site.seed)
        self.timeline = timeline = Timeline(MIDDAY_MS - round(site.mean_ms * 2) - MINUTE_MS)
        self.meter = Meter(timeline)
        self.bucket = Bucket(clock=timeline)
        self.trtc = Trtc(
            timeline=timeline, quota=site.quota, per_second=site.per_second, story=self._story, witness=self
        )
        self.ports = ReconcilePorts(
            MeteredStore(self.bucket, self.meter, site.store_ms),
            MeteredRecorder(self.trtc, self.meter, site.trtc_ms),
            POLICY._replace(max_attempts=3, start_within_s=3_600, notify_hosts=("*.example.com",)),
            timeline,
            notifier=self,
            timing=Timing(),
            sleep=timeline.sleep,
            pace=self._pacer(),
            pace_start=self._pacer(),
            pace_stop=self._pacer(),
        )
        self.lengths: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        self.delays: dict[str, int] = {}
        self.timed: dict[str, int] = {}
        """When recordings with a `stop_at` are to be stopped."""
        self.stops: list[int] = []
        self.ended: dict[str, int] = {}
        self.tellings: list[int] = []
        self.twice: list[str] = []
        self.rows: list[TickRow] = []

    def play(self) -> Course:
        """Fill the site, let it run, and tell what its ticks cost."""
        site, end_ms = self.site, MIDDAY_MS + self.site.minutes * MINUTE_MS
        self._fill()
        self._arrivals(end_ms)
        self._bury()
        self._ticks(site.minutes)
        accepted = {name for name in self.asked if keys.request_key(name) in self.bucket.objects}
        return Course(
            site,
            self.rows,
            self.meter.counts,
            self.meter.busiest(),
            accepted=len(accepted),
            states=Counter(current(self.bucket, name).state.value for name in accepted - self.delays.keys()),
            twice=len(self.twice),
            waits_s=[delay / 1000 for delay in self.delays.values()],
            stops_s=[delay / 1000 for delay in self.stops],
            tellings_s=[delay / 1000 for delay in self.tellings],
        )

    def one_finished(self, recording_id: str) -> dict[str, StoredObject]:
        """Return the objects of one recording of an hour that is over and forgotten by every tick."""
        self.timeline.run_until(MIDDAY_MS)
        self._arrive(MIDDAY_MS, recording_id, HOUR_MS)
        self._ticks(90)
        return dict(self.bucket.objects)

    # Ours

    def _pacer(self) -> Callable[[], None]:
        return Pacer(self.site.pace, lambda: self.timeline.now / 1000, self.timeline.sleep).wait

    def _ticks(self, minutes: int) -> None:
        """Let the timer fire every minute, and time pass until the last tick is over."""
        for minute in range(minutes):
            self.timeline.at(MIDDAY_MS + minute * MINUTE_MS, partial(self.timeline.spawn, self._tick))
        until_ms = MIDDAY_MS + (minutes - 1) * MINUTE_MS
        while len(self.rows) < minutes:
            self.timeline.run_until(until_ms)
            until_ms += 1_000

    def _tick(self) -> None:
        began_ms, process = self.timeline.now, Process(f"tick {self.timeline.now}")
        counts = self.meter.ticks[process] = Counter[str]()
        workers = Workers(self.timeline, self.site.threads)
        report = self.timeline.run(
            process, LIMITS_S["reconcile"], lambda: tick(self.ports, self.site.budget_s, workers.map)
        )
        open_marks = self.bucket.objects.folders.get("open", ()) if isinstance(self.bucket.objects, Objects) else ()
        left = sum(int(key[5:18]) <= began_ms for key in open_marks)
        open_now = len(self.trtc.recording)
        self.rows.append(TickRow(self.timeline.now - began_ms, Did.of(report or Report()), counts, left, open_now))

    def _start(self, recording_id: str, wishes: dict[str, Any]) -> None:
        request = RecordingRequest.model_validate({"RecordUrl": "https://example.com/class", **wishes})
        try:
            start(request, recording_id, "http:backend", self.ports)
        except RecorderError as error:
            raise AssertionError(f"{recording_id} was refused") from error

    def _deliver(self, body: bytes) -> None:
        headers = signed(body)
        receive(
            body,
            headers["Sign"],
            headers["SdkAppId"],
            self.timeline.now,
            store=self.ports.store,
            keys=[SecretStr(KEY)],
            sdk_app_ids=[SDK_APP_ID],
        )

    # The site

    def _at(self, ms: int, do: Callable[[], None]) -> None:
        self.timeline.at(ms, partial(self.timeline.spawn, do))

    def _length_ms(self) -> int:
        """A sixth to eleven sixths of the mean."""
        return round(self.site.mean_ms * self.chance.uniform(1 / 6, 11 / 6))

    def _fill(self) -> None:
        """Begin with the recordings that are open at an hour in the middle of such a day."""
        ages: list[tuple[int, int]] = []
        while len(ages) < self.site.open_at_once:
            # The longer a recording, the likelier it is open at that hour.
            length = self._length_ms()
            if self.chance.random() * self.site.mean_ms * 11 / 6 < length:
                ages.append((self.chance.randrange(length), length))
        for number, (age, length) in enumerate(ages):
            self._arrive(MIDDAY_MS - age, f"before-{number:06d}", length)
        self.timeline.run_until(MIDDAY_MS - 1)
        # Earlier ticks have looked at each of them, and left markers of its end and of the next question.
        for key in [item.key for item in self.bucket.list("open/")]:
            self.bucket.delete(key)
            known = read(self.bucket, key[19:])
            if known is not None and not decide(known.accepted, known.evidence).state.final:
                markers.mark_look(self.bucket, key[19:], ends_ms(known.accepted, known.evidence))
                markers.mark_question(self.bucket, key[19:], MIDDAY_MS, self.ports.timing.alive_every)
        for key in [item.key for item in self.bucket.list("tell/")]:
            self.bucket.delete(key)
        self.stops.clear()
        self.tellings.clear()
        self.meter.counts.clear()
        self.meter.seconds.clear()

    def _arrivals(self, end_ms: int) -> None:
        span_ms = end_ms - MIDDAY_MS
        for number in range(round(self.site.per_day * span_ms / DAY_MS)):
            at_ms = MIDDAY_MS + self.chance.randrange(span_ms)
            self._arrive(at_ms, f"steady-{number:06d}", self._length_ms())
        for hour_ms in range(MIDDAY_MS, end_ms, HOUR_MS) if self.site.burst else ():
            for number in range(self.site.burst):
                at_ms = hour_ms + round(self.chance.random() * self.site.burst_s * 1000)
                self._arrive(at_ms, f"burst-{(hour_ms - MIDDAY_MS) // HOUR_MS}-{number:06d}", self._length_ms())

    def _arrive(self, at_ms: int, recording_id: str, length_ms: int) -> None:
        self.lengths[recording_id], self.asked[recording_id] = length_ms, at_ms
        wishes: dict[str, Any] = {}
        ahead_ms = AHEAD_MS if self.chance.random() < self.site.scheduled and at_ms >= MIDDAY_MS + AHEAD_MS else 0
        if ahead_ms:
            wishes["StartAt"] = at_ms / 1000
        if self.chance.random() < self.site.timed:
            self.timed[recording_id] = at_ms + length_ms
            wishes["StopAt"] = (at_ms + length_ms) / 1000
        if self.chance.random() < self.site.told:
            wishes["NotifyUrl"] = HANGS if self.chance.random() < self.site.hanging else NOTIFY_URL
        self._at(at_ms - ahead_ms, partial(self._start, recording_id, wishes))

    def _bury(self) -> None:
        """Put the objects of finished recordings into the store: copies of one that really was recorded."""
        if not self.site.finished:
            return
        sample = Simulation(Site(per_day=24, open_at_once=0, minutes=60, silent=0.0))
        objects = sample.one_finished("sample")
        for number in range(self.site.finished):
            name = f"done-{number:08d}"
            for key, stored in objects.items():
                self.bucket.objects[key.replace("sample", name)] = stored

    # What TRTC does

    def _story(self, life: Life) -> Story:
        yield Wait(5_000)
        yield BEGAN
        began_ms, stop_ms = self.timeline.now, self.timed.get(life.recording_id)
        if stop_ms is None:
            self._at(began_ms + self.lengths[life.recording_id], partial(self._stop, life.recording_id))
        yield Record(DAY_MS)
        end_ms, name = self.timeline.now, f"{life.recording_id}.mp4"
        if stop_ms is not None:
            self.stops.append(max(0, end_ms - stop_ms))
        yield Over()
        yield Wait(500)
        yield ENDED
        yield Wait(2_000)
        yield Put(name)
        yield Wait(500)
        message = {"FileName": name, "StartTimeStamp": began_ms, "EndTimeStamp": end_ms}
        self.ended[life.recording_id] = self.timeline.now
        yield Tell(310, {"Status": 0, "FileList": [name], "FileMessage": [message]}, suffix=True)

    def _stop(self, recording_id: str) -> None:
        stop(recording_id, "asked by http:backend", self.ports)

    def began(self, life: Life) -> None:
        """Note how long it waited."""
        if life.recording_id in self.delays:
            self.twice.append(life.recording_id)
        self.delays[life.recording_id] = self.timeline.now - self.asked[life.recording_id]

    def tell(self, life: Life, event: Tell) -> None:
        """Send a callback, or not."""
        if self.chance.random() >= self.site.silent:
            suffix = f"_StartTimeMs_{life.asked_ms:013d}" if event.suffix else ""
            body = callback(event.type, event.payload, self.timeline.now, life.task_id + suffix)
            self.timeline.spawn(partial(self._deliver, body))

    # What receivers do

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        """Take a notification, or never answer."""
        if url == HANGS:
            self.meter.pass_by("hung", NOTIFY_PATIENCE_MS)
            raise NotificationError("no answer")
        self.meter.pass_by("told", 50)
        ended_ms = self.ended.get(json.loads(body)["data"]["recording_id"])
        if ended_ms is not None:
            self.tellings.append(self.timeline.now - ended_ms)

    def put(self, life: Life, file: Put) -> None:
        """Upload a file."""
        self.bucket.put(f"{(life.folder or '').removeprefix(f'{PREFIX}/')}/{file.name}", file.body)
