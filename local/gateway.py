"""The gateway: HTTP requests, created objects and ticks become SCF events for the production handlers.

Function URLs are one address with a path in front: `/callback` is the callback function's, everything else
the recordings function's. Under `/release/` the same calls come as an API Gateway trigger hands them over.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local import scf_events
from local.bodies import ANSWERS, read_body
from local.control import BadRequest, Control, OwnMachineOnly, json_object
from local.cos import ObjectCreated
from local.leases import Leases
from local.scf import Site
from local.scf_config import InvocationError
from local.scf_function import REQUEST_TOO_LARGE, RESOURCE_LIMIT_REACHED, SYNC_LIMIT, Function

PAGES = Path(__file__).parent / "pages"
LONGEST_DOWN_S = 86_400
Shape = Callable[[str, str, scf_events.Values, scf_events.Values, bytes, str], dict[str, Any]]
_STATUSES = {403: 403, REQUEST_TOO_LARGE: 413, RESOURCE_LIMIT_REACHED: 429}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _Anything(Convertor[str]):
    """A path with whatever in it, line feeds too: what it means is the function's to say."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


@dataclass(frozen=True)
class CosTrigger:
    """Objects created in the bucket, under the prefix and with the suffix, go to the function.

    `late_s` seconds later, and of `twice_every` events one comes twice: the platform promises at least once.
    """

    bucket: str
    prefix: str
    suffix: str
    function: str
    late_s: float = 0.0
    twice_every: int = 0


class Gateway:
    """Routes what happens to the functions."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        triggers: list[CosTrigger],
        region: str,
        progress: Callable[[], list[dict[str, Any]]],
        vod_dir: Path,
        control: Control,
        leases: Leases,
        token: str,
        deployed: Site,
    ) -> None:
        self.functions, self.triggers, self._region = functions, triggers, region
        self._progress, self._vod_dir, self._control = progress, vod_dir, control
        self._leases, self._token = leases, token
        self._deployed = deployed
        self._events = 0

    async def on_created(self, created: ObjectCreated) -> None:
        """Invoke, asynchronously, the functions whose COS trigger the object matches."""
        self._deployed.created(created)
        for trigger in self.triggers:
            matches = created.key.startswith(trigger.prefix) and created.key.endswith(trigger.suffix)
            if matches and created.bucket == trigger.bucket:
                event = scf_events.object_created_event(created, self._region)
                self._events += 1
                twice = trigger.twice_every and self._events % trigger.twice_every == 0
                for again in range(1, 3 if twice else 2):
                    self._later(trigger.late_s * again, self.functions[trigger.function], event)

    def _later(self, seconds: float, function: Function, event: dict[str, Any]) -> None:
        """Invoke asynchronously, after a while."""
        if seconds:
            asyncio.get_running_loop().call_later(seconds, function.invoke_async, event)
        else:
            function.invoke_async(event)

    def tick(self, function: str) -> None:
        """Invoke a function as its timer does."""
        self.functions[function].invoke_async(scf_events.timer_event("tick"))

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/_local/health", self._health),
                Route("/_local/lease", self._leases.hold),
                Route("/_local/progress", self._show_progress),
                Route("/_local/functions/{name}/invoke", self._invoke, methods=["POST"]),
                Route("/_local/functions/{name}/down", self._take_down, methods=["POST"]),
                *self._control.routes(),
                Route("/pages/{name}", self._page),
                Mount("/vod", StaticFiles(directory=self._vod_dir, check_dir=False)),
                Route("/_code/{digest}.zip", self._code),
                Route("/_url/{label}", self._function_url, methods=METHODS),
                Route("/_url/{label}/{path:anything}", self._function_url, methods=METHODS),
                Route("/{path:anything}", self._function, methods=METHODS),
            ],
            middleware=[Middleware(OwnMachineOnly, token=self._token)],
            exception_handlers={**ANSWERS, BadRequest: _wrong},
        )

    async def _function(self, request: Request) -> Response:
        if not self.functions:
            return JSONResponse({"errorMessage": "an empty account: what is deployed has its own address"}, 404)
        # As it was asked for: a parsed URL has lost its line breaks, and would lead to another recording.
        path, shape = request.scope["raw_path"].decode("latin-1"), scf_events.function_url_event
        if path.startswith("/release/"):
            path, shape = path.removeprefix("/release"), scf_events.api_gateway_event
        function = self.functions["callback" if path.startswith("/callback") else "recordings"]
        return await self._invoked(request, await read_body(request, SYNC_LIMIT), function, path, shape)

    async def _function_url(self, request: Request) -> Response:
        """A Function URL of a function that was deployed here: the address is a prefix, the event has none of it."""
        label, body = request.path_params["label"], await read_body(request, SYNC_LIMIT)
        try:
            function = self._deployed.at(label)
        except InvocationError as error:
            return _failure(error)
        if function is None:
            return JSONResponse({"errorCode": 404, "errorMessage": "there is no such Function URL"}, 404)
        path = request.scope["raw_path"].decode("latin-1").removeprefix(f"/_url/{label}") or "/"
        return await self._invoked(request, body, function, path, scf_events.function_url_event)

    async def _invoked(self, request: Request, body: bytes, function: Function, path: str, shape: Shape) -> Response:
        client = f"{request.client.host}:{request.client.port}" if request.client else ""
        query = scf_events.collected(request.query_params.multi_items())
        headers = scf_events.collected(request.headers.items())
        event = shape(request.method, path, query, headers, body, client)
        try:
            result = await function.invoke(event)
        except InvocationError as error:
            return _failure(error)
        if isinstance(result, dict) and "statusCode" in result:
            return Response(result.get("body", ""), int(result["statusCode"]), result.get("headers"))
        return Response(json.dumps(result), media_type="application/json")

    async def _code(self, request: Request) -> Response:
        path = self._deployed.code(request.path_params["digest"])
        return FileResponse(path) if path else JSONResponse({"errorMessage": "no such code"}, 404)

    async def _health(self, _request: Request) -> Response:
        every = [*self.functions.values(), *self._deployed.running.functions]
        dead = sum(function.dead_lettered for function in every)
        return JSONResponse({"up": True, "users": list(self._leases.users.values()), "dead_letters": dead})

    async def _show_progress(self, _request: Request) -> Response:
        return JSONResponse(self._progress())

    def _named(self, request: Request) -> Function:
        name = request.path_params["name"]
        if name not in self.functions:
            raise BadRequest(f"no function {name}: there are {', '.join(self.functions)}")
        return self.functions[name]

    async def _invoke(self, request: Request) -> Response:
        function = self._named(request)
        try:
            return JSONResponse(await function.invoke(await json_object(request, SYNC_LIMIT)))
        except InvocationError as error:
            return _failure(error)

    async def _take_down(self, request: Request) -> Response:
        function, wanted = self._named(request), await json_object(request)
        seconds = wanted.get("seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_DOWN_S:
            raise BadRequest(f"seconds is a number up to {LONGEST_DOWN_S}")
        function.take_down(seconds)
        return JSONResponse({"down": function.config.name, "seconds": seconds})

    async def _page(self, request: Request) -> Response:
        page = next((path for path in PAGES.iterdir() if path.name == request.path_params["name"]), None)
        return FileResponse(page) if page else JSONResponse({"errorMessage": "no such page"}, 404)


def _failure(error: InvocationError) -> Response:
    """Answer like the platform when a function returned no result."""
    body = {"errorCode": error.code, "errorMessage": str(error), "requestId": error.request_id}
    return JSONResponse(body, _STATUSES.get(error.code, 500))


async def _wrong(_request: Request, error: Exception) -> Response:
    return JSONResponse({"errorMessage": str(error)}, 400)
