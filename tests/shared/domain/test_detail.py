"""What one recording tells beyond its document."""

from __future__ import annotations

from shared.domain import facts
from shared.domain.detail import detail, timeline
from shared.domain.document import decide
from shared.domain.evidence import Evidence, Filmed
from shared.domain.facts import Fact
from shared.domain.reasons import Code
from shared.domain.words import words_of
from testing.callbacks import TASK, callback
from tests.shared.domain.folded import fold
from tests.shared.domain.test_document import ACCEPTED, STARTED, evidence_of


def relay(status: int, ms: int) -> bytes:
    """Return event 401 about one address."""
    return callback(401, {"Url": "rtmp://live.example.com/live/key?txSecret=a", "Status": status, "ErrorMsg": ""}, ms)


def test_a_relay_that_failed_has_advice() -> None:
    """While the recording itself is well; and none once the relay runs again."""
    told = detail(decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, relay(4, 1_500)]])))
    assert "only after its support has enabled that" in (told.advice or "")
    assert "a relay failed" == told.timeline[-1].text
    again = [*STARTED, relay(4, 1_500), relay(2, 1_900)]
    assert detail(decide(ACCEPTED, fold([evidence_of(piece) for piece in again]))).advice is None


SENTENCE = "Chrome exception, exit task: words of another"
STATUSES = {
    303: (0, 1),
    304: (None,),
    305: (0, 1, 2),
    307: (None,),
    310: (0, 1, 2),
    311: (0, 1, 2),
    312: (0, 1),
    401: (0, 2, 4),
    801: (1, 2, 3, 4, 5),
    802: (0,),
    803: (1, 2, 3),
    804: (1,),
    999: (1,),
}


def everything() -> Evidence:
    """Return a recording to which everything happened that has words, each with some English of another's."""
    own: list[Fact | bytes] = [
        facts.attempted(1, 10),
        facts.unanswered(1, 20, "ClientNetworkError", SENTENCE),
        facts.refused(2, 30, "FailedOperation.RestrictedConcurrency", SENTENCE, None, final=False),
        facts.accepted(3, 40, TASK, "req-1"),
        facts.stop_requested(50, "asked by the backend of the school"),
        facts.gave_up(60, SENTENCE, Code.START_TOO_LATE),
        facts.stays(61),
        facts.changed(70, "recording"),
        facts.notified(80, "r1-1-recording", 1, None),
        facts.notified(90, "r1-1-completed", 1, f"hook.example.com: {SENTENCE}"),
        facts.notified(100, "r1-1-failed", 1, f"gone.example.com: {SENTENCE}", ended=True),
        facts.looked(110, TASK, {}, last=False),
        facts.looked(120, TASK, {}),
        facts.gone(130, TASK),
        facts.runs(135, TASK),
        facts.over(136, TASK),
        facts.filmed(TASK, Filmed(at_ms=140)),
    ]
    said = {"EventMessage": SENTENCE, "Errmsg": SENTENCE, "ErrorMsg": SENTENCE, "Url": "rtmp://live.example.com/a"}
    heard: list[Fact | bytes] = [
        callback(kind, said if status is None else {"Status": status, **said}, 1_000 + 10 * kind + (status or 0))
        for kind, statuses in STATUSES.items()
        for status in statuses
    ]
    return fold(
        [*[evidence_of(one) for one in [*own, *heard]], facts.unreadable(f"{150:013d}-looked-{0:016x}"), again()]
    )


def again() -> Evidence:
    """Return an attempt whose number a later one of the same number took."""
    return Evidence(facts={f"{160:013d}-attempt-{0:016x}": "attempt"})


def test_each_thing_that_happens_has_a_code_of_its_own() -> None:
    """Another language is made of code, own words and reason; the English text is the same said."""
    told = timeline(everything())
    assert set(words_of("event")) == {one.code for one in told}
    assert {"1"} == {one.said for one in told if one.code == "attempt"}
    about = {one.code: one.reason_code for one in told if one.reason_code}
    assert {
        "unanswered": Code.TRTC_SILENT,
        "refused": Code.TRTC_FULL,
        "gave_up": Code.START_TOO_LATE,
        "801.2": Code.PAGE_FAILED,
        "801.5": Code.RECORDER_GAVE_UP,
        "804": Code.ENDED_AT_LIMIT,
    } == about
    assert "callback 999.1" in [one.text for one in told]
    assert all(one.said in one.text for one in told if one.said)
