"""What one recording tells beyond its document: the recorder's words in the timeline, and the advice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import facts
from shared.domain.callback_says import evidence_of_callback
from shared.domain.callbacks import parse_callback
from shared.domain.detail import detail, timeline
from shared.domain.document import decide
from shared.domain.evidence import Evidence
from shared.domain.facts import evidence_of_fact, read_fact
from shared.domain.reasons import Code, former, of_page, of_recorder, of_trtc
from shared.domain.states import State
from shared.domain.words import words_of
from testing.callbacks import TASK, callback
from tests.shared.domain.folded import fold
from tests.shared.domain.test_document import ACCEPTED


def told(event_type: int, payload: dict[str, Any]) -> str:
    """Return the timeline's words for one callback."""
    (happening,) = timeline(
        fold([Evidence(), evidence_of_callback(parse_callback(callback(event_type, payload, 1_000)))])
    )
    return happening.text


@pytest.mark.parametrize(
    ("event_type", "status", "message", "words"),
    [
        (801, 1, "Success", "recording began"),
        (801, 1, "", "recording began"),
        (801, 1, "Success (the page answered 404)", "recording began: the page answered 404"),
        (801, 2, "Goto url timeout", "the page could not be recorded: Goto url timeout"),
        (801, 5, "Chrome exception, exit task", "the recorder gave up: Chrome exception, exit task"),
        (802, 1, "Success (no sound: why)", "recording ended: no sound: why"),
        (804, 1, "Over time limit", "a limit was reached: Over time limit"),
        (803, 1, "Page refresh", "the page was loaded again"),
    ],
)
def test_the_recorders_words_are_in_the_timeline(event_type: int, status: int, message: str, words: str) -> None:
    """They stand behind ours, unless they say no more than that it worked."""
    assert words == told(event_type, {"Status": status, "EventMessage": message})


@pytest.mark.parametrize("message", [None, 7, ["x"], {"a": 1}, "\ud800", "x" * 10_000])
def test_words_of_any_shape_are_bounded(message: object) -> None:
    """Whatever a stranger writes there, the timeline stays short and can be stored."""
    words = told(801, {"Status": 2, "EventMessage": message})
    assert words.startswith("the page could not be recorded")
    assert len(words.encode()) < 300


@pytest.mark.parametrize(
    ("message", "piece"),
    [
        ("Goto url error: net::ERR_ABORTED, the address is a download (video/mp4), not a page", "not of a file"),
        ("net::ERR_ABORTED", "not of a file"),
        ("Goto url error: net::ERR_ABORTED, the address answers 204", "204"),
        ("Goto url error: net::ERR_CERT_AUTHORITY_INVALID", "certificate"),
        ("Goto url error: net::ERR_CERT_DATE_INVALID", "certificate"),
        ("Goto url error: net::ERR_SSL_PROTOCOL_ERROR", "TLS"),
        ("Goto url timeout", "in time"),
        ("Goto url error: net::ERR_CONNECTION_TIMED_OUT", "in time"),
        ("Goto url error: net::ERR_TIMED_OUT", "in time"),
        ("Goto url error: net::ERR_INVALID_AUTH_CREDENTIALS", "password"),
        ("Goto url error: net::ERR_HTTP_RESPONSE_CODE_FAILURE, the address answers 401", "password"),
        ("Goto url error: net::ERR_HTTP_RESPONSE_CODE_FAILURE, the address answers 404", "private window"),
        ("Goto url error: net::ERR_UNEXPECTED_PROXY_AUTH", "proxy"),
        ("Goto url error: net::ERR_PROXY_CONNECTION_FAILED", "proxy"),
        ("Goto url error: net::ERR_TUNNEL_CONNECTION_FAILED", "proxy"),
        ("Goto url error: net::ERR_CONNECTION_REFUSED", "nothing listens"),
        ("Goto url error: net::ERR_NAME_NOT_RESOLVED", "spelling"),
        ("Goto url error: net::ERR_TOO_MANY_REDIRECTS", "circle"),
        ("Goto url error: net::ERR_EMPTY_RESPONSE", "broke off"),
        ("Goto url error: net::ERR_CONNECTION_RESET", "broke off"),
        ("Goto url error: net::ERR_UNSAFE_PORT", "ordinary port"),
        ("Goto url error: net::ERR_BLOCKED_BY_RESPONSE", "ordinary port"),
        ("Goto url error: net::ERR_UNSAFE_REDIRECT", "ordinary port"),
        ("Goto url error: net::ERR_INVALID_REDIRECT", "ordinary port"),
        ("Goto url error: net::ERR_CERTIFICATE_TRANSPARENCY_REQUIRED", "certificate"),
        ("Goto url error: net::ERR_TLS13_DOWNGRADE_DETECTED", "TLS"),
        ("Goto url error: net::ERR_DNS_MALFORMED_RESPONSE", "spelling"),
        ("Goto url error: net::ERR_DNS_TIMED_OUT", "spelling"),
        ("Goto url error: net::ERR_QUIC_PROTOCOL_ERROR", "broke off"),
        ("Goto url error: net::ERR_INVALID_RESPONSE", "broke off"),
        ("Goto url error: net::ERR_INVALID_CHUNKED_ENCODING", "broke off"),
        ("Goto url error: net::ERR_SOCKET_NOT_CONNECTED", "broke off"),
        ("Goto url error: net::ERR_ADDRESS_UNREACHABLE", "public internet"),
        ("Page load timeout", "notifyReady"),
        ("StartRecording error", "another key"),
        ("words that nobody knows", "reach the page"),
    ],
)
@pytest.mark.parametrize("attempts", [1, 2])
def test_advice_is_about_the_reason(attempts: int, message: str, piece: str) -> None:
    """Each of Chrome's and of TRTC's words for a page that does not open has its own; only unknown ones share one."""
    ends = [facts.attempted(1, 10), facts.accepted(1, 20, TASK, "q")]
    story = [*map(evidence_of_fact, ends), failed(801, {"Status": 2, "EventMessage": message})]
    told = detail(decide(ACCEPTED.model_copy(update={"max_attempts": attempts}), fold(story)))
    assert (State.FAILED if attempts == 1 else State.QUEUED) is told.state
    assert message in (told.reason or "")
    assert piece in (told.advice or "")
    assert told.reason_code is told.advice_code
    assert message.startswith("words") or told.reason_code is former(told.reason or "")


def failed(event_type: int, payload: dict[str, Any]) -> Evidence:
    """Return what one callback says."""
    return evidence_of_callback(parse_callback(callback(event_type, payload, 1_000)))


def test_a_recorders_error_is_no_fault_of_the_page() -> None:
    """Chrome's exceptions lead to the page, others to the recorder."""
    assert Code.RECORDER_GAVE_UP is of_recorder("Chrome exception, exit task")
    assert Code.RECORDER_ERROR is of_recorder("Recorder error, exit task: OSError: no")


@pytest.mark.parametrize(
    ("trtc_code", "code"),
    [
        ("AuthFailure.SignatureExpire", Code.TRTC_KEYS),
        ("AuthFailure.TokenFailure", Code.TRTC_KEYS),
        ("UnauthorizedOperation", Code.TRTC_PERMISSION),
        ("AuthFailure.UnauthorizedOperation", Code.TRTC_PERMISSION),
        ("UnauthorizedOperation.LimitExceeded", Code.TRTC_PERMISSION),
        ("FailedOperation.SdkAppIdNotUnderAppId", Code.TRTC_ACCOUNT),
        ("FailedOperation.NotAbility", Code.TRTC_NOT_ACTIVATED),
        ("InvalidParameterValue.RecordId", Code.TRTC_PARAMETER),
        ("RequestLimitExceeded.IPLimitExceeded", Code.TRTC_RATE),
        ("FailedOperation.RestrictedConcurrency", Code.TRTC_FULL),
        ("ResourceInsufficient.RequestRejection", Code.TRTC_FULL),
        ("ClientNetworkError", Code.TRTC_SILENT),
        ("InternalError.Unknown", Code.TRTC_ERROR),
        ("", Code.TRTC_ERROR),
    ],
)
def test_each_refusal_of_trtcs_has_a_code(trtc_code: str, code: Code) -> None:
    """By its family, as what it means for a person; the words of our own do not matter."""
    story = [facts.attempted(1, 10), facts.refused(1, 20, trtc_code, "the page answered", "q", final=True)]
    assert code is decide(ACCEPTED, fold(list(map(evidence_of_fact, story)))).reason_code


@given(st.text())
def test_any_words_have_a_code(words: str) -> None:
    """A stored sentence may be anybody's; so may be what the recorder says."""
    assert {former(words), of_page(words), of_recorder(words), of_trtc(words)} <= set(Code)


def test_what_was_given_up_is_read_as_any_release_stored_it() -> None:
    """A document without a code gets the one of its words; a fact with a code of a release to come says OTHER."""
    stored = {"gave_up": [7, "it could not be started in time: AuthFailure: no"]}
    assert (7, stored["gave_up"][1], Code.TRTC_KEYS) == Evidence.model_validate(stored).gave_up
    old = Evidence.model_validate({"attempts": {"1": {"unanswered": [7, "LimitExceeded: full: very"]}}})
    assert (7, "LimitExceeded", "full: very") == old.attempts["1"].unanswered
    known = evidence_of_fact(facts.gave_up(7, "why", Code.OWN_KEYS))
    assert known == Evidence.model_validate_json(known.model_dump_json())
    body = b'{"kind": "gave_up", "at_ms": 7, "why": "why", "code": "what_is_to_come"}'
    assert (7, "why", Code.OTHER) == evidence_of_fact(read_fact(body)).gave_up


def test_advice_is_one_line() -> None:
    """Each fits a line of the console."""
    assert [] == [what for what in words_of("advice").values() if "\n" in what or len(what) > 200]


def test_every_advice_is_about_a_reason() -> None:
    """A code of the table that no reason has would be read by nobody."""
    assert set() == set(words_of("advice")) - {code.value for code in Code}
