"""Is a host on the public Internet? One rule for pages, relays and receivers of notifications. Pure, and total."""

from __future__ import annotations

import ipaddress

from pydantic_core import Url

from shared.domain.wrongs import Wrong

LOCAL_NAMES = ("localhost", "metadata.tencentyun.com")
"""The second is a public name of the link-local metadata server."""
LOCAL_DOMAINS = (
    ".localhost", ".localdomain", ".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan",
    ".home.arpa",
)  # fmt: skip
"""Endings that no public name has: RFC 6762, appendix G, and what systems call themselves."""
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


def host_of(url: str) -> str:
    """Return a URL's host as a browser reads it (lower case, no final dot, IPv6 in brackets), or raise Wrong."""
    # The parser follows the URL standard as browsers do: http://2130706433/ is 127.0.0.1 here as it is there,
    # and a backslash ends the host.
    try:
        host = Url(url).host
    except ValueError:
        raise Wrong("no_url") from None
    if not host:
        raise Wrong("no_host")
    return host.rstrip(".").lower()


def as_address(host: str) -> str | None:
    """Return the IP address that a host (of `host_of`) spells out; None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def is_public_host(host: str) -> bool:
    """Tell whether a host (of `host_of`) is no private address, and no name that is known only at home."""
    if (address := as_address(host)) is not None:
        return is_public(address)
    return "." in host and host not in LOCAL_NAMES and not host.endswith(LOCAL_DOMAINS)


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public Internet, to the last one wrapped in it (mapped, 6to4, NAT64).

    Private, shared, loopback, link-local, multicast, reserved and unspecified ones are not, nor Teredo, nor other text.
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
