"""Which proxy a call goes through, as the environment names it. What goes to this machine never asks one."""

from __future__ import annotations

import ipaddress
import platform
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from webrecord.errors import BadUsage
from webrecord.words import t

KINDS = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy: its address, which may hold a login, and the variable that names it."""

    variable: str
    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The address without a login."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an address; None where it is called directly.

    Raises:
        BadUsage: the variable names no proxy that can be used; its value, which may hold a password, is not repeated.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or {"http": 80}.get(parts.scheme, 443)
    if is_this_machine(host):
        return None
    names = [f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"]
    found = next(((name, value) for name in names if (value := environ.get(name, "").strip())), None)
    if found is None:
        return _of_the_system(parts.scheme, host)
    if _is_excepted(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return _checked(*found)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine: `localhost`, 127.0.0.0/8, `::1`."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or re.fullmatch(r"127(\.\d{1,3}){1,3}", name):
        return True
    address = _address(name)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_sendable(host: str) -> bool:
    """Tell whether a resolver can be asked for a host; there is none with an empty label, or one of 64 letters."""
    try:
        return bool(host) and (":" in host or bool(host.encode("idna")))
    except UnicodeError:
        return False


def as_sent(name: str) -> str:
    """Return a name in another script as it is sent, `xn--…`; what is none stays as it is."""
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether NO_PROXY has the host: names with what is below them, addresses, networks; nonsense has none."""
    name, address = as_sent(host.rstrip(".").lower()), _address(host)
    for entry in re.split(r"[\s,;]+", no_proxy.lower()):
        text, with_port = entry.rpartition("://")[2], re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", entry)
        if with_port:
            if int(with_port[2]) != port:
                continue
            text = with_port[1]
        text = text.strip("[]")
        if text == "*" or (address is not None and _holds(text, address)):
            return True
        domain = as_sent(text.removeprefix("*").strip("."))
        if address is None and domain and (name == domain or name.endswith(f".{domain}") or fnmatchcase(name, domain)):
            return True
    return False


def _holds(text: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _of_the_system(scheme: str, host: str) -> Proxy | None:
    """Return what the settings of macOS or Windows say; elsewhere there is only the environment."""
    if platform.system() not in ("Darwin", "Windows") or urllib.request.proxy_bypass(host):
        return None
    value = urllib.request.getproxies().get(scheme)
    return _checked(t("the system's proxy setting"), value) if value else None


def _checked(variable: str, value: str) -> Proxy:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        whole = is_sendable(parts.hostname or "") and (parts.port is None or parts.port > 0) and url.isprintable()
    except ValueError:
        whole = False
    kind = url.partition("://")[0].lower()
    if kind not in KINDS:
        raise BadUsage(
            t(
                "{variable}: a proxy of the kind {kind} can't be used, only {names}; change it, or put the host"
                " into NO_PROXY",
                variable=variable,
                kind=kind[:20],
                names=", ".join(KINDS),
            )
        )
    if not whole:
        raise BadUsage(
            t(
                "{variable} is not a proxy's address; write http://host:port or socks5://host:port",
                variable=variable,
            )
        )
    return Proxy(variable, f"{kind}://{url.partition('://')[2]}")
