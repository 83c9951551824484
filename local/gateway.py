"""The gateway: HTTP requests, created objects and ticks become SCF events for the production handlers.

Function URLs are one address with a path in front: `/callback` is the callback function's, everything else
the recordings function's. Under `/release/` the same calls come as an API Gateway trigger hands them over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from local.scf_function import REQUEST_TOO_LARGE, RESOURCE_LIMIT_REACHED, SYNC_LIMIT, USER_CODE_EXCEPTION, Function
from local.scf_reply import ReplyError, http_reply

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


class Gateway:
    """Routes what happens to the functions.

    Args:
        ours: the names of our own functions, by their short ones; none in an empty account.
    """

    def __init__(
        self,
        ours: Mapping[str, str],
        progress: Callable[[], list[dict[str, Any]]],
        vod_dir: Path,
        control: Control,
        leases: Leases,
        token: str,
        deployed: Site,
    ) -> None:
        self._ours, self._deployed = ours, deployed
        self._progress, self._vod_dir, self._control = progress, vod_dir, control
        self._leases, self._token = leases, token

    async def on_created(self, created: ObjectCreated) -> None:
        """Invoke, asynchronously, the functions whose COS trigger the object matches."""
        self._deployed.created(created)

    def tick(self, name: str) -> None:
        """Invoke one of our functions as its timer does."""
        if (function := self._deployed.named(self._ours[name])) is not None:
            function.invoke_async(scf_events.timer_event("tick", "tick"))

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
        if not self._ours:
            return JSONResponse({"errorMessage": "an empty account: what is deployed has its own address"}, 404)
        # As it was asked for: a parsed URL has lost its line breaks, and would lead to another recording.
        path, shape = request.scope["raw_path"].decode("latin-1"), scf_events.function_url_event
        if path.startswith("/release/"):
            path, shape = path.removeprefix("/release"), scf_events.api_gateway_event
        function = self._named("callback" if path.startswith("/callback") else "recordings")
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
            return http_reply(await function.invoke(event))
        except InvocationError as error:
            return _failure(error)
        except ReplyError as error:
            return _failure(InvocationError(str(error), USER_CODE_EXCEPTION))

    async def _code(self, request: Request) -> Response:
        path = self._deployed.code(request.path_params["digest"])
        return FileResponse(path) if path else JSONResponse({"errorMessage": "no such code"}, 404)

    async def _health(self, _request: Request) -> Response:
        dead = sum(function.dead_lettered for function in self._deployed.running.functions)
        return JSONResponse({"up": True, "users": list(self._leases.users.values()), "dead_letters": dead})

    async def _show_progress(self, _request: Request) -> Response:
        return JSONResponse(self._progress())

    def _named(self, name: str) -> Function:
        function = self._deployed.named(self._ours[name]) if name in self._ours else None
        if function is None:
            raise BadRequest(f"no function {name}: there are {', '.join(self._ours)}")
        return function

    async def _invoke(self, request: Request) -> Response:
        function = self._named(request.path_params["name"])
        try:
            return JSONResponse(await function.invoke(await json_object(request, SYNC_LIMIT)))
        except InvocationError as error:
            return _failure(error)

    async def _take_down(self, request: Request) -> Response:
        function, wanted = self._named(request.path_params["name"]), await json_object(request)
        seconds = wanted.get("seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_DOWN_S:
            raise BadRequest(f"seconds is a number up to {LONGEST_DOWN_S}")
        function.take_down(seconds)
        return JSONResponse({"down": request.path_params["name"], "seconds": seconds})

    async def _page(self, request: Request) -> Response:
        page = next((path for path in PAGES.iterdir() if path.name == request.path_params["name"]), None)
        return FileResponse(page) if page else JSONResponse({"errorMessage": "no such page"}, 404)


def _failure(error: InvocationError) -> Response:
    """Answer like the platform when a function returned no result."""
    body = {"errorCode": error.code, "errorMessage": str(error), "requestId": error.request_id}
    return JSONResponse(body, _STATUSES.get(error.code, 500))


async def _wrong(_request: Request, error: Exception) -> Response:
    return JSONResponse({"errorMessage": str(error)}, 400)
