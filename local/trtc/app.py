"""TRTC's recording actions as a service of API 3.0."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette

from local import api3
from local.api3.errors import ApiError
from local.api3.fields import Fields
from local.api3.tc3 import KeyPair
from local.trtc.parameters import MAX_INT, parse_start
from local.trtc.settings import TrtcSettings
from local.trtc.tasks import TaskTable

__all__ = ["create_app", "service"]

VERSION = "2019-07-22"
RECORDING = 1  # the only Status DescribeWebRecord documents


def service(
    tasks: TaskTable, settings: TrtcSettings, *, clock: Callable[[], float] = time.monotonic
) -> api3.ApiService:
    """Return the service.

    Args:
        tasks: what the actions work on.
        settings: the table's settings object; regions and limits are read from it.
        clock: seconds, for the limit of requests.
    """
    return api3.ApiService(
        name="trtc",
        version=VERSION,
        actions={
            "StartWebRecord": lambda call: {"TaskId": tasks.start(parse_start(call.body, settings))},
            "DescribeWebRecord": lambda call: _describe(tasks, call.body),
            "StopWebRecord": lambda call: _stop(tasks, call.body),
        },
        regions=settings.regions,
        rate=api3.Rate(lambda _action: settings.max_requests_per_second, clock=clock),
        schema=api3.Schema.of("trtc", VERSION),
        own_reading=True,
    )


def create_app(
    tasks: TaskTable,
    credentials: Callable[[str], KeyPair | None],
    settings: TrtcSettings,
    *,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Return an application that has TRTC alone: see `local.api3.create_app` and `service`."""
    return api3.create_app([service(tasks, settings, clock=clock)], credentials, lambda: settings.faults, now=now)


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
