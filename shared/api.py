"""The HTTP API of the recordings function: who calls, which route, what it replies."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from pydantic import SecretStr

from shared import log, replies
from shared.domain import identity
from shared.domain.errors import MethodNotAllowed, NotFound, TooLarge, Unauthorized, UnsupportedMediaType
from shared.domain.recording import Recording
from shared.domain.states import State
from shared.triggers import HttpRequest, HttpResponse
from shared.usecases.jobs import parse_request
from shared.usecases.start import Ports, current, start
from shared.usecases.stop import stop

ANONYMOUS = "anonymous"
MAX_BODY_BYTES = 1_000_000
# `path` may hold a stage or a base path in front.
_ROUTE = re.compile(r"/recordings(?:/(?P<id>[A-Za-z0-9_-]{1,26})(?P<stop>/stop)?)?/?$")


def answer(request: HttpRequest, tokens: Mapping[str, SecretStr], ports: Ports) -> HttpResponse:
    """Reply to one call; errors are raised for the entrypoint's table."""
    caller = authenticate(request, tokens)
    log.note(caller=caller)
    route = _ROUTE.search(request.path)
    if route is None:
        raise NotFound(f"there is no route {request.path}; see /recordings")
    recording_id = route["id"]
    if recording_id is None:
        _only(request, "POST")
        return _start(request, caller, ports)
    log.note(recording_id=recording_id)
    if route["stop"]:
        _only(request, "POST")
        return _noted(202, stop(recording_id, f"asked by {caller}", ports))
    _only(request, "GET", "HEAD")
    return _noted(200, current(ports.store, recording_id))


def authenticate(request: HttpRequest, tokens: Mapping[str, SecretStr]) -> str:
    """Return the name of the token that was sent; every token is compared, each in constant time.

    Raises:
        Unauthorized: no token, a wrong one, or none is configured.
    """
    if ANONYMOUS in tokens:
        return ANONYMOUS
    if not tokens:
        raise Unauthorized("no tokens are configured: set WEBRECORD_API_TOKENS (or `anonymous`, in so many words)")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("utf-8", "surrogatepass")
    matches = [name for name, token in tokens.items() if hmac.compare_digest(token.get_secret_value().encode(), sent)]
    if scheme.lower() != "bearer" or not matches:
        raise Unauthorized("send `Authorization: Bearer <token>` with one of the tokens of WEBRECORD_API_TOKENS")
    return matches[0]


def _start(request: HttpRequest, caller: str, ports: Ports) -> HttpResponse:
    media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType(f"send application/json, not {media_type}")
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge(f"a request holds at most {MAX_BODY_BYTES} bytes, this one {len(request.body)}")
    wanted = parse_request(request.body)
    key = identity.caller_key(request.headers.get("idempotency-key"), wanted.recording_id, wanted.record_id)
    outcome = start(wanted, key, f"http:{caller}", ports)
    waiting = outcome.recording.state in (State.QUEUED, State.SCHEDULED)
    return _noted(202 if waiting else 201 if outcome.created else 200, outcome.recording)


def _noted(status: int, recording: Recording) -> HttpResponse:
    log.note(recording_id=recording.recording_id, task_id=recording.task_id, outcome=recording.state.value)
    last = recording.evidence.attempts
    if last:
        log.note(trtc_request_id=next(reversed(last.values())).request_id)
    return replies.recording_reply(status, recording)


def _only(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(methods)
