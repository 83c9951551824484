"""The local TRTC API as an ASGI application: envelope, common headers and errors of Tencent Cloud API 3.0."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.api3.errors import ApiError
from local.api3.fields import Fields
from local.api3.tc3 import KeyPair, claimed, verify
from local.bodies import ANSWERS, BodyTooLarge, read_body
from local.faults.wire import NoAnswer, Silence, disturbed
from local.trtc.parameters import MAX_INT, parse_start
from local.trtc.settings import TrtcSettings
from local.trtc.tasks import TaskTable

__all__ = ["create_app"]

log = logging.getLogger(__name__)

VERSION = "2019-07-22"
MAX_BODY_BYTES = 10 * 1024 * 1024  # the document "Signature v3": at most 10 MB with TC3
RECORDING = 1  # the only Status DescribeWebRecord documents

Action = Callable[[object], dict[str, Any]]


def create_app(
    tasks: TaskTable,
    credentials: Callable[[str], KeyPair | None],
    settings: TrtcSettings,
    *,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """Build the application; it answers every request with HTTP 200 and `application/json`.

    Args:
        tasks: What the actions work on.
        credentials: Finds a key pair by its SecretId.
        settings: The table's settings object; regions and faults are read from it.
        now: Seconds since 1970, for the age of signatures.
    """
    actions: dict[str, Action] = {
        "StartWebRecord": lambda body: {"TaskId": tasks.start(parse_start(body, settings))},
        "DescribeWebRecord": lambda body: _describe(tasks, body),
        "StopWebRecord": lambda body: _stop(tasks, body),
    }

    async def act(request: Request) -> dict[str, Any]:
        if request.method != "POST":
            raise ApiError("UnsupportedProtocol", f"{request.method} is not supported here, only POST.")
        action = request.headers.get("x-tc-action", "")
        run = _check_common(request, actions)
        claimed(request.headers, credentials, now())  # nobody's body is read
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except BodyTooLarge:
            raise ApiError("RequestSizeLimitExceeded", "The request body is larger than 10 MB.") from None
        verify("POST", request.url.query, request.headers, body, credentials, now())
        region = request.headers.get("x-tc-region", "")
        if not region:
            raise ApiError.missing("Region")
        if region not in settings.regions:
            raise ApiError("UnsupportedRegion", f"The region `{region}` is not supported by {action}.")
        tasks.admit(action)
        fault = settings.faults.trtc(action)
        if fault is not None and fault.do == "fail":
            raise ApiError(fault.code or "InternalError", "Answered because a fault asks for it.")

        async def carry_out() -> dict[str, Any]:
            return run(_parse(body))

        return await disturbed(fault, carry_out, lambda _answer: None)

    async def endpoint(request: Request) -> Response:
        request_id = str(uuid.uuid4())
        try:
            answer = await act(request)
        except NoAnswer as silence:
            log.info("%s %s %s", request_id, request.headers.get("x-tc-action"), "no answer")
            return Silence(silence.seconds)
        except ApiError as error:
            answer = {"Error": {"Code": error.code, "Message": error.message}}
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("request %s failed", request_id)
            answer = {"Error": {"Code": "InternalError", "Message": "An internal error has occurred."}}
        log.info(
            "%s %s %s",
            request_id,
            request.headers.get("x-tc-action"),
            answer.get("Error", {}).get("Code", "ok"),
        )
        return JSONResponse({"Response": {**answer, "RequestId": request_id}})

    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    return Starlette(routes=[Route("/", endpoint, methods=methods)], exception_handlers=ANSWERS)


def _check_common(request: Request, actions: dict[str, Action]) -> Action:
    action, version = request.headers.get("x-tc-action"), request.headers.get("x-tc-version")
    if not action:
        raise ApiError.missing("Action")
    if not version:
        raise ApiError.missing("Version")
    if version != VERSION:
        raise ApiError("NoSuchVersion", f"The version `{version}` of this product does not exist.")
    if action not in actions:
        raise ApiError("InvalidAction", f"The request action=`{action}` is invalid or not found.")
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise ApiError("UnsupportedOperation", "Only application/json is supported here.")
    return actions[action]


def _parse(body: bytes) -> object:
    try:
        body_object: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError("InvalidParameter", "The request body is not valid JSON.") from None
    return body_object


def _describe(tasks: TaskTable, body: object) -> dict[str, Any]:
    fields = Fields(body)
    task_id, record_id = fields.text("TaskId"), fields.text("RecordId")
    sdk_app_id = fields.integer("SdkAppId", 0, MAX_INT, -1)
    fields.done()
    if task_id:
        task = tasks.describe(task_id)
        return {"Status": RECORDING, "TaskId": task.task_id, "RecordId": task.parameters.record_id}
    if not record_id:
        raise ApiError.missing("TaskId")
    if sdk_app_id < 0:
        raise ApiError.missing("SdkAppId")
    task = tasks.describe_record(sdk_app_id, record_id)
    return {"Status": RECORDING, "TaskId": task.task_id, "RecordId": record_id}


def _stop(tasks: TaskTable, body: object) -> dict[str, Any]:
    fields = Fields(body)
    task_id = fields.required_text("TaskId")
    fields.done()
    tasks.stop(task_id)
    return {}
