"""Which pages may be recorded: http(s) only, allowed hosts only, and never a private address by default."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from pydantic_core import Url

from shared.domain import hosts
from shared.domain.errors import PageNotAllowed

LOCAL_NAMES = ("localhost", "metadata.tencentyun.com")
"""The second is a public name of the link-local metadata server."""
LOCAL_DOMAINS = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")
_UNFIT = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_LOGIN = re.compile(r"[^/\\?#]*:?[/\\]*[^/\\?#]*@")
"""What a browser takes for user information: slashes of any number and kind may come before it."""
_TRANSLATED = tuple(
    # Prefixes whose last 32 bits are an IPv4 address: compatible, translated, NAT64.
    ipaddress.IPv6Network(prefix)
    for prefix in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)


def check_page_url(url: str) -> str:
    """Return the URL if a browser can open it as an http(s) page.

    Raises:
        ValueError: it is not an absolute http(s) URL.
    """
    if _UNFIT.search(url):
        raise ValueError("must not hold spaces or control characters")
    if url.split(":", 1)[0].lower() not in ("http", "https"):
        raise ValueError("must be an absolute http:// or https:// URL")
    _host(url)
    return url


def check_no_login(url: str) -> str:
    """Return the URL if it holds no user name and no password; it is stored, shown and listed as it is.

    Raises:
        ValueError: it holds some.
    """
    if _LOGIN.match(url):
        raise ValueError(
            "must not hold a user name or password (user:password@), which would be stored and shown;"
            " let a short-lived ticket in the path or query open it"
        )
    return url


def check_page_host(url: str, allowed_hosts: Sequence[str]) -> None:
    """Raise PageNotAllowed unless the page's host may be recorded.

    Args:
        url: a URL that `check_page_url` accepted.
        allowed_hosts: globs such as `*.example.com`, in any script; empty means any public host. A literal private,
            loopback or link-local address needs a glob that names it.
    """
    host = _host(url)
    if allowed_hosts:
        if not hosts.matches(host, allowed_hosts):
            raise PageNotAllowed(f"the page's host {host[:200]} is not among WEBRECORD_ALLOWED_HOSTS")
        return
    if _is_local(host):
        raise PageNotAllowed(f"the page's host {host[:200]} is not public; WEBRECORD_ALLOWED_HOSTS may allow it")


def _host(url: str) -> str:
    # The parser follows the URL standard as browsers do: http://2130706433/ is 127.0.0.1 here as it is there,
    # and a backslash ends the host.
    try:
        host = Url(url).host
    except ValueError:
        raise ValueError("is not a URL that a browser can open") from None
    if not host:
        raise ValueError("has no host")
    return host.rstrip(".").lower()


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host in LOCAL_NAMES or host.endswith(LOCAL_DOMAINS) or "." not in host
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local or any(address in network for network in _TRANSLATED):
            return True
        address = address.ipv4_mapped or address.sixtofour or address
    return not address.is_global or address.is_multicast
