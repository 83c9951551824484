"""Globs of host names, in any script: `*.例子.中国` is `*.xn--fsqu00a.xn--fiqs8s`. Pure.

A name has two forms: the one that is sent (ASCII, `xn--…`) and the one that people read. A glob matches a host in
either form, so it may be written in either, or half in each.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from pydantic_core import Url

PRIVATE = "private"
"""An entry that allows every private host, as on a laptop; `*` allows public ones only."""
REFUSE = "refuse"
"""An entry that alone allows none."""
_WILD = set("*?[]")
_WILDCARD = re.compile(r"\[!?[^\[\]!]+\]|[*?]")
_SWITCHES = frozenset(("any", "all", "true", "false", "yes", "no", "on", "off"))
"""What people write for every host, or for none; as a name it would match nothing."""
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # those of IDNA (UTS 46)
_NO_GLOB = re.compile(r"[\x00-\x7f](?<![A-Za-z0-9_.*?\[\]!-])")


def matches(host: str, globs: Iterable[str]) -> bool:
    """Tell whether one of the globs matches a host, which is as `pages.check_page_host` reads it."""
    forms = _forms(host)
    # Equal as well as matched: the brackets of an IPv6 address are a character class in a glob.
    return any(
        form == own or fnmatchcase(form, own) for glob in globs for form, own in zip(forms, _forms(glob), strict=True)
    )


def names(host: str, entries: Iterable[str]) -> bool:
    """Tell whether an entry is this very host, without a wildcard."""
    # An entry with other brackets than those of an IPv6 address equals no host.
    return not set("*?") & set(host) and any(_forms(host)[0] == _forms(entry)[0] for entry in entries)


def check_glob(text: str) -> str:
    """Return a glob that can match a host, or raise ValueError that says what to write."""
    if "://" in text:
        raise ValueError("has a scheme: write the host alone, `example.com`")
    if "/" in text or "\\" in text:
        raise ValueError("has a path or a mask: write the host alone, `example.com`")
    if "@" in text:
        raise ValueError("has a user name: write the host alone, `example.com`")
    if (address := _ipv6(text)) or text.count(":") > 1 or (text.startswith("[") and ":" in text):
        if address is None or not (text.startswith("[") and text.endswith("]")):
            raise ValueError("must be an IPv6 address in brackets, without a port: `[2001:db8::1]`")
        return text
    if ":" in text:
        raise ValueError("has a port: write the host alone, `example.com`, for every port of it")
    if text.startswith("."):
        raise ValueError("begins with a dot: write `*.example.com` for every host below `example.com`")
    if text.lower() in (PRIVATE, REFUSE):
        return text.lower()
    if _NO_GLOB.search(text) or ".." in text or text.lower() in _SWITCHES or not _can_match(text):
        raise ValueError("is no host name: write it as `example.com` or `*.example.com`, several with a comma between")
    return text


def _can_match(glob: str) -> bool:
    """Tell whether a browser calls any host as the glob has it: `127.1` is 127.0.0.1 to it, and `xn--` no name."""
    if not all(map(_ascii, _DOTS.split(glob.rstrip(".")))) or set("[]!") & set(_WILDCARD.sub("", glob)):
        return False
    if _WILD & set(glob):
        return True
    try:
        return str(Url(f"http://{glob}/").host).rstrip(".") == _forms(glob)[0]
    except ValueError:
        return False


def _ipv6(text: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


@lru_cache(maxsize=512)
def _forms(glob: str) -> tuple[str, str]:
    """Return a host or glob as it is sent, and as people read it; a label that is neither stays as it is."""
    if ":" in glob:  # an IPv6 address
        return glob.lower(), glob.lower()
    labels = _DOTS.split(glob.lower().rstrip("."))
    return ".".join(_ascii(label) or label for label in labels), ".".join(map(_readable, labels))


def _ascii(label: str) -> str:
    """Return a label as it is sent; nothing where it can't be. One with wildcards stays as it is."""
    if label.isascii() or _WILD & set(label):
        return label
    host = _parsed(label)
    # Some characters become a dot, a comma, a wildcard.
    return host.removesuffix(".a") if host and re.fullmatch(r"[a-z0-9_-]+\.a", host) else ""


def _readable(label: str) -> str:
    if (label.isascii() and not label.startswith("xn--")) or _WILD & set(label):
        return label
    return (_parsed(label, readable=True) or label).removesuffix(".a")


def _parsed(label: str, *, readable: bool = False) -> str | None:
    try:
        url = Url(f"http://{label}.a/")  # behind the label, or digits alone would be an address
        return url.unicode_host() if readable else url.host
    except ValueError:
        return None
