"""What a developer does to a running local cloud: add faults, send callbacks again. Under `/_local/` of the gateway.

It listens on the loopback address only. Other users of this machine can reach that too, and a web page that is open in
a browser of it: so the token of the state folder is asked for, and whoever comes with an Origin, or by another name
than this machine's, is refused.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.bodies import read_body
from local.callbacks import CallbackEndpoint, CallbackSender, Delivery
from local.callbacks.log import matches
from local.client import is_http_address
from local.config import SDK_APP_ID
from local.faults import FaultFile, Faults
from local.faults.model import mistakes

__all__ = ["BODY_LIMIT", "BadRequest", "Control", "OwnMachineOnly", "json_object"]

NAMES = ("127.0.0.1", "localhost", "[::1]")


BODY_LIMIT = 1024 * 1024
_CALLBACK_URL = re.compile(r"https?://[A-Za-z0-9\-_?%=#./+:]+")  # TRTC's console takes no other letters
_CALLBACK_KEY = re.compile(r"[A-Za-z0-9]{1,32}")


class BadRequest(Exception):
    """The body is not what the route takes."""


async def json_object(request: Request, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """Return the body, a JSON object.

    Raises:
        BadRequest: it is none.
        BodyTooLarge: it has more than `limit` bytes.
    """
    try:
        value = json.loads(await read_body(request, limit))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadRequest("a JSON object is expected")
    return value


class OwnMachineOnly:
    """ASGI middleware: `/_local/` answers programs that know the token, and no page in a browser."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and scope["path"].startswith("/_local"):
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            name = host if host in NAMES else host.rpartition(":")[0]
            if b"origin" in headers or name not in NAMES:
                app = JSONResponse({"errorMessage": "for programs of this machine only"}, 403)
            elif not hmac.compare_digest(headers.get(b"authorization", b""), self._wanted):
                said = "send the api_token of the state folder's keys.json: Authorization: Bearer …"
                app = JSONResponse({"errorMessage": said}, 401, {"WWW-Authenticate": "Bearer"})
        await app(scope, receive, send)


class Control:
    """The routes; every answer is JSON."""

    def __init__(self, faults: Faults, sender: CallbackSender, endpoints: dict[int, CallbackEndpoint]) -> None:
        self._faults = faults
        self._sender = sender
        self._endpoints = endpoints

    def routes(self) -> list[Route]:
        """Return what the gateway serves."""
        return [
            Route("/_local/faults", self._list, methods=["GET"]),
            Route("/_local/faults", self._add, methods=["POST"]),
            Route("/_local/faults", self._clear, methods=["DELETE"]),
            Route("/_local/callbacks/endpoint", self._endpoint, methods=["PUT"]),
            Route("/_local/callbacks/resend", self._resend, methods=["POST"]),
        ]

    async def _endpoint(self, request: Request) -> Response:
        """Do what TRTC's console does: say where callbacks go, and which key signs them: `{"url": …, "key": …}`."""
        wanted = await json_object(request)
        url, key = wanted.get("url"), wanted.get("key")
        if not isinstance(url, str) or _CALLBACK_URL.fullmatch(url) is None or not is_http_address(url):
            raise BadRequest("url is an address of letters, digits and -_?%=#./+")
        if not isinstance(key, str) or _CALLBACK_KEY.fullmatch(key) is None:
            raise BadRequest("key has 1 to 32 letters and digits")
        self._endpoints[SDK_APP_ID] = CallbackEndpoint(url, key)
        return JSONResponse({"sdk_app_id": SDK_APP_ID, "url": url})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"faults": self._faults.list()})

    async def _add(self, request: Request) -> Response:
        """Take a faults file; its seed is the running cloud's affair."""
        try:
            file = FaultFile.model_validate_json(await read_body(request, BODY_LIMIT))
        except ValidationError as error:
            return JSONResponse({"errorMessage": mistakes(error)}, 422)
        return JSONResponse({"added": self._faults.add(*file.faults)})

    async def _clear(self, request: Request) -> Response:
        names = request.query_params.getlist("name")
        unknown = sorted(set(names) - {rule["name"] for rule in self._faults.list()})
        if unknown:
            return JSONResponse({"errorMessage": f"no such fault: {', '.join(unknown)}"}, 404)
        return JSONResponse({"cleared": self._faults.clear(names)})

    async def _resend(self, request: Request) -> Response:
        """Send again: `{"ids": [beginnings of ids]}`, or `{"task": beginning of a TaskId, "failed": true}`."""
        try:
            wanted = await json_object(request)
            ids, task, failed = list(wanted.get("ids", [])), str(wanted.get("task", "")), bool(wanted.get("failed"))
        except (BadRequest, TypeError):
            return JSONResponse({"errorMessage": "a JSON object with ids, task or failed is expected"}, 400)
        if not (ids or task or failed):
            return JSONResponse({"errorMessage": "name the callbacks: ids, task or failed"}, 400)
        try:
            # Read once, and in a thread: the log may have many megabytes.
            chosen = await run_in_threadpool(self._chosen, ids, task, self._sender.pending if failed else None)
        except LookupError as error:
            return JSONResponse({"errorMessage": str(error)}, 404)
        except OSError as error:
            return JSONResponse({"errorMessage": f"the log of callbacks can't be read: {error.strerror}"}, 500)
        return JSONResponse({"resent": {old.message_id: self._sender.resend(old) for old in chosen}})

    def _chosen(self, ids: list[str], task: str, pending: set[str] | None) -> list[Delivery]:
        """Return a line of each callback that was asked for; LookupError for the beginning of none, or of several.

        Args:
            ids: beginnings of ids; empty for all.
            task: beginning of their TaskId.
            pending: where only those that never arrived are wanted, the ids of those still being tried.
        """
        first: dict[str, Delivery] = {}
        good, replaced = set(), set()
        for each in self._sender.log.read():
            if matches(each, task=task):
                first.setdefault(each.message_id, each)
            if each.good:
                good.add(each.message_id)
            if each.outcome == "resent":
                replaced.add(each.message_id)
        if pending is not None:
            first = {name: each for name, each in first.items() if name not in good and name not in pending}
        if not ids:  # of a callback and those it was sent again as, the last
            return [each for name, each in first.items() if name not in replaced]
        chosen = []
        for start in ids:
            found = [each for name, each in first.items() if name.startswith(str(start))]
            if len(found) != 1:
                raise LookupError(f"{start}: {len(found)} callbacks begin so")
            chosen += found
        return chosen
