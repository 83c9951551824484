"""A request as callers send it: a JSON document becomes a RecordingRequest, or errors about every wrong field. Pure."""

from __future__ import annotations

from pydantic import ValidationError

from shared.domain.errors import InvalidRequest, MalformedJson
from shared.domain.request import RecordingRequest


def parse_request(body: bytes) -> RecordingRequest:
    """Validate one JSON document, or raise MalformedJson, or InvalidRequest with every wrong field and its path."""
    try:
        return RecordingRequest.model_validate_json(body.removeprefix(b"\xef\xbb\xbf"))  # as editors on Windows begin
    except ValidationError as error:
        # With its frames it would be in a circle with them: megabytes a document, until the collector comes.
        found = error.with_traceback(None)
    from shared.domain.mistakes import field_errors

    if found.error_count() == 1:  # thousands of them take a second to be told
        only = found.errors(include_url=False, include_input=False)[0]
        if only["type"] == "json_invalid":
            raise MalformedJson(f"not a JSON document: {_other_encoding(body) or only['ctx']['error']}")
    raise InvalidRequest(field_errors(found, RecordingRequest), found.error_count())


def _other_encoding(body: bytes) -> str:
    """Return where the body is no UTF-8, and what to do; "" where it is."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} is not UTF-8: save or send it as UTF-8"
    return ""
