"""Each law catches a world, or code of ours, that breaks its promise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from shared.adapters.wire import Deadline
from shared.domain import keys
from shared.domain.errors import StoreError, TaskNotFound
from shared.ports import Described, Started, StoredObject
from shared.usecases.look import ReconcilePorts
from testing.bucket import Bucket
from testing.functions import Invoked
from testing.laws import LAWS, judge
from testing.parts import POLICY, SECOND_APP_ID, UPLOAD_KEY
from testing.ports import Calls
from testing.receiver import Receiver
from testing.run import Run
from testing.scenario import BEGIN_MS, Scenario, Settings, Step
from testing.story import Put
from testing.strikes import Strike
from testing.timeline import Timeline
from testing.trtc import Life, Trtc, Witness

pytestmark = pytest.mark.whole

HOUR_MS = 3_600_000
KIND = Settings(harshness=0.0, silence=0.0, uneven=False)


def begin(key: str, ms: int = 0, **fields: Any) -> Step:
    """A backend starts a recording."""
    body = {"RecordUrl": "https://example.com/", **fields}
    return Step(ms, "caller", "start", {"key": key, "body": body})


def plain(*steps: Step) -> Scenario:
    """A run in which nothing goes wrong by itself, and every task lives the plainest of stories."""
    names = [f"{step.args['key']}-{number}" for step in steps if "key" in step.args for number in (1, 2, 3)]
    return Scenario(1, KIND, list(steps), stories=dict.fromkeys(names, "plain"))


class Forgetful(Bucket):
    """A bucket that says it keeps requests and does not."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if not key.endswith("/request.json"):
            super().put(key, body, metadata)


class Tidy(Bucket):
    """A bucket that changes a byte of what it keeps."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        super().put(key, body.replace(b"\t", b" ") if key.startswith("tasks/") else body, metadata)


class LosesRequests(Run):
    def make_bucket(self) -> Bucket:
        return Forgetful(clock=self.timeline)


class ChangesCallbacks(Run):
    def make_bucket(self) -> Bucket:
        return Tidy(clock=self.timeline)


@dataclass
class Generous(Trtc):
    """TRTC that starts a task at every call, and denies that there was one before."""

    def start(self, parameters: Mapping[str, Any]) -> Started:
        self.known.pop(str(parameters["RecordId"]), None)
        return super().start(parameters)

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        raise TaskNotFound("FailedOperation.TaskNotExist", "no such task", "r")


class StartsTwice(Run):
    def make_trtc(self) -> Trtc:
        return Generous(timeline=self.timeline, story=self._story, witness=self.sender.witness(self.bucket))


class NeverTicks(Run):
    def tick(self) -> None:
        pass


class Liar(Witness):
    """Uploads nothing, and says that it did."""

    def __init__(self, inner: Witness) -> None:
        self.began, self.over, self.tell = inner.began, inner.over, inner.tell  # type: ignore[method-assign]

    def put(self, life: Life, file: Put) -> None:
        pass


class SaysItUploaded(Run):
    def make_trtc(self) -> Trtc:
        return Trtc(timeline=self.timeline, story=self._story, witness=Liar(self.sender.witness(self.bucket)))


class Regrets(Run):
    """Somebody removes the facts of what was completed."""

    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        for key in list(self.bucket.objects):
            if key.startswith("tasks/") or key.endswith("/recording.json") or "looked" in key:
                self.bucket.delete(key)
        return self


class Conceals(Run):
    """The document forgets what could not be uploaded."""

    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        key = keys.document_key("r0")
        body = self.bucket.objects[key].body
        self.bucket.put(key, body.replace(b'"failed_ms"', b'"x"').replace(b'"broken"', b'"y"'))
        return self


class Forges(Run):
    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        key = keys.document_key("r0")
        self.bucket.put(key, self.bucket.objects[key].body + b" ")
        return self


class Foresees(Run):
    """The end of what is recorded lies an hour ahead of its news."""

    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        key = keys.document_key("r0")
        document = json.loads(self.bucket.objects[key].body)
        for task in document["evidence"]["tasks"].values():
            task["ended_ms"] += HOUR_MS
        self.bucket.put(key, json.dumps(document).encode())
        return self


@dataclass
class Deaf(Receiver):
    """Answers well, and hears nothing."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        pass


class TellsNobody(Run):
    def make_receiver(self) -> Receiver:
        return Deaf(self.ledger, self.scenario.stream("receiver"))


class Hurries(Run):
    """Reconcile without its pace."""

    def change_ports(self, ports: ReconcilePorts) -> ReconcilePorts:
        return replace(ports, pace=lambda: None, pace_start=lambda: None)


class Careless(Bucket):
    """A bucket that loses what is damaged, and the document that tells of it."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if body == b"damaged":
            self.delete_many([key, keys.document_key("y0")])
        else:
            super().put(key, body, metadata)


class LosesTrack(Run):
    def make_bucket(self) -> Bucket:
        return Careless(clock=self.timeline)


class Hoarding(Bucket):
    """A bucket that deletes one object at a time only."""

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys[:1]:
            self.delete(key)


class KeepsTheRest(Run):
    def make_bucket(self) -> Bucket:
        return Hoarding(clock=self.timeline)


class Graveless(Bucket):
    """A bucket that keeps no tombstone."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if not key.startswith("gone/"):
            super().put(key, body, metadata)


class ForgetsTheDead(Run):
    def make_bucket(self) -> Bucket:
        return Graveless(clock=self.timeline)


class Wakeful(Bucket):
    """A bucket that keeps wakes, whoever deletes them."""

    def delete(self, key: str) -> None:
        if not key.startswith("wake/"):
            super().delete(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        super().delete_many([key for key in keys if not key.startswith("wake/")])


class KeepsWakes(Run):
    def make_bucket(self) -> Bucket:
        return Wakeful(clock=self.timeline)


class LosesFilmFacts(Bucket):
    """A bucket that takes no fact about films."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if "-film-" in key:
            raise StoreError("COS PUT")
        super().put(key, body, metadata)


class NeverLooksIntoFilms(Run):
    def make_bucket(self) -> Bucket:
        return LosesFilmFacts(clock=self.timeline)


class Mixes(Bucket):
    """A bucket that does not mind If-Match."""

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        return super().part(key, offset, length, etag and self.objects[key].etag)


class ReadsAnother(Run):
    def make_bucket(self) -> Bucket:
        return Mixes(clock=self.timeline)


class Chatty(Bucket):
    """A bucket that notes a key in what it keeps; errors are redacted before they could."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        super().put(key, body + UPLOAD_KEY.encode() if key.startswith("tasks/") else body, metadata)


class Leaks(Run):
    def make_bucket(self) -> Bucket:
        return Chatty(clock=self.timeline)


class Oblivious(Bucket):
    """A bucket that for an hour hands out no document that says `completed`."""

    def get(self, key: str) -> StoredObject | None:
        stored = super().get(key)
        over = self.clock() > BEGIN_MS + HOUR_MS
        return stored if over or not stored or b'"state": "completed"' not in stored.body else None


class ForgetsTheEnd(Run):
    def make_bucket(self) -> Bucket:
        return Oblivious(clock=self.timeline)


class Dozes(Run):
    """Its ticks do nothing for a quarter of an hour."""

    def let_tick(self, invoked: Invoked) -> None:
        if self.timeline.now > BEGIN_MS + 900_000:
            super().let_tick(invoked)


class Confuses(Run):
    """A document names the task of another recording."""

    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        task = {life.recording_id: life.task_id.encode() for life in self.trtc.taken}
        key = keys.document_key("r0")
        self.bucket.put(key, self.bucket.objects[key].body.replace(task["r0"], task["r1"]))
        return self


class Tardy(Witness):
    """Says at once that a file is uploaded, and uploads it twenty minutes later."""

    def __init__(self, inner: Witness, timeline: Timeline) -> None:
        self.began, self.over, self.tell = inner.began, inner.over, inner.tell  # type: ignore[method-assign]
        self._inner, self._timeline = inner, timeline

    def put(self, life: Life, file: Put) -> None:
        self._timeline.at(self._timeline.now + 1_200_000, lambda: self._inner.put(life, file))


class UploadsLate(Run):
    def make_trtc(self) -> Trtc:
        witness = Tardy(self.sender.witness(self.bucket), self.timeline)
        return Trtc(timeline=self.timeline, story=self._story, witness=witness)


class Stubborn(Run):
    """Its functions never hear of another policy."""

    def make_invoked(self, calls: Calls, deadline: Deadline) -> Invoked:
        self.policy = self.policy._replace(allowed_hosts=(), sdk_app_ids=POLICY.sdk_app_ids)
        return super().make_invoked(calls, deadline)


class Excuses(Run):
    """A document says another reason."""

    def play(self, *, whole: bool = True) -> Run:
        super().play(whole=whole)
        key = keys.document_key("a0")
        stored = self.bucket.objects[key]
        self.bucket.put(key, stored.body.replace(b'"not_allowed"', b'"start_too_late"'))
        return self


class NeverHears(Run):
    """Its functions never hear of another token."""

    def make_invoked(self, calls: Calls, deadline: Deadline) -> Invoked:
        tokens, self.tokens = self.tokens, [1]
        try:
            return super().make_invoked(calls, deadline)
        finally:
            self.tokens = tokens


class BeginsAnew(Run):
    """Each token has a bucket of its own."""

    def play(self, *, whole: bool = True) -> Run:
        return super().play(whole=False)  # what began under the other token never ends

    def make_invoked(self, calls: Calls, deadline: Deadline) -> Invoked:
        bucket = self.bucket
        self.bucket = bucket if 1 in self.tokens else Bucket(clock=self.timeline)
        try:
            return super().make_invoked(calls, deadline)
        finally:
            self.bucket = bucket


@dataclass
class Denies(Trtc):
    """TRTC that knows no task by its TaskId."""

    def describe_task(self, task_id: str) -> Described:
        raise TaskNotFound("FailedOperation.TaskNotExist", "no such task", "r")


class Believes(Run):
    def make_trtc(self) -> Trtc:
        return Denies(timeline=self.timeline, story=self._story, witness=self.sender.witness(self.bucket))


class Hastens(Run):
    """The clock of reconcile is eleven hours ahead."""

    def change_ports(self, ports: ReconcilePorts) -> ReconcilePorts:
        return replace(ports, clock=lambda: self.timeline.now + 11 * HOUR_MS)


ONE = plain(begin("r0"))
ROTATED = plain(
    begin("t0"),
    Step(60_000, "operator", "tokens", {"numbers": [2]}),
    Step(70_000, "caller", "read", {"key": "t0", "token": 1}),
    Step(80_000, "caller", "read", {"key": "t0"}),
    begin("t0", 90_000),
)
APART = plain(
    begin("a0", SdkAppId=SECOND_APP_ID, StartAt=1_800_000_600),
    Step(60_000, "operator", "take away", {"sdk_app_id": SECOND_APP_ID}),
)
STOPPED = replace(plain(begin("r0", StopAt=1_800_000_600)), stories={"r0-1": "long"})
FORBIDDEN = plain(begin("o0", StartAt=1_800_000_600), Step(60_000, "operator", "forbid", {"hosts": ["*.example.net"]}))
JOB = plain(Step(0, "bucket", "job", {"name": "jobs/j.json", "lines": [{"RecordUrl": "https://example.com/"}] * 2}))
DELETED = plain(begin("d0"), Step(9_000_000, "caller", "delete", {"key": "d0"}), begin("d0", 10_000_000))
DEATHS = [replace(ONE, strikes=[Strike("start r0 #1", number, "", "die after")]) for number in range(12)]
MANY = plain(*(begin(f"r{number}") for number in range(20)))
MANY = replace(MANY, stories={f"r{number}-1": "silent" for number in range(20)})
"""Twice as many as a tick may ask about in a second."""
REPLACED = plain(begin("r0"), Step(1, "stranger", "replace", {"key": "r0"}))
SPOILT = plain(
    begin("y0"),
    Step(1_200_000, "stranger", "spoil", {"key": "y0", "parts": ["facts"], "gone": [], "body": "damaged"}),
    Step(1_201_000, "operator", "replay", {"keys": ["y0"]}),
    begin("y0", 1_260_000),
)
MUTANTS: dict[str, tuple[Callable[[Scenario], Run], list[Scenario]]] = {
    "films are looked into": (NeverLooksIntoFilms, [ONE]),
    "a check is of one object": (ReadsAnother, [REPLACED]),
    "acknowledged requests are kept": (LosesRequests, [ONE]),
    "acknowledged callbacks are kept": (ChangesCallbacks, [ONE]),
    "one task per recording": (StartsTwice, DEATHS),
    "what is over is not begun anew": (LosesTrack, [SPOILT]),
    "every recording ends": (NeverTicks, [plain(begin("r0", StartAt=1_800_000_600))]),
    "states are true": (SaysItUploaded, [ONE]),
    "what was told completed is never opened": (ForgetsTheEnd, [replace(ONE, stories={"r0-1": "late hold"})]),
    "completed is never taken back": (Regrets, [ONE]),
    "parts are there or told missing": (Conceals, [replace(ONE, stories={"r0-1": "failed part"})]),
    "documents can be rebuilt": (Forges, [ONE]),
    "times are past": (Foresees, [ONE]),
    "callers are told": (TellsNobody, [ONE]),
    "deleted is deleted": (KeepsTheRest, [DELETED]),
    "an id is used once": (ForgetsTheDead, [DELETED]),
    "ticks keep to the rate": (Hurries, [MANY]),
    "wakes pass": (KeepsWakes, [ONE]),
    "starts are punctual": (Dozes, [plain(begin("r0", StartAt=1_800_000_060))]),
    "stops are punctual": (Dozes, [STOPPED]),
    "no task is cut short": (Hastens, [replace(ONE, stories={"r0-1": "long"})]),
    "nobody is told the end of what records": (Believes, [replace(ONE, stories={"r0-1": "told uploaded early"})]),
    "no film of another": (Confuses, [plain(begin("r0"), begin("r1"))]),
    "completed covers the end": (UploadsLate, [ONE]),
    "what is forbidden does not start": (Stubborn, [FORBIDDEN, APART]),
    "what is forbidden is given up": (Excuses, [APART]),
    "every line is accepted or reported": (LosesRequests, [JOB]),
    "only deployed tokens open": (NeverHears, [ROTATED]),
    "a new token finds what an old one began": (BeginsAnew, [ROTATED]),
    "secrets stay secret": (Leaks, [ONE]),
}


@cache
def broken(scenario: str) -> dict[str, list[str]]:
    """Return what the run as it is breaks, of each law."""
    return judge(Run(Scenario.from_json(scenario)).play())


@pytest.mark.parametrize("name", LAWS)
def test_a_law_catches_what_breaks_it(name: str) -> None:
    """The law is broken in the mutant, and by nothing in the run as it is."""
    mutant, scenarios = MUTANTS[name]
    assert [] == [line for scenario in scenarios for line in broken(scenario.to_json())[name]]
    assert any(judge(mutant(scenario).play())[name] for scenario in scenarios)
