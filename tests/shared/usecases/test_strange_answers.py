"""Whatever TRTC answers is a stranger's value: no word of it freezes a recording, and only a TaskId names a task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.document import decide
from shared.domain.errors import RecorderBusy, RecorderError
from shared.domain.facts import evidence_of_fact, read_fact, refused
from shared.domain.ids import NO_TASK, fact_name, is_task_id, task_key_of
from shared.domain.keys import document_key, recording_facts, task_facts
from shared.domain.listing import parse_query
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import Described, Started
from shared.store import journal
from shared.usecases.read import show
from shared.usecases.read_list import page
from testing.callbacks import callback, mp4_stop
from testing.trtc import Trtc
from tests.anything import json_values
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import HOOK, Site

FULL = "ResourceInsufficient.RequestRejection"
ODD: list[Any] = [None, "", 123, True, ["x"], {"a": 1}, "x\ud800", "\u00e9", "a b", "a\n", "x" * 5_000, "../x", "a/./b"]
ODD.append("_StartTimeMs_1234567890123")
VALUES = json_values(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.text(st.characters(exclude_categories=())),
    st.text(),
)


@dataclass
class Odd(Trtc):
    """TRTC, which starts each task and names it otherwise in its first answers."""

    starts: list[Any] = field(default_factory=list)
    """TaskIds of the first answers to StartWebRecord."""
    describes: list[Any] = field(default_factory=list)
    """Those to DescribeWebRecord by RecordId."""
    asked: list[str] = field(default_factory=list)

    def start(self, parameters: Mapping[str, Any]) -> Started:
        self.asked.append(str(parameters["RecordId"]))
        started = super().start(parameters)
        return started._replace(task_id=self.starts.pop(0)) if self.starts else started

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        described = super().describe(sdk_app_id, record_id)
        return described._replace(task_id=self.describes.pop(0)) if self.describes else described


def store_fact(site: Site, key: str, kind: str, **data: Any) -> str:
    """Store a fact byte by byte as a former release did; return its name."""
    body = json.dumps({"kind": kind, "at_ms": site.clock.now, **data}, sort_keys=True).encode()
    name = fact_name(site.clock.now, kind, body)
    site.store.put(f"{recording_facts(key)}{name}.json", body)
    return name


@given(VALUES, VALUES, VALUES)
@example("\ud83d", "\udc00", "\ud83d")
@example("x" * 9_000_000, "x" * 9_000_000, "x" * 9_000_000)
@example(None, None, None)
def test_an_error_of_trtcs_can_be_stored(code: Any, message: Any, request_id: Any) -> None:
    """Its texts are whole characters and no longer than a line, whatever came."""
    error = RecorderError(code, message, request_id)
    texts = [error.code, error.message, error.request_id or "", str(error)]
    assert texts == [text.encode().decode() for text in texts]
    assert max(map(len, texts)) < 5_000
    fact = refused(1, 0, error.code, error.message, error.request_id, final=False)
    assert fact == read_fact(fact.body)
    assert evidence_of_fact(fact).model_dump_json()


def completes(site: Site, task: str) -> None:
    """Let the task record and upload, and see the recording completed."""
    site.receive(callback(801, {"Status": 1}, site.clock.now, task))
    site.receive(callback(802, {"LeaveCode": 0}, site.clock.now + 10_000, task))
    site.receive(mp4_stop(0, site.clock.now + 20_000, end_ms=site.clock.now + 10_000, task=task))
    site.trtc.end(task)
    site.run_until_done()
    assert State.COMPLETED is site.recording().state


@pytest.mark.parametrize(
    "error",
    [
        refusal(FULL, "no room for \ud83d", "r"),
        refusal(f"{FULL}.\ud83d", "x", "r"),
        refusal(FULL, "x", "r\ud83d"),
        refusal(FULL, "x", 7),  # type: ignore[arg-type]  # whatever JSON holds
        RecorderBusy("Client\udc00", "\ud83d", answered=False),
    ],
    ids=["message", "code", "RequestId", "number", "unanswered"],
)
def test_half_a_character_in_a_refusal_freezes_nothing(error: RecorderError) -> None:
    """The recording waits, starts, is filmed and completed; its caller hears of it."""
    site = Site()
    site.trtc.refusals = [error]
    assert site.start("k1", NotifyUrl=HOOK).recording.state in (State.QUEUED, State.STARTING)
    reports = site.minutes(3)
    (task,) = site.trtc.recording
    completes(site, task)
    assert 0 == sum(report.failed for report in reports)
    assert 1 == len(site.inbox.taken)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_an_odd_task_id_is_no_task(odd: Any) -> None:
    """The start is unanswered: TRTC is asked again under the same RecordId, and the one task is found."""
    site = Site(trtc=Odd(starts=[odd], describes=[odd]))
    site.start("k1")
    site.start("k2")
    assert not site.recording().evidence.tasks
    site.minutes(3)
    recording = site.recording()
    assert [record_id for record_id in site.trtc.recording.values() if record_id.startswith("k1")] == ["k1-1"]
    assert site.trtc.known["k1-1"] == recording.task_id
    assert [task_key_of(recording.task_id or "")] == list(recording.evidence.tasks)
    ports = reading(site)
    assert ["k2", "k1"] == [one.recording_id for one in page(parse_query({}, site.clock.now), ports).recordings]
    assert "k1" == show("k1", ports)[0].recording_id


def test_the_same_record_id_is_asked_again() -> None:
    """Where TRTC does not know it either, as after an answer of somebody else's."""
    trtc = Odd(starts=[""])
    site = Site(trtc=trtc)
    site.start("k1")
    trtc.known.clear()
    trtc.recording.clear()
    site.minutes(3)
    assert ["k1-1", "k1-1"] == trtc.asked
    assert list(trtc.recording) == [site.recording().task_id]


def test_callbacks_of_nobody_complete_nothing() -> None:
    """An answer without a TaskId gives no recording the callbacks that name none."""
    site = Site(trtc=Odd(starts=["", ""]))
    for key in ("k1", "k2"):
        site.start(key)
    for body in (callback(801, {"Status": 1}, site.clock.now, ""), mp4_stop(0, site.clock.now, task="")):
        assert site.receive(body).recording is None
    site.minutes(3)
    assert [State.STARTING] * 2 == [site.recording(key).state for key in ("k1", "k2")]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_what_a_former_release_believed_is_finished(odd: Any) -> None:
    """Its facts name what can be no task, with halves of characters around it: the task is found and filmed."""
    site = Site()
    site.trtc.refusals = [RecorderBusy("ClientNetworkError", "x", answered=False)]
    site.start("k1", NotifyUrl=HOOK)
    names = [
        store_fact(site, "k1", "accepted", attempt=1, task_id=odd, request_id="r\ud83d"),
        store_fact(site, "k1", "gone", task_id=odd),
        store_fact(site, "k1", "unanswered", attempt=1, code="Client\ud83d", message="\udc00"),
    ]
    site.store.delete(document_key("k1"))
    site.minutes(3)
    (task,) = site.trtc.recording
    recording = site.recording()
    assert (task, [task_key_of(task)]) == (recording.task_id, list(recording.evidence.tasks))
    assert set(names) <= set(recording.evidence.facts)
    completes(site, task)
    assert show("k1", reading(site))[0].timeline


def test_a_document_with_a_task_without_a_name_is_decided_afresh() -> None:
    """A former release completed it by a callback of nobody; the next look finds what TRTC has."""
    site = Site()
    task = site.begin("k1")
    body = site.store.objects[document_key("k1")].body
    facts = {"began_ms": site.clock.now, "ended_ms": site.clock.now + 1, "task_id": ""}
    document = json.loads(body)
    document["evidence"]["tasks"] = {NO_TASK: facts}
    site.store.put(document_key("k1"), json.dumps(document).encode())
    site.store.put(f"{task_facts(NO_TASK)}{fact_name(0, '310', b'x')}.json", mp4_stop(0, site.clock.now, task=""))
    known = journal.find(site.store, "k1")
    assert (State.STARTING, [task_key_of(task)]) == (
        decide(known.accepted, known.evidence).state,
        [*known.evidence.tasks],
    )


@given(VALUES)
def test_a_task_id_is_a_part_of_a_key(value: Any) -> None:
    """What counts as one names a task of its own, in whole characters."""
    if is_task_id(value):
        assert (value, True) == (value.encode("ascii").decode(), task_key_of(value) != NO_TASK)


@pytest.mark.parametrize("real", ["-m7-LA*Q+/xYz.0=", "a//b", "/a", "x" * 300, "t_StartTimeMs_1234567890123"])
def test_what_trtc_may_give_is_a_task_id(real: str) -> None:
    """Base64 and its like: with slashes, signs and dots."""
    assert is_task_id(real)
