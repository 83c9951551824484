"""SCF's Invoke and InvokeFunction: a deployed function really runs."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from local.api3 import Action, Answer, ApiCall, ApiError
from local.scf.model import LATEST, Deployed
from local.scf.running import Running
from local.scf.table import Table
from local.scf_config import InvocationError
from local.scf_function import ASYNC_LIMIT, Function

__all__ = ["Calls"]

SYNC_LIMIT = 6 * 1024 * 1024


class Calls:
    """Actions that call a function."""

    def __init__(self, table: Table, running: Running) -> None:
        self._table, self._running = table, running

    def actions(self) -> dict[str, Action]:
        return {"InvokeFunction": self._invoke_function, "Invoke": self._invoke}

    def function(self, deployed: Deployed, qualifier: str) -> Function:
        """Return what runs behind a qualifier.

        Raises:
            ApiError: nothing can.
        """
        if deployed.status in ("Creating", "CreateFailed", "Deleting"):
            raise ApiError(
                "FailedOperation.FunctionVersionStatusNotActive", f"{deployed.name} is {deployed.status}, retry later."
            )
        self._table.version(deployed, qualifier)
        try:
            function = self._running.of(deployed, qualifier)
        except InvocationError as error:
            raise ApiError("FailedOperation.InvokeFunction", str(error)) from None
        if function is None:
            raise ApiError("ResourceNotFound.Version", f"{deployed.name} has no version {qualifier}.")
        return function

    async def _invoke_function(self, call: ApiCall) -> Answer:
        deployed = self._table.get(call)
        function = self.function(deployed, call.body.get("Qualifier", "$DEFAULT"))
        return await self._run(call, deployed, function, _event(call.body.get("Event", "{}"), SYNC_LIMIT))

    async def _invoke(self, call: ApiCall) -> Answer:
        body, deployed = call.body, self._table.get(call)
        function, kind = (
            self.function(deployed, body.get("Qualifier", LATEST)), body.get("InvocationType", "RequestResponse")
        )  # fmt: skip
        if kind == "RequestResponse":
            return await self._run(call, deployed, function, _event(body.get("ClientContext", "{}"), SYNC_LIMIT))
        if kind != "Event":
            raise ApiError("InvalidParameterValue.InvokeType", "InvocationType is RequestResponse or Event.")
        function.invoke_async(_event(body.get("ClientContext", "{}"), ASYNC_LIMIT))
        return {"Result": {**_EMPTY, "FunctionRequestId": str(uuid.uuid4())}}

    async def _run(self, call: ApiCall, deployed: Deployed, function: Function, event: Any) -> Answer:  # noqa: ANN401
        begun, log_type = time.monotonic(), call.body.get("LogType", "None")
        if log_type not in ("None", "Tail"):
            raise ApiError("InvalidParameterValue.Param", "LogType is None or Tail.")
        said, error_said, code, request_id = "", "", 0, str(uuid.uuid4())
        try:
            said = json.dumps(await function.invoke(event), ensure_ascii=False)
        except InvocationError as error:
            code, request_id, error_said = error.code, error.request_id or request_id, str(error)
            said = json.dumps({"errorCode": code, "errorMessage": error_said, "requestId": request_id})
        duration_ms = (time.monotonic() - begun) * 1000
        return {
            "Result": {
                "Log": self._running.log_tail(deployed) if log_type == "Tail" else "",
                "RetMsg": said,
                "ErrMsg": error_said,
                "MemUsage": 0,
                "Duration": round(duration_ms, 3),
                "BillDuration": int(duration_ms) + 1,
                "FunctionRequestId": request_id,
                "InvokeResult": code,
            }
        }


_EMPTY: Answer = {
    "Log": "", "RetMsg": "", "ErrMsg": "", "MemUsage": 0, "Duration": 0.0, "BillDuration": 0, "InvokeResult": 0,
}  # fmt: skip


def _event(text: str, limit: int) -> Any:  # noqa: ANN401 - any JSON
    if len(text.encode("utf-8", "surrogatepass")) > limit:
        raise ApiError("InvalidParameter.RequestTooLarge", f"The event is larger than {limit} bytes.")
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise ApiError("InvalidParameter.Payload", "The event is no JSON.") from None
