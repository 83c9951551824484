"""What one recording tells beyond its document: the recorder's words in the timeline, and the advice."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.advice import ADVICE, advice
from shared.domain.callbacks import parse_callback
from shared.domain.detail import timeline
from shared.domain.evidence import Evidence, fold
from shared.domain.facts import evidence_of_callback
from shared.domain.states import State
from testing.callbacks import callback


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
        ("Goto url error: net::ERR_ADDRESS_UNREACHABLE", "public internet"),
        ("Page load timeout", "notifyReady"),
        ("StartRecording error", "another key"),
        ("words that nobody knows", "reach the page"),
    ],
)
@pytest.mark.parametrize("begin", ["the page could not be recorded: ", "to be started again: "])
def test_advice_is_about_the_reason(begin: str, message: str, piece: str) -> None:
    """Each of Chrome's and of TRTC's words for a page that does not open has its own; only unknown ones share one."""
    if message.startswith("words") and begin.startswith("to be"):
        assert advice(State.QUEUED, begin + message) is None
    else:
        assert piece in (advice(State.FAILED, begin + message) or "")


def test_a_recorders_error_is_no_fault_of_the_page() -> None:
    """Chrome's exceptions lead to the page, others to the recorder."""
    given_up = "the recorder gave up: "
    assert "the page" in (advice(State.FAILED, f"{given_up}Chrome exception, exit task") or "")
    assert "its disk" in (advice(State.FAILED, f"{given_up}Recorder error, exit task: OSError: no") or "")


def test_advice_is_one_line() -> None:
    """Each fits a line of the console."""
    assert [] == [what for _, what in ADVICE if "\n" in what or len(what) > 200]
