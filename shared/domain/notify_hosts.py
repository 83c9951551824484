"""Where notifications may go: https to an allowed host, and never to a private address. Pure.

A caller chooses the URL, so the function must not become a way into the network it runs in.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from pydantic_core import Url

from shared.domain import hosts
from shared.domain.errors import WebRecordError
from shared.domain.pages import check_page_url

_NOT_PUBLIC_IPV4 = tuple(
    # IANA IPv4 Special-Purpose Address Registry, and multicast. Python's own lists differ between its releases.
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # IANA has given out nothing else
_NOT_PUBLIC_IPV6 = tuple(
    # IETF protocols (Teredo is one), documentation: IANA IPv6 Special-Purpose Address Registry.
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class NotificationError(WebRecordError):
    """A notification did not arrive, or may not be sent.

    Attributes:
        reason: one line: the HTTP status or the kind of failure. Never holds a secret, what the receiver said,
            or more of the URL than its host: a path may be a secret as well as a query.
        ended: whether the receiver wants no more of this URL's notifications (410).
    """

    def __init__(self, reason: str, *, ended: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ended = ended


def check_notify_url(url: str, allowed_hosts: Sequence[str]) -> None:
    """Check what can be told of a notification's URL without asking a name server.

    Args:
        url: the caller's, or the configured one.
        allowed_hosts: globs such as `*.example.com`; empty means nobody is notified. An entry without
            wildcards also allows plain http, and a private address that it spells out.

    Raises:
        ValueError: it may not be notified; the message follows the field's name and holds no more than the host.
    """
    check_page_url(url)
    parsed = Url(url)
    host = host_of(parsed)
    if parsed.username or parsed.password:
        raise ValueError("must not hold a user name or password")
    if as_address(host) is None and not _NAME.fullmatch(host):
        raise ValueError("has a host that is no host name")
    if not hosts.matches(host, allowed_hosts):
        raise ValueError(f"has a host that may not be notified: {host[:200]} is not among WEBRECORD_NOTIFY_HOSTS")
    if names_literally(host, allowed_hosts):
        return
    if parsed.scheme != "https":
        raise ValueError("must be https; only a host that is allowed by its full name may be notified over http")
    if (address := as_address(host)) is not None and not is_public(address):
        raise ValueError(f"has a private address as its host: {host}; WEBRECORD_NOTIFY_HOSTS must name it in full")


def host_of(url: Url) -> str:
    """Return the host as a browser sees it: lower case, no final dot, brackets around an IPv6 address."""
    return (url.host or "").rstrip(".").lower()


def as_address(host: str) -> str | None:
    """Return the IP address that a host (of `host_of`) spells out; None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def names_literally(host: str, allowed_hosts: Sequence[str]) -> bool:
    """Tell whether an entry is this very host, without a wildcard."""
    return hosts.names(host, allowed_hosts)


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public Internet, to the last address that is wrapped in it.

    Private, shared, loopback, link-local, multicast, reserved and unspecified addresses are not, nor is an
    IPv4-mapped, 6to4 or NAT64 address of one, nor Teredo, nor what is not an address at all.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is None:
            return parsed in _GLOBAL_UNICAST and not any(parsed in network for network in _NOT_PUBLIC_IPV6)
        parsed = inner
    return not any(parsed in network for network in _NOT_PUBLIC_IPV4)
