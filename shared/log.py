"""Logs: structlog, JSON, one canonical line per invocation, secrets redacted by a processor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import structlog

MAX_TEXT = 2000
"""SCF cuts log lines at 8 KB; a longer text is cut here, so that the line stays JSON."""
REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"secret|token|authorization|password|access_?key|^sign(ature)?$|api_?key|cookie", re.IGNORECASE
)
_WORD = re.compile(r"[^\s\"]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}\Z", re.IGNORECASE)
_END = re.compile(r"[/?#]")
_CUT = re.compile(r"[?#]")

_hidden: list[str] = []  # the longest first: one may be part of another
_PLAIN = (bool, int, float, type(None))
_line: ContextVar[dict[str, Any]] = ContextVar("line")
"""What was noted for this invocation's line. structlog's own context has a variable per field: a tenth of a start."""


def hide(values: Iterable[str]) -> None:
    """Redact these values wherever they appear, from now on."""
    fresh = {value for value in values if len(value) >= 6}
    _hidden[:] = sorted(fresh.union(_hidden), key=len, reverse=True)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: secrets by name and by value, query strings and user info of URLs, and over-long texts."""
    return event if _is_harmless(event) else {name: _clean(name, value) for name, value in event.items()}


def _is_harmless(event: Mapping[str, Any]) -> bool:
    """Tell, for nearly every line and at once, that there is nothing to redact."""
    if any(map(_is_secret, event)):
        return False
    try:
        text = "\n".join([value for value in event.values() if not isinstance(value, _PLAIN) and value != {}])
    except TypeError:  # lists, objects: to be looked into
        return False
    clean = len(text) <= MAX_TEXT and text.isascii() and "://" not in text
    return clean and not any(map(text.__contains__, _hidden))


def _clean(name: str, value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if _is_secret(name):
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


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def redact_text(text: str) -> str:
    """Return the text without secrets."""
    for secret in _hidden:
        text = text.replace(secret, REDACTED)
    text = text[: 4 * MAX_TEXT]  # the patterns take long on megabytes
    if not text.isascii():  # a lone surrogate can't be written to standard output
        text = text.encode("utf-8", "backslashreplace").decode()
    if "://" in text:
        text = _WORD.sub(_without_secrets, text)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _without_secrets(found: re.Match[str]) -> str:
    """Return a word without user info and queries of its URLs; each character is read a few times."""
    head, *rest = found[0].split("://")
    whole = [head]
    for before, part in zip([head, *rest], rest, strict=False):
        if not _SCHEME.search(before[-21:]):
            whole.append(f"://{part}")
            continue
        # A password may hold an @ and a query an apostrophe: better a word too many than half a secret.
        end = _END.search(part)
        host, path = (part[: end.start()], part[end.start() :]) if end else (part, "")
        host = f"{REDACTED}@{host.rpartition('@')[2]}" if "@" in host else host
        if cut := _CUT.search(path):
            return "".join([*whole, "://", host, path[: cut.start()], f"?{REDACTED}"])
        whole.append(f"://{host}{path}")
    return "".join(whole)


def configure() -> None:
    """Set structlog up: level, time and what is noted, redacted, as one JSON line on standard output."""
    structlog.configure(
        processors=[
            _with_noted,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )


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


def logger() -> Any:  # noqa: ANN401 (structlog's lazy proxy)
    """Return the logger."""
    return structlog.get_logger()
