"""What a developer does to a running local cloud: add faults, send callbacks again. Under `/_local/` of the gateway.

It listens on the loopback address only. A web page that is open in a browser of this machine can reach that too,
so whoever comes with an Origin, or by another name than this machine's, is refused.
"""

from __future__ import annotations

import json

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.callbacks import CallbackSender
from local.callbacks.log import matches, undelivered
from local.faults import FaultFile, Faults
from local.faults.model import mistakes

__all__ = ["Control", "OwnMachineOnly"]

NAMES = ("127.0.0.1", "localhost", "[::1]")


class OwnMachineOnly:
    """ASGI middleware: `/_local/` answers programs of this machine, not pages in its browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and scope["path"].startswith("/_local"):
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            name = host if host in NAMES else host.rpartition(":")[0]
            if b"origin" in headers or name not in NAMES:
                app = JSONResponse({"errorMessage": "for programs of this machine only"}, 403)
        await app(scope, receive, send)


class Control:
    """The routes; every answer is JSON."""

    def __init__(self, faults: Faults, sender: CallbackSender) -> None:
        self._faults = faults
        self._sender = sender

    def routes(self) -> list[Route]:
        """Return what the gateway serves."""
        return [
            Route("/_local/faults", self._list, methods=["GET"]),
            Route("/_local/faults", self._add, methods=["POST"]),
            Route("/_local/faults", self._clear, methods=["DELETE"]),
            Route("/_local/callbacks/resend", self._resend, methods=["POST"]),
        ]

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"faults": self._faults.list()})

    async def _add(self, request: Request) -> Response:
        """Take a faults file; its seed is the running cloud's affair."""
        try:
            file = FaultFile.model_validate_json(await request.body())
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
            wanted = json.loads(await request.body())
            ids, task, failed = list(wanted.get("ids", [])), str(wanted.get("task", "")), bool(wanted.get("failed"))
        except (ValueError, TypeError, AttributeError):
            return JSONResponse({"errorMessage": "a JSON object with ids, task or failed is expected"}, 400)
        if not (ids or task or failed):
            return JSONResponse({"errorMessage": "say which: ids, task or failed"}, 400)
        try:
            chosen = self._chosen(ids, task, failed=failed)
        except LookupError as error:
            return JSONResponse({"errorMessage": str(error)}, 404)
        return JSONResponse({"resent": {old: self._sender.resend(old) for old in chosen}})

    def _chosen(self, ids: list[str], task: str, *, failed: bool) -> list[str]:
        """Return the ids of what was asked for; LookupError for the beginning of none, or of several."""
        deliveries = list(self._sender.log.read())
        known = list(dict.fromkeys(each.message_id for each in deliveries if matches(each, task=task)))
        if failed:
            never = set(undelivered(deliveries)) - self._sender.pending
            known = [message_id for message_id in known if message_id in never]
        if not ids:  # of a callback and those it was sent again as, the last
            replaced = {each.message_id for each in deliveries if each.outcome == "resent"}
            return [message_id for message_id in known if message_id not in replaced]
        chosen = []
        for start in ids:
            found = [message_id for message_id in known if message_id.startswith(str(start))]
            if len(found) != 1:
                raise LookupError(f"{start}: {len(found)} callbacks begin so")
            chosen += found
        return chosen
