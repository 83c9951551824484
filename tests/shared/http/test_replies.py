"""Replies: every error is a problem document (RFC 9457), and nothing foreign shows its inside."""

from __future__ import annotations

import inspect
import json

import pytest

from shared.domain import errors
from shared.domain.document import RecordedFile, Recording
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    Damaged,
    FieldError,
    InvalidRequest,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    NotStored,
    PageNotAllowed,
    ParametersRefused,
    RecorderBusy,
    RecorderError,
    RecorderMisconfigured,
    RepeatedHeader,
    ReplyTooLarge,
    StoreError,
    StoreRefused,
    TaskExists,
    TaskNotFound,
    TooLarge,
    Unauthorized,
    UnsupportedMediaType,
    WebRecordError,
)
from shared.domain.evidence import Evidence
from shared.domain.states import State
from shared.domain.wrongs import Wrong
from shared.http.replies import CHECK, problem, recording_reply
from shared.triggers import UnknownTriggerError

TRTC = ("FailedOperation.X", "TRTC's words", "trtc-request-1")
TABLE: list[tuple[Exception, int, str]] = [
    (MalformedJson("what to do"), 400, "malformed-json"),
    (RepeatedHeader("what to do"), 400, "repeated-header"),
    (ReplyTooLarge("what to do"), 413, "reply-too-large"),
    (ParametersRefused(*TRTC), 400, "parameters-refused"),
    (Unauthorized("what to do"), 401, "unauthorized"),
    (PageNotAllowed("what to do"), 403, "page-not-allowed"),
    (NotFound("what to do"), 404, "not-found"),
    (MethodNotAllowed(("GET", "HEAD")), 405, "method-not-allowed"),
    (Conflict("what to do"), 409, "conflict"),
    (TooLarge("what to do"), 413, "too-large"),
    (UnsupportedMediaType("what to do"), 415, "unsupported-media-type"),
    (InvalidRequest([FieldError("A.B", "is wrong"), FieldError("", "all is wrong")]), 422, "invalid-request"),
    (ConfigurationError("WEBRECORD_X is missing"), 500, "configuration"),
    (WebRecordError("what to do"), 500, "internal"),
    (UnknownTriggerError("no trigger"), 500, "internal"),
    (NotStored("what to do"), 500, "not-stored"),
    (RecorderMisconfigured(*TRTC), 502, "recorder-misconfigured"),
    (RecorderError(*TRTC), 502, "recorder"),
    (TaskExists(*TRTC), 502, "recorder"),
    (TaskNotFound(*TRTC), 502, "recorder"),
    (RecorderBusy(*TRTC, answered=True), 503, "recorder-busy"),
    (CallerMustRetry("what to do", 7), 503, "caller-must-retry"),
    (StoreError("what to do"), 503, "store"),
    (Damaged("what to do"), 500, "damaged"),
    (StoreRefused("PUT x", 403, "AccessDenied"), 503, "store"),
]
FOREIGN: list[Exception] = [
    RuntimeError("a secret inside"),
    KeyError("a secret inside"),
    ValueError("a secret inside"),
    OSError(5, "a secret inside"),
    Exception("a secret inside"),
]


def ids(error: object) -> str:
    """Name a case by its error."""
    return type(error).__name__ if isinstance(error, Exception) else ""


@pytest.mark.parametrize(("error", "status", "name"), TABLE, ids=ids)
def test_problem(error: Exception, status: int, name: str) -> None:
    """Each error has its status, type and words, in the members of RFC 9457, with the request id."""
    reply = problem(error, "request-1")
    body = json.loads(reply.body)
    assert status == reply.status == body["status"]
    assert f"urn:scf-webrecord:problem:{name}" == body["type"]
    detail = f"{error}; {CHECK}" if isinstance(error, RecorderMisconfigured) else str(error)
    assert ("request-1", detail) == (body["request_id"], body["detail"])
    assert body["title"]
    assert "application/problem+json; charset=utf-8" == reply.to_event()["headers"]["Content-Type"]


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("AuthFailure.SecretIdNotFound", "execution role"),
        ("UnauthorizedOperation", "attach the policy of docs/deploy-by-hand.md"),
        ("AuthFailure.UnauthorizedOperation", "attach the policy of docs/deploy-by-hand.md"),
        ("FailedOperation.NotAbility", "activate it in the TRTC console"),
        ("AuthFailure.New", "execution role"),
        ("Anything", "doctor"),
    ],
)
def test_a_deployment_that_trtc_refuses_has_a_next_step(code: str, step: str) -> None:
    """Behind TRTC's own words, by its code; the doctor where the code says nothing."""
    error = RecorderMisconfigured(code, "no", "r")
    said, _, advised = json.loads(problem(error, "request-1").body)["detail"].rpartition("; ")
    assert str(error) == said
    assert step in advised


@pytest.mark.parametrize(("error", "status", "name"), TABLE, ids=ids)
def test_members_and_headers(error: Exception, status: int, name: str) -> None:
    """A member or header stands where its error asks for it, and nowhere else."""
    reply = problem(error, "request-1")
    body = json.loads(reply.body)
    more = {"errors"} if status == 422 else {"trtc"} if isinstance(error, RecorderError) else set()
    assert {"type", "title", "status", "detail", "request_id"} | more == set(body)
    asked = {401: {"WWW-Authenticate"}, 405: {"Allow"}, 503: {"Retry-After"}}.get(status, set())
    assert {"Content-Type"} | asked == set(reply.headers), name


def test_every_error_has_a_row() -> None:
    """No error of the package is without a test of its reply."""
    ours = {cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, WebRecordError)}
    # The doctor alone meets an address that does not answer: it makes a finding of it, never a reply.
    assert {errors.RequestError, errors.UnreachableError} == ours - {type(error) for error, _, _ in TABLE}


@pytest.mark.parametrize("error", FOREIGN, ids=ids)
def test_foreign_error(error: Exception) -> None:
    """What is not ours is a 500 that says where to look, and nothing of its inside."""
    reply = problem(error, "request-1")
    assert 500 == reply.status
    assert "secret" not in reply.body
    assert "Error" not in reply.body
    assert "request-1" == json.loads(reply.body)["request_id"]


def test_cause_is_not_told() -> None:
    """Where our error came from stays in the log."""
    error = StoreError("the bucket did not answer")
    error.__cause__ = KeyError("a secret inside")
    assert "secret" not in problem(error, "request-1").body


def test_field_errors() -> None:
    """Every wrong field is told with its path, the code of what is wrong, and what the message names."""
    values = {"limit": "5"}
    expected = [
        {"path": "A.B", "message": "must be at most 5", "code": "at_most", "values": values},
        {"path": "", "message": "all is wrong", "code": "other"},
    ]
    error = InvalidRequest([Wrong("at_most", limit=5).at("A.B"), FieldError("", "all is wrong")])
    body = json.loads(problem(error, "request-1").body)
    assert expected == body["errors"]
    assert "A.B: must be at most 5; all is wrong" == body["detail"]


@pytest.mark.parametrize("request_id", ["trtc-request-1", None])
def test_trtc_in_its_own_words(request_id: str | None) -> None:
    """TRTC's code, message and RequestId are handed on, so that its support can be asked."""
    body = json.loads(problem(ParametersRefused("InvalidParameter.X", "录制参数", request_id), "request-1").body)
    assert {"code": "InvalidParameter.X", "message": "录制参数", "request_id": request_id} == body["trtc"]


def test_headers() -> None:
    """405 says what is allowed, 401 how to prove who calls, 503 when to come back."""
    assert "GET, HEAD" == problem(MethodNotAllowed(("GET", "HEAD")), "r").headers["Allow"]
    assert "Bearer" == problem(Unauthorized("x"), "r").headers["WWW-Authenticate"]
    assert "7" == problem(CallerMustRetry("x", 7), "r").headers["Retry-After"]
    assert "5" == problem(StoreError("x"), "r").headers["Retry-After"]


RECORDING = Recording(
    recording_id="lesson",
    state=State.COMPLETED,
    page_url="https://page.example/",
    storage="cos",
    format="mp4",
    created_ms=1,
    files=[RecordedFile(name="录.mp4", size=3)],
    source="http:me",
    evidence=Evidence(),
)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_recording_reply(status: int) -> None:
    """A recording is told without its evidence and without what is unknown."""
    expected = {
        "recording_id": "lesson", "state": "completed", "page_url": "https://page.example/", "storage": "cos",
        "format": "mp4", "created_ms": 1, "files": [{"name": "录.mp4", "size": 3}], "gaps": [], "source": "http:me",
    }  # fmt: skip
    reply = recording_reply(status, RECORDING)
    body = json.loads(reply.body)
    assert (status, expected) == (reply.status, {name: body[name] for name in expected})
    assert "evidence" not in body
    assert None not in body.values()
    assert ({"Location": "/recordings/lesson"} if status == 201 else {}) == reply.headers
