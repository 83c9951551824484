"""Makes the API's description, OpenAPI 3.1, from the models that validate and reply: `make openapi`."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared import __version__
from shared.domain.detail import Detail
from shared.domain.document import Overview
from shared.domain.request import RecordingRequest
from shared.domain.states import State
from tools.openapi_paths import Json, paths, webhook

PUBLISHED = Path(__file__).parent.parent / "shared" / "http" / "description" / "openapi.json"
"""What the function serves."""


class RecordingList(BaseModel):
    """A page of recordings, the newest first; without `next_cursor` it is the last one."""

    recordings: list[Overview]
    next_cursor: str | None = None


class RawEvent(BaseModel):
    """A callback as TRTC sent it; `name` is that of the fact, `received_ms` when it came, epoch ms."""

    name: str
    received_ms: int | None = None
    body: Any


class RawEvents(BaseModel):
    """Callbacks of a recording, in order of their own time; without `next_after` these are the last."""

    events: list[RawEvent]
    next_after: str | None = None


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    path: str
    message: str
    code: str = Field(pattern="^[a-z_]+$", description="what is wrong; its meaning never changes")
    values: dict[str, str] | None = Field(None, description="what the message names, such as a limit")


class TrtcProblem(BaseModel):
    """What TRTC said."""

    code: str
    message: str
    request_id: str | None = None


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(pattern="^urn:scf-webrecord:problem:[a-z-]+$")
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None
    more_errors: int | None = None
    trtc: TrtcProblem | None = None


class Notification(BaseModel):
    """What is sent to `notify_url`: one state of a recording, signed by the Standard Webhooks specification."""

    type: str = Field(pattern="^recording\\.[a-z]+$", description="`recording.` and the state that this is about")
    timestamp: datetime = Field(description="when the newest of what the recording holds happened")
    state: State = Field(description="the state that this is about")
    current_state: State = Field(description="the state that the recording has now: act on this one")
    data: Overview = Field(description="the recording as it is now")


class Health(BaseModel):
    """The function is configured."""

    status: str
    version: str


def document() -> Json:
    """Return the whole description."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(RecordingRequest, "validation")]
    replies = (Overview, Detail, RecordingList, RawEvents, Problem, Health, Notification)
    models += [(model, "serialization") for model in replies]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "scf-webrecord",
            "version": __version__,
            "summary": "Record web pages with TRTC, and know what became of every recording.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "the Function URL of `recordings`, or a gateway's base path"}],
        "security": [{"token": []}],
        "paths": paths(),
        "webhooks": {"recording": {"post": webhook()}},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas["$defs"],
        },
    }


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m tools.openapi", description=f"Write {PUBLISHED.name} from the models."
    ).parse_args()
    PUBLISHED.write_text(f"{json.dumps(document(), indent=1)}\n")
