"""Logs: JSON on standard output, one canonical line per invocation, secrets redacted."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any

from shared.domain import redaction
from shared.domain.redaction import is_secret

REDACTED, hide = redaction.REDACTED, redaction.hide

MAX_TEXT = 2000
"""SCF cuts log lines at 8 KB; a longer text is cut here, so that the line stays JSON."""
_PLAIN = (bool, int, float, type(None))
_line: ContextVar[dict[str, Any]] = ContextVar("line")
"""What was noted for this invocation's line."""


def redact(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields without secrets by name and by value, query strings and user info of URLs, and over-long texts."""
    return {name: _clean(name, value) for name, value in fields.items()}


def _clean(name: str, value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if is_secret(name):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, inner) for inner in value]
    return redact_text(repr(value))


def redact_text(text: str) -> str:
    """Return the text without secrets, no longer than a line takes."""
    text = redaction.redact(text)[: 4 * MAX_TEXT]
    if not text.isascii():  # a lone surrogate can't be written to standard output
        text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def begin() -> None:
    """Begin an invocation: nothing is noted."""
    _line.set({})


def note(**fields: object) -> None:
    """Add fields to this invocation's canonical line, and to all of its other lines from now on; None adds nothing."""
    noted().update({name: value for name, value in fields.items() if value is not None})


def noted() -> dict[str, Any]:
    """Return what is noted for this invocation."""
    try:
        return _line.get()
    except LookupError:  # outside of invocations, in a thread for example
        begin()
        return _line.get()


def write(event: str, /, *, level: str = "info", error: Exception | None = None, **fields: object) -> None:
    """Write one line: what is noted, these fields and the error's traceback, redacted."""
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%fZ}"
    line = {**noted(), **fields, "event": event, "level": level, "timestamp": now}
    if error is not None:
        line["exception"] = "".join(traceback.format_exception(error)).rstrip()
    sys.stdout.write(f"{json.dumps(redact(line), ensure_ascii=False)}\n")
    sys.stdout.flush()
