"""Logs: structlog, JSON, one canonical line per invocation, secrets redacted by a processor."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO

import structlog

from shared.domain import redaction
from shared.domain.redaction import is_secret

REDACTED, hide = redaction.REDACTED, redaction.hide

MAX_TEXT = 2000
"""SCF cuts log lines at 8 KB; a longer text is cut here, so that the line stays JSON."""
_PLAIN = (bool, int, float, type(None))
_JSON = json.JSONEncoder(ensure_ascii=False, default=repr)
"""Kept: making one costs as much as writing a line."""
_line: ContextVar[dict[str, Any]] = ContextVar("line")
"""What was noted for this invocation's line. structlog's own context has a variable per field: a tenth of a start."""


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: secrets by name and by value, query strings and user info of URLs, and over-long texts."""
    return {
        name: value if type(value) in _PLAIN and not is_secret(name) else _clean(name, value)
        for name, value in event.items()
    }


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


def _text(line: dict[str, Any], **_options: object) -> str:
    return _JSON.encode(line)


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


def _with_noted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**noted(), **event}


def logger() -> Any:  # noqa: ANN401 (structlog's, which is of no one type)
    """Return the logger: level, time and what is noted, redacted, as one JSON line on standard output."""
    return _logger(sys.stdout)


@lru_cache(maxsize=1)
def _logger(output: TextIO) -> Any:  # noqa: ANN401
    """Make it, which costs a tenth of a line; standard output is another in tests."""
    processors: list[Any] = [
        _with_noted,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),  # nobody's word: not searched
        structlog.processors.JSONRenderer(serializer=_text),
    ]
    return structlog.wrap_logger(structlog.WriteLogger(output), processors).bind()
