"""The API's operations, for its description: parameters, bodies, replies and errors of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.domain.film.verdict import Verdict
from shared.domain.listing import DEFAULT_LIMIT, MOST
from shared.domain.states import State
from shared.http.api import MOST_WAIT_S, PUBLIC, ROUTES, console_page, description
from shared.http.replies import problem
from shared.triggers import HttpResponse
from tools import openapi_examples as e

Json = dict[str, Any]


UNDESCRIBED = (description, console_page)
"""Routes that return no data of the API."""
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,26}$"}}


def paths() -> Json:
    """Return every path with its operations: each route that the function dispatches, but those of UNDESCRIBED."""
    described: Json = {}
    for path, methods in ROUTES.items():
        named = {
            method.lower(): _operation(path, answer) for method, answer in methods.items() if answer not in UNDESCRIBED
        }
        if named:
            described[path] = {**({"parameters": [_ID]} if "{id}" in path else {}), **named}
    return described


def _operation(path: str, answer: Callable[..., HttpResponse]) -> Json:
    words = answer.__name__.split("_")
    name = words[0] + "".join(map(str.capitalize, words[1:]))
    summary = (answer.__doc__ or "").removesuffix(".")
    return {
        "operationId": name,
        "summary": summary,
        **({"security": []} if path in PUBLIC else {}),
        **_operations()[name],
    }


def _operations() -> dict[str, Json]:
    """Return parameters, bodies and replies of each operation, by its id."""
    known = _header("If-None-Match", "an `ETag` that the caller has")
    states = {"type": "string", "pattern": f"^({'|'.join(state.value for state in State)})(,[a-z]+)*$"}
    films = {"type": "string", "pattern": f"^({'|'.join(verdict.value for verdict in Verdict)})(,[a-z]+)*$"}
    day = {"type": "string", "format": "date"}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    playlist = {"schema": {"type": "string"}, "examples": {"signed": {"value": e.PLAYLIST}}}
    return {
        "startRecording": {
            "parameters": [
                _header(
                    "Idempotency-Key", "makes a repeat safe: the same key gives the same recording", "^[!-~]{1,255}$"
                ),
                _header("traceparent", "W3C Trace Context"),
            ],
            "requestBody": {
                "required": True,
                "content": _json("RecordingRequest", now=e.REQUEST, scheduled=e.SCHEDULED),
            },
            "responses": {
                "201": _reply("Overview", "started", started=e.STARTED),
                "200": _reply("Overview", "the same recording again", again=e.RECORDING),
                "202": _reply("Overview", "queued or scheduled", queued=e.QUEUED, scheduled=e.TO_COME),
                **_problems(
                    *(e.NOT_JSON, e.REFUSED, e.PRIVATE, e.OTHER_REQUEST, e.LONG_BODY, e.FORM),
                    e.wrong("MaxDurationLimit", "at_least", ", not 60", limit=1800),
                    *(e.NO_RIGHT, e.UNKNOWN_CODE, e.COME_BACK, e.NO_STORE),
                ),
            },
        },
        "listRecordings": {
            "parameters": [
                _query("state", states, "any of these states, comma-separated"),
                _query("from", day, "first day, UTC; 31 days up to `to` without it"),
                _query("to", day, "last day, UTC; today without it"),
                _query("label", {"type": "string"}, "all of these labels, `name` or `name:value`, comma-separated"),
                _query("film", films, "any of these verdicts of the film check, comma-separated"),
                _query("limit", limit, "how many at most"),
                _query("cursor", {"type": "string"}, "`next_cursor` of the page before"),
                known,
            ],
            "responses": {
                "200": _reply("RecordingList", "a page", page=e.PAGE),
                "304": _NOT_MODIFIED,
                **_problems(e.wrong("limit", "range", ", not '500'", low=1, high=MOST), e.NO_STORE),
            },
        },
        "getRecording": {
            "parameters": [known],
            "responses": {
                "200": _reply(
                    "Detail", "the recording", completed=e.DETAIL, recording=e.DETAIL_RECORDING, failed=e.DETAIL_FAILED
                ),
                "304": _NOT_MODIFIED,
                **_problems(e.NOBODY, e.LONG_REPLY, e.NO_STORE),
            },
        },
        "deleteRecording": {
            "parameters": [_query("files", {"type": "boolean", "default": False}, "delete its files, too")],
            "responses": {
                "202": _reply("Overview", "cancelled", cancelled=e.CANCELLED),
                "204": {"description": "deleted"},
                **_problems(e.NOBODY, e.RUNS, e.wrong("files", "not_switch"), e.NO_STORE),
            },
        },
        "stopRecording": {
            "responses": {
                "202": _reply("Overview", "it will end", stopping=e.STOPPING, cancelled=e.CANCELLED),
                **_problems(e.NOBODY, e.NO_RIGHT, e.UNKNOWN_CODE, e.TRTC_FULL, e.NO_STORE),
            },
        },
        "waitForRecording": {
            "parameters": [
                _query("timeout", {"type": "number", "minimum": 0, "maximum": 25, "default": 20}, "seconds"),
                known,
            ],
            "responses": {
                "200": _reply("Detail", "the recording", recording=e.DETAIL_RECORDING),
                **_problems(e.NOBODY, e.LONG_REPLY, e.wrong("timeout", "wait", limit=MOST_WAIT_S), e.NO_STORE),
            },
        },
        "getEvents": {
            "parameters": [_query("after", {"type": "string"}, "`next_after` of the page before"), known],
            "responses": {
                "200": _reply("RawEvents", "the callbacks", page=e.EVENTS),
                "304": _NOT_MODIFIED,
                **_problems(e.NOBODY, e.NO_STORE),
            },
        },
        "getPlaylist": {
            "parameters": [{**_query("file", {"type": "string"}, "the playlist's name"), "required": True}],
            "responses": {
                "200": {"description": "the playlist", "content": {"application/vnd.apple.mpegurl": playlist}},
                **_problems(e.NO_PLAYLIST, e.LONG_REPLY, e.NO_STORE),
            },
        },
        "getSegment": {
            "parameters": [
                {**_query("file", {"type": "string"}, "the playlist's name"), "required": True},
                {**_query("name", {"type": "string"}, "the segment's name"), "required": True},
            ],
            "responses": {
                "302": {
                    "description": "it lies there, by a signed URL: the token is not for that host",
                    "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
                },
                **_problems(e.NO_PLAYLIST, e.NO_STORE),
            },
        },
        "health": {
            "responses": {"200": _reply("Health", "it is", ok=e.HEALTH), "304": _NOT_MODIFIED, **_problems(auth=False)},
        },
    }


def webhook() -> Json:
    """Return the operation that a receiver of notifications offers."""
    return {
        "operationId": "receiveNotification",
        "summary": "Sent to `notify_url`, signed by the Standard Webhooks specification",
        "security": [],
        "parameters": [
            _header("webhook-id", "the same at every try"),
            _header("webhook-timestamp", "when this try was made, epoch seconds"),
            _header("webhook-signature", "`v1,` and base64"),
        ],
        "requestBody": {
            "required": True,
            "content": _json(
                "Notification", completed=e.NOTIFIED_COMPLETED, failed=e.NOTIFIED_FAILED, late=e.NOTIFIED_LATE
            ),
        },
        "responses": {
            "2XX": {"description": "taken"},
            "410": {"description": "nothing more is sent about this recording"},
            "default": {"description": "tried again, for three days"},
        },
    }


_NOT_MODIFIED = {"description": "it is what `If-None-Match` names"}


def _header(name: str, what: str, pattern: str | None = None) -> Json:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "description": what, "schema": schema}


def _query(name: str, schema: Json, what: str) -> Json:
    return {"name": name, "in": "query", "description": what, "schema": schema}


def _json(model: str, **examples: Json) -> Json:
    named = {name: {"value": value} for name, value in examples.items()}
    return {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{model}"},
            "examples": named,
        }
    }


def _reply(model: str, what: str, **examples: Json) -> Json:
    return {"description": what, "content": _json(model, **examples)}


def _problems(*errors: Exception, auth: bool = True) -> Json:
    """Return the replies to errors, by status, each error with its own example: the one that the API makes of it."""
    replies: Json = {}
    always = (e.NO_TOKEN, e.TWO_VALUES) if auth else ()
    for error in (*errors, *always, e.SETTING, e.UNREADABLE, e.OURS):
        body = json.loads(problem(error, e.REQUEST_ID).body)
        reply = replies.setdefault(str(body["status"]), {"titles": {}, "examples": {}})
        reply["titles"][body["title"]] = None
        reply["examples"][body["type"].rpartition(":")[2]] = {"value": body}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": "; ".join(reply["titles"]),
            "content": {"application/problem+json": {"schema": schema, "examples": reply["examples"]}},
        }
        for status, reply in sorted(replies.items())
    }
