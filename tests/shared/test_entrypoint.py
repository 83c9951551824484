"""The edge of every function: a reply or a raise, and exactly one canonical line."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from shared import log
from shared.adapters.wire import Deadline
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    MalformedJson,
    NotFound,
    RecorderBusy,
    RecorderMisconfigured,
    StoreError,
)
from shared.entrypoint import Handler, entrypoint
from shared.triggers import CosEvent, HttpRequest, HttpResponse, Tick, Trigger
from tests.events import load

_names = (f"function-{number}" for number in count())


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    log.begin()


def context(function: str | None = None) -> dict[str, Any]:
    """Return a context as SCF gives it; a function that has never run unless named."""
    return {"function_name": function or next(_names), "request_id": "request-1", "environment": '{"KEY":"hunter2"}'}


@pytest.mark.parametrize(
    ("limit_ms", "expected"),
    [
        (30_000, 29.0), (5_000, 4.0), (900_000, 29.0), (1_000, 0.75), (10_000.0, 9.0),
        (None, 29.0), ("30000", 29.0), (True, 29.0), (-1, 29.0), (0, 29.0), (float("nan"), 29.0), (10**30, 29.0),
        ([], 29.0),
    ],
)  # fmt: skip
def test_the_invocation_has_a_budget(limit_ms: object, expected: float) -> None:
    """What the context says, less a margin; where it says nothing that can be, or more than is ever needed, 29 s."""
    deadline = Deadline(clock=lambda: 0.0)
    left: list[float] = []
    handler = entrypoint(lambda _trigger, _app: left.append(deadline.left_s()), lambda: None, deadline=deadline)
    handler(load("timer"), {**context(), "time_limit_in_ms": limit_ms})
    assert [expected] == left


Handle = Callable[[Trigger], HttpResponse | None]


def wrapped(handle: Handle) -> Handler:
    """Return `main_handler` of a function that needs nothing."""
    return entrypoint(lambda trigger, _app: handle(trigger), lambda: None)


def raising(error: Exception) -> Handle:
    """Return a handler that fails."""

    def handle(_trigger: Trigger) -> HttpResponse | None:
        raise error

    return handle


def replying(response: HttpResponse | None, **fields: object) -> Handle:
    """Return a handler that notes fields and replies."""

    def handle(_trigger: Trigger) -> HttpResponse | None:
        log.note(**fields)
        return response

    return handle


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return what was logged since the last call, as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_reply(lines: Lines) -> None:
    """A reply goes to SCF in its shape, and one line tells the whole invocation."""
    where = context()
    reply = wrapped(replying(HttpResponse(201, "{}"), recording_id="lesson"))(load("function_url_start"), where)
    assert HttpResponse(201, "{}").to_event() == reply
    (line,) = lines()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp")
    expected = {
        "event": "http", "level": "info", "outcome": "ok", "status": 201, "method": "POST", "path": "/recordings",
        "function": where["function_name"], "request_id": "request-1", "cold_start": True, "recording_id": "lesson",
        "service": "scf-webrecord", "version": "source", "message": "POST /recordings: 201 ok",
    }  # fmt: skip
    assert expected == line


@pytest.mark.parametrize(
    ("event", "kind"),
    [("function_url_start", HttpRequest), ("cos_object_created", CosEvent), ("timer", Tick)],
)
def test_handler_gets_the_trigger(event: str, kind: type[object], lines: Lines) -> None:
    """The handler is called once, with the parsed trigger."""
    seen: list[Trigger] = []
    wrapped(seen.append)(load(event), context())
    assert [kind] == [type(trigger) for trigger in seen]
    assert 1 == len(lines())


def test_async_event(lines: Lines) -> None:
    """An asynchronous event has no reply; its line has an outcome all the same."""
    assert wrapped(replying(None))(load("timer"), context()) is None
    (line,) = lines()
    assert ("event", "info", "ok") == (line["event"], line["level"], line["outcome"])
    assert not {"status", "method", "path"} & set(line)


def test_cold_start(lines: Lines) -> None:
    """The first invocation of a function on an instance is cold, every later one is not."""
    where = context()
    main_handler = wrapped(replying(None))
    for _ in range(3):
        main_handler(load("timer"), where)
    assert [True, False, False] == [line["cold_start"] for line in lines()]


def test_cold_start_that_failed(lines: Lines) -> None:
    """A failed first invocation was the cold one."""
    where = context()
    main_handler = wrapped(raising(NotFound("gone")))
    main_handler(load("function_url_start"), where)
    main_handler(load("function_url_start"), where)
    assert [True, False] == [line["cold_start"] for line in lines()]


def test_nothing_is_left_over(lines: Lines) -> None:
    """What one invocation noted is not in the next one's line."""
    wrapped(replying(None, recording_id="lesson", outcome="stored"))(load("timer"), context())
    wrapped(replying(None))(load("timer"), context())
    first, second = lines()
    assert ("lesson", "stored") == (first["recording_id"], first["outcome"])
    assert ("ok", False) == (second["outcome"], "recording_id" in second)


@pytest.mark.parametrize(
    ("error", "status", "level"),
    [
        (NotFound("gone"), 404, "info"),
        (InvalidRequest([]), 422, "info"),
        (ConfigurationError("WEBRECORD_X is missing"), 500, "error"),
        (RecorderMisconfigured("FailedOperation.NotAbility", "not bought", "trtc-1"), 502, "error"),
        (CallerMustRetry("later", 5), 503, "error"),
        (StoreError("no answer"), 503, "error"),
    ],
)
def test_http_error(error: Exception, status: int, level: str, lines: Lines) -> None:
    """An error of an HTTP call is a reply; the caller's fault is no error of ours in the log."""
    reply = wrapped(raising(error))(load("function_url_start"), context())
    assert reply is not None
    assert (status, "request-1") == (reply["statusCode"], json.loads(reply["body"])["request_id"])
    (line,) = lines()
    name = type(error).__name__
    assert ("http", level, name, name, status) == (
        line["event"], line["level"], line["outcome"], line["error"], line["status"],
    )  # fmt: skip


def test_trtc_error_is_traceable(lines: Lines) -> None:
    """The line of a refusal of TRTC's has its code and RequestId."""
    wrapped(raising(RecorderMisconfigured("AuthFailure.X", "no", "trtc-1")))(load("function_url_start"), context())
    (line,) = lines()
    assert ("AuthFailure.X", "trtc-1") == (line["trtc_code"], line["trtc_request_id"])


def test_foreign_error(lines: Lines) -> None:
    """An exception that is not ours is a 500 without its text; log has the traceback and still one canonical line."""
    reply = wrapped(raising(KeyError("inside-text")))(load("function_url_start"), context())
    assert reply is not None
    assert 500 == reply["statusCode"]
    assert "inside-text" not in reply["body"]
    assert "KeyError" not in reply["body"]
    unexpected, line = lines()
    assert "inside-text" in unexpected["exception"]
    assert ("unexpected_error", "request-1") == (unexpected["event"], unexpected["request_id"])
    assert ("http", "error", "KeyError") == (line["event"], line["level"], line["outcome"])


def test_malformed_body(lines: Lines) -> None:
    """What the parser refuses is a reply too."""
    reply = wrapped(replying(None))({"httpMethod": "POST", "body": "?", "isBase64Encoded": True}, context())
    assert reply is not None
    assert 400 == reply["statusCode"]
    assert [MalformedJson.__name__] == [line["outcome"] for line in lines()]


@pytest.mark.parametrize("error", [MalformedJson("no JSON"), InvalidRequest([]), Conflict("taken"), NotFound("gone")])
@pytest.mark.parametrize("event", ["cos_object_created", "timer"])
def test_permanent_error_of_an_async_event(error: Exception, event: str, lines: Lines) -> None:
    """What never will succeed is logged and dropped: raising would only have it tried again."""
    assert wrapped(raising(error))(load(event), context()) is None
    (line,) = lines()
    assert ("event", "info", type(error).__name__, str(error)) == (
        line["event"], line["level"], line["outcome"], line["message"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        StoreError("no answer"),
        CallerMustRetry("later", 5),
        RecorderBusy("InternalError", "again", None, answered=True),
        ConfigurationError("WEBRECORD_X is missing"),
    ],
)
def test_transient_error_of_an_async_event(error: Exception, lines: Lines) -> None:
    """What a retry can mend is raised, so that SCF keeps the event and tries again."""
    with pytest.raises(type(error)) as raised:
        wrapped(raising(error))(load("cos_object_created"), context())
    assert error is raised.value
    (line,) = lines()
    assert ("error", "retry", type(error).__name__) == (line["level"], line["outcome"], line["error"])


def test_foreign_error_of_an_async_event(lines: Lines) -> None:
    """A bug is raised: the event is kept until it is mended."""
    with pytest.raises(ZeroDivisionError):
        wrapped(raising(ZeroDivisionError("bug")))(load("timer"), context())
    unexpected, line = lines()
    assert ("unexpected_error", "retry") == (unexpected["event"], line["outcome"])


def test_raised_error_hides_its_cause() -> None:
    """SCF logs tracebacks as they are, so what caused our error, which may quote a request, is not in it."""

    def handle(_trigger: Trigger) -> HttpResponse | None:
        try:
            int("Authorization: hunter2")
        except ValueError as error:
            raise StoreError("no answer") from error
        return None

    with pytest.raises(StoreError) as raised:
        wrapped(handle)(load("timer"), context())
    assert "hunter2" not in "".join(traceback.format_exception(raised.type, raised.value, raised.tb))


@pytest.mark.parametrize("event", [{}, {"hello": "world"}, [], None, 5, "httpMethod"])
def test_unknown_event(event: Any, lines: Lines) -> None:
    """An event of no trigger, any JSON, is logged and dropped."""
    assert wrapped(replying(None))(event, context()) is None
    assert ["UnknownTriggerError"] == [line["outcome"] for line in lines()]


def test_failure_outweighs_an_earlier_success(lines: Lines) -> None:
    """An outcome that was noted before the failure is not the invocation's."""

    def handle(_trigger: Trigger) -> HttpResponse | None:
        log.note(outcome="job_started")
        raise StoreError("no answer")

    with pytest.raises(StoreError):
        wrapped(handle)(load("cos_several_records"), context())
    wrapped(handle)(load("function_url_start"), context())
    assert ["retry", "StoreError"] == [line["outcome"] for line in lines()]


def test_secrets_of_the_event_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the event's signed material nor the context's environment reaches the log."""
    for event in ("function_url_start", "api_gateway_get", "cos_object_created"):
        wrapped(replying(None))(load(event), context())
        wrapped(raising(NotFound("gone")))(load(event), context())
    out = capsys.readouterr().out
    for secret in ("0123456789abcdef", "q-signature", "hunter2", "abdcdxxxxxxxsdfs"):
        assert secret not in out


def test_path_is_cleaned(lines: Lines) -> None:
    """A path is logged through the same redaction as everything else."""
    log.hide(["path-secret-value"])
    event = {"httpMethod": "GET", "path": "/recordings/path-secret-value"}
    wrapped(replying(HttpResponse(200)))(event, context())
    assert [f"/recordings/{log.REDACTED}"] == [line["path"] for line in lines()]
