"""API 3.0 as an ASGI application: every service on one port, told apart by the version; one envelope, one signature."""

from __future__ import annotations

import inspect
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from local.api3.caller import Principal
from local.api3.errors import ApiError
from local.api3.service import Action, Answer, ApiCall, ApiService
from local.api3.tc3 import KeyPair, claimed, verify
from local.bodies import ANSWERS, BodyTooLarge, read_body
from local.faults import Faults
from local.faults.wire import NoAnswer, Silence, disturbed

__all__ = ["MAX_BODY_BYTES", "Inside", "create_app"]

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 10 * 1024 * 1024
"""The document "Signature v3": at most 10 MB with TC3; field reports quote 10,485,760 bytes."""

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class _Broken(Exception):
    """A fault asks for an HTTP status other than 200, without an envelope."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def create_app(
    services: Iterable[ApiService],
    credentials: Callable[[str], KeyPair | None],
    faults: Callable[[], Faults],
    *,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """Build the application; it answers every request with HTTP 200 and `application/json`.

    Args:
        services: what there is, each with a version of its own.
        credentials: finds a key pair by its SecretId.
        faults: what goes wrong on purpose.
        now: seconds since 1970, for the age of signatures.
    """
    known = {service.version: service for service in services}

    async def act(request: Request) -> Answer:
        if request.method != "POST":
            raise ApiError("UnsupportedProtocol", f"{request.method} is not supported here, only POST.")
        service, action, run = _chosen(request, known)
        claimed(request.headers, credentials, now())  # nobody's body is read
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except BodyTooLarge:
            raise ApiError("RequestSizeLimitExceeded", "The request body is larger than 10 MB.") from None
        key = verify("POST", request.url.query, request.headers, body, credentials, now(), service=service.name)
        region = _region(request, service, action)
        service.rate.admit(action)
        fault = faults().api(service.name, action)
        if fault is not None and fault.do == "fail":
            if (status := getattr(fault, "status", None)) is not None:
                raise _Broken(status)
            raise ApiError(fault.code or "InternalError", "Answered because a fault asks for it.")

        async def carry_out() -> Answer:
            return await _carry_out(service, run, ApiCall(service.name, action, region, key.principal, _parse(body)))

        return await disturbed(fault, carry_out, lambda _answer: None)

    async def endpoint(request: Request) -> Response:
        request_id = str(uuid.uuid4())
        try:
            answer = await act(request)
        except NoAnswer as silence:
            log.info("%s %s %s", request_id, request.headers.get("x-tc-action"), "no answer")
            return Silence(silence.seconds)
        except _Broken as broken:
            return Response("<html>a fault asks for it</html>", broken.status, media_type="text/html")
        except ApiError as error:
            answer = {"Error": {"Code": error.code, "Message": error.message}}
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("request %s failed", request_id)
            answer = {"Error": {"Code": "InternalError", "Message": "An internal error has occurred."}}
        code = answer.get("Error", {}).get("Code", "ok")
        log.info("%s %s %s", request_id, request.headers.get("x-tc-action"), code)
        # Escapes for what is not ASCII: half a character, which JSON may hold, is nothing that UTF-8 has.
        text = json.dumps({"Response": {**answer, "RequestId": request_id}})
        return Response(text, media_type="application/json")

    return Starlette(routes=[Route("/", endpoint, methods=_METHODS)], exception_handlers=ANSWERS)


async def _carry_out(service: ApiService, run: Action, call: ApiCall) -> Answer:
    if service.schema is not None and not service.own_reading:
        if _halved(call.body):
            raise ApiError("InvalidParameter", "The request body holds half a character.")
        service.schema.check_request(call.action, call.body)
    service.allow(call)
    answer = run(call)
    if inspect.isawaitable(answer):
        answer = await answer
    if service.schema is not None:
        service.schema.check_answer(call.action, answer)
    return answer


class Inside:
    """Calls by this process itself: the same actions, checked and permitted alike, without HTTP and a signature.

    Args:
        services: what there is.
        caller: who calls.
        region: for which region.
    """

    def __init__(self, services: Iterable[ApiService], caller: Principal, region: str) -> None:
        self._services = {service.name: service for service in services}
        self._caller, self._region = caller, region

    async def __call__(self, name: str, action: str, **body: Any) -> Answer:  # noqa: ANN401 (any JSON)
        """Call an action.

        Raises:
            ApiError: it is refused.
        """
        service = self._services[name]
        call = ApiCall(name, action, self._region, self._caller, body)
        return await _carry_out(service, service.actions[action], call)


def _chosen(request: Request, known: dict[str, ApiService]) -> tuple[ApiService, str, Action]:
    action, version = request.headers.get("x-tc-action"), request.headers.get("x-tc-version")
    if not action:
        raise ApiError.missing("Action")
    if not version:
        raise ApiError.missing("Version")
    if version not in known:
        raise ApiError("NoSuchVersion", f"The version `{version}` of this product does not exist.")
    service = known[version]
    if action not in service.actions:
        if service.schema is not None and action in service.schema.actions:
            raise ApiError("InvalidAction", f"The local cloud has no `{action}`; the real {service.name} has.")
        raise ApiError("InvalidAction", f"The request action=`{action}` is invalid or not found.")
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise ApiError("UnsupportedOperation", "Only application/json is supported here.")
    return service, action, service.actions[action]


def _region(request: Request, service: ApiService, action: str) -> str:
    region = request.headers.get("x-tc-region", "")
    if service.regions is None:
        return region
    if not region:
        raise ApiError.missing("Region")
    if region not in service.regions:
        raise ApiError("UnsupportedRegion", f"The region `{region}` is not supported by {action}.")
    return region


def _halved(value: Any) -> bool:  # noqa: ANN401 - any JSON
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError("InvalidParameter", "The request body is not valid JSON.") from None
