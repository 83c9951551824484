"""The HTTP API of the recordings function: who calls, which route, what it replies. docs/api.md describes it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import SecretStr

from shared import __version__, log
from shared.domain import errors, ids
from shared.domain.attempts import last_attempt
from shared.domain.document import Recording
from shared.domain.foreign import MOST_NAMED, Foreign
from shared.domain.listing import parse_query, unknown_parameters
from shared.domain.parsing import parse_request
from shared.domain.size import MOST_REPLY, weight
from shared.domain.trace import trace_id, valid_traceparent
from shared.domain.wrongs import Wrong
from shared.http import console, replies
from shared.http.description import text
from shared.http.routing import Place, find
from shared.settings import ANONYMOUS
from shared.triggers import HttpRequest, HttpResponse
from shared.usecases.ports import QueryPorts
from shared.usecases.read import events, playlist, segment, show, wait
from shared.usecases.read_list import page
from shared.usecases.remove import remove
from shared.usecases.start import start
from shared.usecases.stop import stop

MAX_BODY_BYTES = 1_000_000
JSON = "application/json"
MOST_WAIT_S = 25
DEFAULT_WAIT_S = 20
ONCE = {"authorization", "idempotency-key", "content-type"}
"""Headers that must not come with different values."""


class Call(NamedTuple):
    """One call to a route: the request, who asks, the id and the base in the path, and what the reply is made with."""

    request: HttpRequest
    caller: str
    id: str
    ports: QueryPorts
    place: Place


Route = Callable[[Call], HttpResponse]


def answer(request: HttpRequest, tokens: Mapping[str, SecretStr], ports: QueryPorts) -> HttpResponse:
    """Reply to one call; errors are raised for the entrypoint's table."""
    place = find(request, _method(request), ROUTES)
    if place is None:
        raise errors.NotFound(f"there is no route {request.path[:200]}; see /openapi.json")
    methods = ROUTES[place.route]
    allow = (*methods, *(("HEAD",) if "GET" in methods else ()), "OPTIONS")
    if request.method == "OPTIONS":  # a browser asks without a token whether it may call
        return HttpResponse(204, "", {"Allow": ", ".join(allow)})
    if repeated := sorted(request.repeated & ONCE):
        raise errors.RepeatedHeader(f"{', '.join(repeated)}: send it once, or every time with the same value")
    caller = "" if place.route in PUBLIC else authenticate(request, tokens)
    trace = trace_id(request.headers.get("traceparent"))
    log.note(caller=caller or None, recording_id=place.id, trace_id=trace)
    route = methods.get(_method(request))
    if route is None:
        raise errors.MethodNotAllowed(allow)
    if ANONYMOUS in tokens and request.method == "POST" and _media_type(request, "nothing") != JSON:
        # A browser lets any page send what a form can; this header makes it ask first.
        raise errors.UnsupportedMediaType(f"send the header `Content-Type: {JSON}`, also without a body")
    try:
        reply = route(Call(request, caller, place.id or "", ports, place))
    except errors.StoreError as error:
        done = "nothing was changed" if _method(request) == "GET" else "it may have been done"
        error.meaning = error.meaning or f"{done}; call again: doing it twice does no harm"
        raise
    if len(reply.body) > MOST_REPLY // 12 and weight(reply.body) > MOST_REPLY:  # a character takes 12 bytes at most
        raise errors.ReplyTooLarge(f"the reply would have {weight(reply.body)} bytes; read the files from the bucket")
    reply = replies.conditional(request.method, request.headers.get("if-none-match"), reply)
    kept = {} if place.route in PUBLIC else {"Cache-Control": "no-store"}  # it may hold links, which are passes
    return reply._replace(headers={**kept, **reply.headers})


def _media_type(request: HttpRequest, otherwise: str) -> str:
    return request.headers.get("content-type", otherwise).split(";")[0].strip().lower()


def _method(request: HttpRequest) -> str:
    return "GET" if request.method == "HEAD" else request.method


def authenticate(request: HttpRequest, tokens: Mapping[str, SecretStr]) -> str:
    """Return the name of the token that was sent; every token is compared, each in constant time."""
    if ANONYMOUS in tokens:
        return ANONYMOUS
    if not tokens:
        raise errors.Unauthorized(
            "no tokens are configured: set WEBRECORD_API_TOKENS (or `anonymous`, in so many words)"
        )
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("utf-8", "surrogatepass")
    matches = [name for name, token in tokens.items() if hmac.compare_digest(token.get_secret_value().encode(), sent)]
    if scheme.lower() != "bearer" or not sent:
        raise errors.Unauthorized("no token was sent; send `Authorization: Bearer <token>`")
    if not matches:
        raise errors.Unauthorized("the token is not one of WEBRECORD_API_TOKENS")
    return matches[0]


def start_recording(call: Call) -> HttpResponse:
    """Start, schedule or queue a recording."""
    request = call.request
    if (media_type := _media_type(request, JSON)) != JSON:
        raise errors.UnsupportedMediaType(f"send {JSON}, not {media_type}")
    if len(request.body) > MAX_BODY_BYTES:
        raise errors.TooLarge(f"a request holds at most {MAX_BODY_BYTES} bytes, this one {len(request.body)}")
    wanted = parse_request(request.body)
    key = ids.caller_key(request.headers.get("idempotency-key"), wanted.recording_id, wanted.record_id)
    trace = valid_traceparent(request.headers.get("traceparent"))
    outcome = start(wanted, key, f"http:{call.caller}", call.ports, trace)
    waiting, code = outcome.recording.state.waiting, outcome.refused
    log.note(starts=int(outcome.created), refusals=int(bool(waiting and code)), refused=code if waiting else None)
    return _noted(202 if waiting else 201 if outcome.created else 200, outcome.recording, call)


def stop_recording(call: Call) -> HttpResponse:
    """Stop a recording; its files come later."""
    return _noted(202, stop(call.id, f"asked by {call.caller}", call.ports), call)


def list_recordings(call: Call) -> HttpResponse:
    """List recordings, the newest first."""
    foreign = Foreign()
    found = page(parse_query(call.request.query, call.ports.clock()), call.ports, foreign)
    _note_foreign(foreign)
    log.note(unshown=len(found.unshown) or None, unshown_ids=found.unshown[:MOST_NAMED] or None)
    return replies.page_reply(found)


def get_recording(call: Call) -> HttpResponse:
    """Read one recording with all fields and playback URLs."""
    return replies.detail_reply(*show(call.id, call.ports))


def wait_for_recording(call: Call) -> HttpResponse:
    """Wait for the next change of a recording, at most `timeout` seconds."""
    asked = call.request.query.get("timeout", str(DEFAULT_WAIT_S))
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", asked) or float(asked) > MOST_WAIT_S:
        raise errors.InvalidRequest([Wrong("wait", limit=MOST_WAIT_S).at("timeout")])
    known = call.request.headers.get("if-none-match")
    return replies.detail_reply(*wait(call.id, known, float(asked), call.ports), conditional=False)


def get_events(call: Call) -> HttpResponse:
    """Read the raw callbacks."""
    foreign = Foreign()
    told, more = events(call.id, call.request.query.get("after", ""), call.ports, foreign)
    _note_foreign(foreign)
    return replies.json_reply({"events": told, **({"next_after": more} if more else {})})


def get_playlist(call: Call) -> HttpResponse:
    """Read an HLS playlist with signed segment URLs."""
    body = playlist(call.id, call.request.query.get("file", ""), call.ports)
    return HttpResponse(200, body, {"Content-Type": "application/vnd.apple.mpegurl", "Cache-Control": "no-store"})


def get_segment(call: Call) -> HttpResponse:
    """Read a segment of a playlist that is too long for signed URLs; such a playlist names this address."""
    asked = call.request.query
    to = segment(call.id, asked.get("file", ""), asked.get("name", ""), call.ports)
    return HttpResponse(302, "", {"Location": to, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def delete_recording(call: Call) -> HttpResponse:
    """Cancel a waiting start, or delete a final recording."""
    # A misspelt one would delete the recording, and keep its films for good.
    if unknown := unknown_parameters(call.request.query, ("files",)):
        raise errors.InvalidRequest(unknown)
    files = call.request.query.get("files", "false").lower()
    if files not in ("true", "false"):
        raise errors.InvalidRequest([Wrong("not_switch").at("files")])
    cancelled = remove(call.id, f"asked by {call.caller}", call.ports, files=files == "true")
    return _noted(202, cancelled, call) if cancelled else HttpResponse(204)


def health(_call: Call) -> HttpResponse:
    """Say whether the function is configured."""
    return replies.json_reply({"status": "ok", "version": __version__})


def description(_call: Call) -> HttpResponse:
    """Read this description."""
    return HttpResponse(200, text(), {"ETag": ids.etag(text())})


def console_page(call: Call) -> HttpResponse:
    """Open the console, or a file that its page loads."""
    asset, request = call.place.route.removeprefix("/console").lstrip("/"), call.request
    files = console.origin_of(call.ports.files.presign("-", 60))
    return console.reply(asset, request.headers.get("accept-language", ""), files, request.query.get("lang", ""))


def _note_foreign(foreign: Foreign) -> None:
    log.note(foreign=foreign.count or None, foreign_names=foreign.named or None)


def _noted(status: int, recording: Recording, call: Call) -> HttpResponse:
    last = last_attempt(recording.evidence)
    log.note(
        recording_id=recording.recording_id,
        task_id=recording.task_id,
        outcome=recording.state.value,
        trtc_request_id=last[1].request_id if last else None,
    )
    return replies.recording_reply(status, recording, call.place.base)


ROUTES: dict[str, dict[str, Route]] = {
    "/recordings": {"GET": list_recordings, "POST": start_recording},
    "/recordings/{id}": {"GET": get_recording, "DELETE": delete_recording},
    "/recordings/{id}/stop": {"POST": stop_recording},
    "/recordings/{id}/wait": {"GET": wait_for_recording},
    "/recordings/{id}/events": {"GET": get_events},
    "/recordings/{id}/playlist": {"GET": get_playlist},
    "/recordings/{id}/segment": {"GET": get_segment},
    "/healthz": {"GET": health},
    "/openapi.json": {"GET": description},
    "/console": {"GET": console_page},
    "/console/hls.js": {"GET": console_page},
    "/console/hls.LICENSE": {"GET": console_page},
}
"""Every route, once: `make openapi` describes each by its function's name and docstring."""
PUBLIC = {path for path in ROUTES if not path.startswith("/recordings")}
"""Public routes: they return no data of recordings and need no token."""
