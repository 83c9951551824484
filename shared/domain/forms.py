"""Forms of settings: what a variable holds becomes a value, or is refused in words. Pure, and total.

A message says what is wrong and what to write. It never holds what the variable holds: that may be a secret.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic_core import Url

T = TypeVar("T")
Read = Callable[[str], T]

ANONYMOUS = "anonymous"
TOKEN_LENGTH = 16
CALLBACK_KEY = "16 to 32 letters and digits, as TRTC's console takes them: `openssl rand -hex 16`"
WEBHOOK_SECRET = '`whsec_` and base64 of 24 to 64 bytes: `echo "whsec_$(openssl rand -base64 24)"`'  # noqa: S105 (a form)
API_TOKENS = f"`name:token,name:token`, each token {TOKEN_LENGTH} characters or more, or `{ANONYMOUS}`"

_QUOTES = tuple("\"'`\u00ab\u00b4\u00bb\u2018\u2019\u201c\u201d\u201e\u300c\u300d\u300e\u300f\uff02\uff07")
_LEFT_OVER = frozenset({"undefined", "null", "none", "nil", "nan", "changeme"})
_UNREPLACED = re.compile(r"\$\(.*|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|process\.env\.\w+|\[object\sObject\]")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_ENDPOINT = re.compile(rf"(https?://)?{_LABEL}(\.{_LABEL})*\.?(:(?P<port>[0-9]{{1,5}}))?")
_AREAS = "af|ap|ca|eu|me|na|sa|us"


_OTHER_COMMAS = "\uff0c\u3001\uff1b"
"""What a Chinese keyboard gives where a comma is meant: full-width comma and semicolon, and the comma of a list."""
_OTHER_MARK = re.compile(r"[;| ]+")
"""What other settings have between values."""


def plain(text: str) -> str:
    """Return a value as it is, unless it is what a paste, a shell or a tool leaves."""
    unseen = next((each for each in text if not each.isprintable()), None)
    if unseen is not None:
        raise ValueError(
            f"holds a line break or another character that can't be seen (U+{ord(unseen):04X}): type it again"
        )
    if text != text.strip():
        raise ValueError("has a blank at its beginning or end: write it without")
    if text.startswith(_QUOTES):
        raise ValueError("begins with a quotation mark: write it without quotes")
    if "${" in text or "{{" in text or text.startswith("<") or _UNREPLACED.fullmatch(text):
        raise ValueError("holds a placeholder that nothing has replaced: write the value itself")
    if text.lower() in _LEFT_OVER:
        raise ValueError("is a word that tools leave where a value is missing: write a value, or nothing at all")
    return text


def several(one: Read[T]) -> Read[list[T]]:
    """Return what reads values with commas between; blanks around them and empty ones beside others do not count."""

    def read(text: str) -> list[T]:
        if other := next((mark for mark in _OTHER_COMMAS if mark in text), None):
            raise ValueError(f"has {other} between values: write a comma, `,`")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if text and not parts:  # it would count as no limit at all
            raise ValueError("holds only commas or blanks: write a value, or nothing at all")
        if other := next((mark for part in parts if (mark := _between(part, one))), None):
            raise ValueError(f"has {other} between values: write a comma, `,`")
        found: list[T] = []
        try:
            found += (one(plain(part)) for part in parts)
        except ValueError as error:
            raise ValueError(f"part {len(found) + 1} {error}" if len(parts) > 1 else str(error)) from None
        return found

    return read


def _between(part: str, one: Read[Any]) -> str:
    """Return what stands between the values of a part, where another mark than a comma does; "" where it is one."""
    mark = _OTHER_MARK.search(part)
    try:
        return f"`{mark[0]}`" if mark and [one(plain(each)) for each in _OTHER_MARK.split(part) if each] else ""
    except ValueError:
        return ""  # what is wrong with the whole says more


def number(low: int, high: int, unit: str) -> Read[int]:
    """Return what reads a whole number of a unit."""

    def read(text: str) -> int:
        try:
            value = int(re.sub(r"\.0+\s*\Z", "", text))
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ValueError(f"must be {unit}, a whole number from {low} to {high}, without a unit behind it")
        return value

    return read


def _form(pattern: str, otherwise: str) -> Read[str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(otherwise)
        return text

    return read


def choice(*allowed: str) -> Read[str]:
    """Return what reads one of some words."""
    said = " or ".join(f"`{each}`" for each in allowed)
    return _form("|".join(map(re.escape, allowed)), f"must be {said}")


def bucket(text: str) -> str:
    """Return a bucket's full name."""
    if re.search(r"[./:]", text):
        raise ValueError("is an address: write the bucket's name alone, `name-appid`")
    return _form(
        r"(?=.{1,60}\Z)[a-z0-9][a-z0-9-]*-[0-9]+", "must be the bucket's full name, `name-appid`, in lower case"
    )(text)


region = _form(rf"({_AREAS})-[a-z]+(-[a-z0-9]+)*", "must be a region's name without a host, such as `ap-guangzhou`")
"""A region's name; which ones exist changes."""
prefix = _form(
    r"(?=.{1,200}\Z)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*",
    "must be letters, digits, `-` and `_`, with `/` between and not at an end, such as `team/webrecord`",
)
"""A prefix that a `/` follows."""
jobs_prefix = _form(
    r"(?=.{1,200}\Z)(?!/)(?!.*//)(?!(.*/)?\.\.?(/|\Z))[^\s*?\\]+",
    "must be the prefix of the COS trigger, such as `jobs/`: without `/` in front, `//`, `..`, `*` or blanks",
)
"""A prefix of job objects: the trigger's own, so usually with a `/` at its end."""
secret = _form(r"""[^\s,;"'`<>\x7f-\U0010ffff]+""", "holds a blank or a character that no key has: copy it again")
"""A key of the cloud's."""
callback_key = _form("[A-Za-z0-9]{16,32}", f"must be {CALLBACK_KEY}")
"""A key that TRTC's console takes."""


def endpoint(text: str) -> str:
    """Return a host, or http(s)://host:port."""
    found = _ENDPOINT.fullmatch(text)
    if found is None or int(found["port"] or 1) not in range(1, 65_536):
        raise ValueError("must be a host, or http(s)://host:port, without a path or a `/` at its end")
    return text


def one_address(text: str) -> str:
    """Return an address that is not several, which would be the path of the first."""
    if re.search(r"[,;|\s]\s*(?i:https?)://", text.partition("?")[0]):
        raise ValueError("holds several addresses: write one")
    return text


def origin(text: str) -> str:
    """Return an origin as browsers send it; `*` for any."""
    if text == "*":
        return text
    try:
        url = Url(text) if re.fullmatch(r"(?i:https?)://[^/?#\\@*\s]+", text) else None
    except ValueError:
        url = None
    if url is None or url.path not in (None, "/"):
        raise ValueError("must be `https://app.example.com`, without a path, a `/` at its end or wildcards, or `*`")
    port = "" if url.port == (443 if url.scheme == "https" else 80) else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


def notify_secret(text: str) -> str:
    """Return a secret of the Standard Webhooks specification."""
    encoded = text.removeprefix("whsec_")
    try:
        key = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # Encoded again: releases of Python differ in what they let pass behind the end.
    size = len(key) if b64encode(key).decode() == encoded else 0
    if not text.startswith("whsec_") or not 24 <= size <= 64:
        raise ValueError(f"must be {WEBHOOK_SECRET}")
    return text


def api_tokens(text: str) -> dict[str, str]:
    """Return tokens by their names; `anonymous` alone opens the API."""
    if text.strip() == ANONYMOUS:
        return {ANONYMOUS: ""}
    tokens: dict[str, str] = {}
    for name, token in several(_token)(text):
        # A name given twice would lose a token; a token under two names hides who calls.
        if name in tokens or token in tokens.values():
            raise ValueError("holds a name or a token twice: give every caller a separate name and token")
        tokens[name] = token
    return tokens


def _token(part: str) -> tuple[str, str]:
    name, colon, token = (each.strip() for each in part.partition(":"))
    # A token called `anonymous` would open the API to everyone.
    if not colon or not name or name == ANONYMOUS or len(token) < TOKEN_LENGTH:
        raise ValueError(f"must be {API_TOKENS}")
    if not re.fullmatch("[!-~]+", token):
        raise ValueError("has a token with a blank or a character that no header takes: write another token")
    try:
        return name, plain(token)
    except ValueError as error:
        raise ValueError(f"has a token that {error}") from None


def reader(read: Read[Any], *, listed: bool = False) -> Callable[[Any], Any]:
    """Return what reads a variable's text, and leaves alone what is none: a default, a value given in code."""

    def apply(value: Any) -> Any:  # noqa: ANN401 (an environment variable, or what code gave)
        if not isinstance(value, str):
            return value
        return read(value if listed else plain(value))

    return apply
