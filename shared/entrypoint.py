"""The frame of every handler: parse, build, run, reply or raise, and write one log line.

HTTP calls always get a reply. SCF retries asynchronous events (COS, timer) when we raise. So we raise only what a retry
can fix, and log and drop the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from shared import log, triggers
from shared.adapters.wire import INVOCATION, Deadline
from shared.built import SERVICE, VERSION
from shared.domain.errors import ConfigurationError, RecorderError, RequestError, WebRecordError
from shared.domain.periods import IN_FLIGHT_MS
from shared.http import replies
from shared.triggers import HttpRequest, HttpResponse, Trigger

Event = Mapping[str, Any]
Result = HttpResponse | dict[str, Any] | None
"""A reply to HTTP; what an Invoke gets back; nothing for an event."""
App = TypeVar("App")
Handler = Callable[[Event, Event], "dict[str, Any] | None"]

LONGEST_S = IN_FLIGHT_MS / 1000 - 1
"""The default limit of an invocation, seconds: no start attempt is in progress for longer."""
MARGIN_S = 1.0
"""Seconds of the function's time limit that are kept for the reply and the log line."""

_warm: set[str] = set()


def entrypoint(
    handle: Callable[[Trigger, App], Result],
    build: Callable[[], App],
    examine: Callable[[], dict[str, Any]] | None = None,
    dress: Callable[[App, HttpRequest, HttpResponse], HttpResponse] | None = None,
    *,
    within_s: float = LONGEST_S,
    deadline: Deadline = INVOCATION,
) -> Handler:
    """Make `main_handler(event, context)` of a function from a trigger to a reply.

    Args:
        handle: what the function does.
        build: returns what it works with; asked at every invocation.
        examine: answers `{"doctor": true}`, also where nothing can be built; None: nobody does.
        dress: what is done to every reply to HTTP, problems too.
        within_s: seconds that an invocation may take at most, if its time limit allows.
        deadline: bounds every call out.
    """

    def main_handler(event: Event, context: Event) -> dict[str, Any] | None:
        deadline.start(_budget_s(context, within_s))
        began = time.perf_counter()
        log.begin()
        function = str(context.get("function_name") or handle.__module__)
        request_id = str(context.get("request_id") or "")
        cold = function not in _warm
        log.note(service=SERVICE, version=VERSION, function=function, request_id=request_id, cold_start=cold)
        _warm.add(function)
        is_http = isinstance(event, Mapping) and "httpMethod" in event
        raised: Exception | None = None
        result: Result = None
        trigger: Trigger | None = None
        app: App | None = None
        try:
            trigger = triggers.parse(event)
            if isinstance(trigger, triggers.Doctor) and examine is not None:
                result = examine()
            else:
                app = build()
                result = handle(trigger, app)
        except Exception as error:  # noqa: BLE001 (the outermost edge: nothing may pass without a line)
            _note_error(error)
            if is_http:
                result = replies.problem(error, request_id)
            elif _worth_a_retry(error):
                raised = error
        if dress and app and isinstance(trigger, HttpRequest) and isinstance(result, HttpResponse):
            result = dress(app, trigger, result)
        _canonical_line(event, result if isinstance(result, HttpResponse) else None, raised, began)
        if raised is not None:
            raised.__cause__ = None  # SCF logs tracebacks as they are; a cause may quote what a request held
            raise raised
        return result.to_event() if isinstance(result, HttpResponse) else result

    from shared import cold_start  # not above: whoever imports this module need not be a function

    cold_start.imported()  # a function makes its handler last
    return main_handler


def _budget_s(context: Event, within_s: float) -> float:
    """Return what the invocation may take: what its context says, less a margin, where it says anything that can be."""
    limit_ms = context.get("time_limit_in_ms") if isinstance(context, Mapping) else None
    if isinstance(limit_ms, bool) or not isinstance(limit_ms, int | float) or not 0 < limit_ms < 1e9:
        return within_s
    return min(within_s, limit_ms / 1000 - min(MARGIN_S, limit_ms / 4000))


def _note_error(error: Exception) -> None:
    log.note(error=type(error).__name__, message=str(error))
    if isinstance(error, RecorderError):
        log.note(trtc_code=error.code, trtc_request_id=error.request_id)
    if not isinstance(error, WebRecordError):
        log.logger().error("unexpected_error", exc_info=error)


def _worth_a_retry(error: Exception) -> bool:
    if isinstance(error, ConfigurationError):
        return True  # the event is kept (retries, then the dead-letter queue) until the setting is mended
    return not isinstance(error, RequestError | triggers.UnknownTriggerError)


def _canonical_line(event: Event, response: HttpResponse | None, raised: Exception | None, began: float) -> None:
    if response is not None:
        log.note(status=response.status, method=event.get("httpMethod"), path=event.get("path"))
    failed = raised is not None or (response is not None and response.status >= 500)
    noted = log.noted()
    # What failed in the end outweighs what went well before it.
    outcome = "retry" if raised else noted.get("error") or noted.get("outcome") or "ok"
    log.note(outcome=outcome, duration_ms=round((time.perf_counter() - began) * 1000, 1))
    if "message" not in noted:
        about = f"{noted.get('method')} {noted.get('path')}: {response.status} " if response is not None else ""
        log.note(message=f"{about}{outcome}")
    write = log.logger().error if failed else log.logger().info
    write("http" if response is not None else "event")
