"""Redaction: a text without secrets, made where an error, a fact or a line is made. Linear in the text; pure but for
what was hidden: the deployment's own secrets for good, those of one call while it lasts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, unquote

REDACTED = "[redacted]"
MOST_ID = 200
"""Characters of an id or a code that is kept."""
SHORTEST = 6
"""Characters of a secret; a shorter value would redact half of every text."""
_NAMES = r"secret|token|authorization|password|access_?key|api_?key|cookie"
_PARTS = re.compile("secret|token|authorization|password|access|api|cookie|q-ak|signature")
"""What has none of these has no name of a secret."""
_SECRET_NAME = re.compile(rf"{_NAMES}|^sign(ature)?$", re.IGNORECASE)
_HARMLESS = re.compile(r"(?!.*AKID)[0-9A-Za-z_ .,/-]*")
"""What can be no address, no cloud key, and no value behind a name."""
_CLOUD_KEY = re.compile(r"\bAKID[0-9A-Za-z]{6,}")
_SAID = re.compile(
    # name=value as in a query or a form, "name": "value" as in JSON
    rf"(?P<name>\b[\w.-]{{0,40}}?(?:{_NAMES}|q-ak|signature)[\w-]{{0,20}}(?:=|\\?[\"']\s?:\s?\\?[\"']))[^\s\"'&,;\\`]+",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>\b(?:authorization|x-cos-security-token)[\"']?\s?:\s?[\"']?)"
    r"(?:(?:bearer|basic|tc3-hmac-sha256)\s(?!<)[^\"'\r\n`]+|[^\s\"'<`]{8,}[^\"'\r\n`<]*)",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    rf"(?P<name><[\w:.-]{{0,40}}?(?:{_NAMES}|signature)[\w.-]{{0,20}}>)[^<>\s`]+(?=</)", re.IGNORECASE
)
_ADDRESSES = re.compile(r"(?<![^\s\"])[^\s\"]*://[^\s\"]*")
"""Words that hold an address; of those that hold none, not one is taken up: a list of mistakes has thousands."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}\Z", re.IGNORECASE)
_END = re.compile(r"[/?#]")
_CUT = re.compile(r"[?#]")
_VALUE = re.compile(r"[?#&=/]")
_ESCAPED = re.compile(r"%([2-7][0-9A-Fa-f])|\\u00([2-7][0-9A-Fa-f])|\\([/\\\"])")
MOST_ESCAPED = 3
"""How often a text may be escaped anew: an address in JSON in an address."""


class _Values:
    """Values, and every form in which they are looked for, the longest first: one may be part of another."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = {value for value in values if len(value) >= SHORTEST}

    @cached_property
    def forms(self) -> list[str]:
        """Made when the first error is: most calls of a start meet none."""
        forms = {form for value in self.values for form in (value, quote(value, safe="", errors="replace"))}
        return sorted(forms.union(*map(_in_base64, self.values)), key=len, reverse=True)


_hidden = _Values(())
_of_call: ContextVar[_Values] = ContextVar("of_call", default=_hidden)


def hide(values: Iterable[str]) -> None:
    """Redact these values wherever they appear, from now on."""
    global _hidden  # noqa: PLW0603 (as a whole: threads see no half of it)
    _hidden = _Values({*_hidden.values, *values})


@contextmanager
def hiding(values: Iterable[str]) -> Iterator[None]:
    """Redact these values, too, within the block."""
    token = _of_call.set(_Values({*_of_call.get().values, *values}))
    try:
        yield
    finally:
        _of_call.reset(token)


def _in_base64(value: str) -> Iterator[str]:
    """Yield what base64 makes of a value wherever in a text it stands, as after the name in `Basic …`."""
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        # Letters that hold bits of what is beside it are left out.
        text = b64encode(bytes(before) + raw).decode().rstrip("=")
        form = text[(0, 2, 3)[before] : len(text) - ((before + len(raw)) % 3 > 0)]
        yield from {form, form.replace("+", "-").replace("/", "_")}


def hidden() -> list[str]:
    """Return what is hidden now, the longest first."""
    call = _of_call.get()
    return sorted((*_hidden.forms, *call.forms), key=len, reverse=True) if call.values else _hidden.forms


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Tell whether what has this name is a secret, whatever it is."""
    return _SECRET_NAME.search(name) is not None


def secrets_of(parameters: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 (any JSON value)
    """Yield the secrets in a call's parameters: keys by name, the stream keys of relays, the tickets of pages."""
    if isinstance(parameters, Mapping):
        for inner, value in parameters.items():
            yield from secrets_of(value, str(inner))
    elif isinstance(parameters, list | tuple):
        for value in parameters:
            yield from secrets_of(value, name)
    elif isinstance(parameters, str) and is_secret(name):
        yield parameters
    elif isinstance(parameters, str) and name in ("PublishCdnUrl", "RecordUrl"):
        rest = parameters.partition("://")[2].partition("/")[2]
        query = _CUT.split(parameters, maxsplit=1)[1:]  # whatever is before it: a browser takes `http:\\host?ticket`
        for part in query if name == "RecordUrl" else [rest.partition("/")[2] or rest]:
            for value in _VALUE.split(part):
                yield from (value, unquote(value))


def whole(value: object) -> str:
    """Return a stranger's value as a text that can be stored: JSON may hold halves of characters, which UTF-8 can't.

    It fails for no value; what is no text and no number is named by its kind.
    """
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    text = str(value) if isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 10**100) else ""
    return text.encode("utf-8", "replace").decode() if text or value in ("", None) else type(value).__name__


def id_of(value: object) -> str | None:
    """Return a stranger's id as it is kept: whole, without secrets, not endless; None where it has none."""
    return redact(whole(value))[:MOST_ID] or None


def redact(text: str) -> str:
    """Return the text without secrets: by value, by name, in the queries and logins of addresses."""
    return _redacted(text, hidden())


def redact_named(text: str) -> str:
    """Return the text without what has the form of a secret: the same in every function, whatever it knows."""
    return _redacted(text, ())


def _redacted(text: str, secrets: Collection[str]) -> str:
    if _HARMLESS.fullmatch(text) and not (secrets and any(secret in text for secret in secrets)):
        return text  # as most words of a line are
    text = plain = _as_written(text, secrets)
    for _ in range(MOST_ESCAPED):
        if "%" not in plain and "\\" not in plain:
            break
        plain = _ESCAPED.sub(_unescaped, plain)
        if (found := _as_written(plain, secrets)) != plain:
            text = plain = found  # else it stays as it was written
    return text


def _unescaped(found: re.Match[str]) -> str:
    return found[3] or chr(int(found[1] or found[2], 16))


def _as_written(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    if "AKID" in text:
        text = _CLOUD_KEY.sub(REDACTED, text)
    if "://" in text:
        text = _ADDRESSES.sub(_without_secrets, text)
    for said in (_HEADER, _SAID, _ELEMENT) if ("=" in text or ":" in text or ">" in text) and _may_name(text) else ():
        text = said.sub(rf"\g<name>{REDACTED}", text)
    return text


def _may_name(text: str) -> bool:
    """Tell at once that a text names no secret: patterns that ignore case take a hundred times as long."""
    return not text.isascii() or _PARTS.search(text.lower()) is not None


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
