"""TRTC's web recording through the official SDK (`tencentcloud-sdk-python-trtc`)."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient

from shared.adapters.bounded import bound, within
from shared.adapters.wire import Deadline
from shared.domain.callbacks import number
from shared.domain.errors import RecorderBusy, TaskNotFound
from shared.domain.redaction import id_of, whole
from shared.domain.refusals import refusal, task_named
from shared.ports import Described, Started

TIMEOUT_S = 6
"""TRTC's own server-side limit is 5 s."""
TRIES = 3
RESERVE_S = 3.0
"""Seconds kept free after a call, to store its result."""
LEAST_S = 1.0
"""The least time left, seconds, with which a call is made."""
SHORT_PAUSE_S = (0.2, 0.6)


class TrtcRecorder:
    """StartWebRecord, DescribeWebRecord and StopWebRecord over one kept connection.

    Short retries happen here: after throttling, and after calls that were not answered, with the same RecordId.
    The SDK's own retryer is not used: it sends again after a success and reports the old error.
    """

    def __init__(
        self,
        region: str,
        endpoint: str | None,
        credentials: Callable[[], tuple[str, str, str | None]],
        *,
        pause: Callable[[], None] | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """Build the client; nothing is sent.

        Args:
            region: the Region of the calls.
            endpoint: host, or scheme://host:port; None for the SDK's default.
            credentials: asked at every call, since role keys rotate.
            pause: between the short retries; a random one of SHORT_PAUSE_S by default.
            deadline: bounds the calls.
        """
        scheme, _, host = (endpoint or "").rpartition("://")
        http = HttpProfile(protocol=scheme or "https", endpoint=host or None, reqTimeout=TIMEOUT_S)
        self._credentials, self._pause, self._deadline = credentials, pause or _pause, deadline or Deadline()
        self._client = TrtcClient(None, region, ClientProfile(httpProfile=http))
        session = bound(self._client.request.conn._session)  # noqa: SLF001 (the SDK has no other way to it)
        session.hooks["response"].append(_read_as_json)

    def start(self, parameters: Mapping[str, Any]) -> Started:
        answer = self._tried("StartWebRecord", parameters)
        return Started(answer.TaskId, id_of(answer.RequestId))

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        return self._describe({"SdkAppId": sdk_app_id, "RecordId": record_id})

    def describe_task(self, task_id: str) -> Described:
        return self._describe({"TaskId": task_id})

    def stop(self, task_id: str) -> None:
        self._tried("StopWebRecord", {"TaskId": task_id})

    def _describe(self, parameters: Mapping[str, Any]) -> Described:
        answer = self._tried("DescribeWebRecord", parameters)
        request_id = id_of(answer.RequestId)
        if answer.TaskId in ("", None) and "TaskId" not in parameters:
            raise TaskNotFound("TaskNotFound", "DescribeWebRecord named no task", request_id)
        task_id = task_named("DescribeWebRecord", answer.TaskId or parameters.get("TaskId"), request_id)
        return Described(task_id, number(answer.Status) or 0, request_id)

    def _tried(self, action: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the SDK has no types)
        left, until = TRIES, math.inf
        while True:
            try:
                return self._call(action, parameters)
            except RecorderBusy as error:
                left, now = left - 1, time.monotonic()
                until = min(until, now + TIMEOUT_S)
                # A try that could not be made must not hide that the one before may have started something.
                too_late = now >= until or self._has_no_time(SHORT_PAUSE_S[1] + LEAST_S)
                passing = not error.answered or error.code.startswith("RequestLimitExceeded")
                if not left or too_late or not passing:
                    raise
            self._pause()

    def _has_no_time(self, more_s: float = 0.0) -> bool:
        return self._deadline.left_s() < RESERVE_S + LEAST_S + more_s

    def _call(self, action: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the SDK has no types)
        if self._has_no_time():
            raise RecorderBusy("NoTimeLeft", "no time was left in this invocation: TRTC was not asked", answered=True)
        self._client.credential = Credential(*self._credentials())
        request = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        try:
            with within(min(TIMEOUT_S, self._deadline.left_s() - RESERVE_S)):
                answer = getattr(self._client, action)(request)
        except TencentCloudSDKException as error:
            code, message = whole(error.code), whole(error.message)
            if error.requestId is None:
                # No answer of the API came: refused, dropped, timed out and garbled look alike. It may have started.
                raise RecorderBusy(code, message, answered=False) from None
            raise refusal(code, message, id_of(error.requestId)) from None
        if action == "StartWebRecord":  # asked again at once where it names no task
            task_named(action, answer.TaskId, id_of(answer.RequestId))
        return answer


def _read_as_json(answer: requests.Response, *_: object, **__: object) -> None:
    """Have the SDK look for an error in every answer: in one of `application/json; charset=utf-8` it sees none.

    A refused stop were a stop then, a task that is gone would run for ever, and a busy TRTC would know no task.
    """
    answer.headers["Content-Type"] = "application/json"


def _pause() -> None:
    time.sleep(random.uniform(*SHORT_PAUSE_S))  # noqa: S311 (nothing secret)
