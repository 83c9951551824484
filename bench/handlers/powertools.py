"""The same events with aws-lambda-powertools: parsed, validated and logged, and nothing done with them."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from pydantic import Field, Json

logger = Logger(service="bench")


class EventInfo(BaseModel):
    """TRTC's event."""

    EventMsTs: int
    TaskId: str
    Payload: dict[str, Any]


class Callback(BaseModel):
    """TRTC's webhook."""

    EventGroupId: int
    EventType: int
    CallbackTs: int
    EventInfo: EventInfo


class Request(BaseModel):
    """The few of StartWebRecord's parameters that the event has."""

    RecordUrl: str = Field(min_length=1, max_length=4096)
    MaxDurationLimit: int = Field(default=36_000, ge=1800)


class Http(BaseModel):
    """A Function URL's event."""

    httpMethod: str  # noqa: N815 (the event's name)
    path: str
    headers: dict[str, str]
    body: Json[Callback | Request]


class Timer(BaseModel):
    """A timer's event."""

    Type: str
    TriggerName: str
    Time: str


def main_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 (any context)
    """Answer."""
    parsed = parse(event=event, model=Timer if "Type" in event else Http)
    logger.info("parsed", extra={"event_model": type(parsed).__name__})
    return {"statusCode": 200, "body": json.dumps({"code": 0})}
