"""What an address says before it is opened: can it be used, who can reach it, when it expires. Pure, and total."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from urllib.parse import parse_qsl, urlsplit

from local.check.seen import Asked
from shared.domain.addresses import as_address, host_of, is_public, is_public_host
from shared.domain.pages import check_no_login, check_page_url

LONGEST = 8_000
_SECOND_LEVEL = {"ac", "co", "com", "edu", "go", "gov", "mil", "ne", "net", "or", "org"}
_STANDS_FOR_ANY = "198.18."  # RFC 2544; some proxies give every public name an address of it
_EXPIRES = {"expires", "expire", "exp", "expires_at", "x-expires", "deadline"}
_JWT = re.compile(r"[\w-]+\.([\w-]{8,4000})\.[\w-]*")
_EPOCH = range(1_000_000_000, 100_000_000_000)  # 2001 to 5138


def usable(url: str) -> str:
    """Return the address if TRTC could be given it.

    Raises:
        ValueError: it can't be used; the message follows "the address".
    """
    if len(url) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    return check_no_login(check_page_url(url))


def is_private(asked: Asked) -> bool:
    """Tell whether the page's host, or each address it resolves to, is closed to the public Internet."""
    try:
        host = host_of(asked.url)
    except ValueError:
        return False
    if as_address(host) is None and is_public_host(host):
        known = [address for address in asked.addresses if not address.startswith(_STANDS_FOR_ANY)]
        return bool(known) and not any(map(is_public, known))
    return not is_public_host(host)


def site_of(url: str) -> str:
    """Return the registrable domain of an address, about: `example.com`, `example.com.cn`; "" where it has none."""
    try:
        host = host_of(url)
    except ValueError:
        return ""
    labels = host.split(".")
    if as_address(host) is not None or len(labels) < 3:
        return host
    return ".".join(labels[-3 if len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else -2 :])


def expiries(url: str) -> Iterator[float]:
    """Yield the moments at which something in the address expires, epoch seconds."""
    try:
        parts = urlsplit(url)
        given = [*parse_qsl(parts.query, max_num_fields=200), *parse_qsl(parts.fragment, max_num_fields=200)]
    except ValueError:
        return
    names = {name.lower(): value for name, value in given}
    for name, value in names.items():
        if found := _JWT.fullmatch(value):
            yield from _of_token(found[1])
        elif name in _EXPIRES:
            yield from _moment(value)
        elif name in ("q-sign-time", "q-key-time", "sign-time"):
            yield from _moment(value.partition(";")[2])
    if "x-amz-date" in names and names.get("x-amz-expires", "").isdecimal():
        try:
            made = datetime.strptime(names["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            return
        yield made.timestamp() + min(int(names["x-amz-expires"][:12]), _EPOCH.stop)


def _moment(value: object) -> Iterator[float]:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 15:
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e15:
        return
    seconds = value / 1000 if value >= _EPOCH.stop else value
    if _EPOCH.start <= seconds < _EPOCH.stop:
        yield seconds


def _of_token(payload: str) -> Iterator[float]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return
    if isinstance(claims, dict):
        yield from _moment(claims.get("exp"))
