"""Which pages may be recorded: http(s) only, allowed hosts only, and never a private address by default."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.domain import hosts
from shared.domain.addresses import as_address, host_of, is_public_host
from shared.domain.errors import PageNotAllowed
from shared.domain.hosts import PRIVATE, REFUSE
from shared.domain.wrongs import Wrong

_UNFIT = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_RELAY = re.compile(r"rtmp://(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#\\:@\[\]%]+)(:[0-9]{1,5})?(/[^\\]*)?", re.DOTALL)
_BEFORE_PATH = re.compile(r"[^/\\?#]*[/\\]*[^/\\?#]*")
"""Up to where a browser looks for user information: slashes of any number and kind may come before it."""


def check_page_url(url: str) -> str:
    """Return the URL if a browser can open it as an http(s) page, or raise Wrong."""
    if _UNFIT.search(url):
        raise Wrong("spaces")
    if url.split(":", 1)[0].lower() not in ("http", "https"):
        raise Wrong("no_http")
    host_of(url)
    return url


def check_no_login(url: str) -> str:
    """Return the URL if it holds no user name or password (it is stored and shown as it is), or raise Wrong."""
    # Not as part of the expression: where there is none, each of thousands of letters were tried as the last one.
    if (found := _BEFORE_PATH.match(url)) and "@" in found[0]:
        raise Wrong("login")
    return url


def check_page_host(url: str, allowed_hosts: Sequence[str]) -> None:
    """Raise PageNotAllowed unless the page's host may be recorded: one of these globs, or any public one without them.

    A private host (a loopback or link-local address, a name known only at home) must be named in full.
    """
    host = host_of(url)
    wrong = _host_wrong(host, allowed_hosts)
    if wrong == "refused":
        raise PageNotAllowed(f"the page's host {host[:200]} is not among WEBRECORD_ALLOWED_HOSTS")
    if wrong:
        raise PageNotAllowed(f"the page's host {host[:200]} is private; WEBRECORD_ALLOWED_HOSTS must name it in full")


def _host_wrong(host: str, globs: Sequence[str]) -> str | None:
    private = not is_public_host(host)
    if hosts.names(host, globs) or (private and PRIVATE in globs):
        return None
    if globs and not hosts.matches(host, globs):
        return "refused"
    return "private" if private else None


def relay_wrongs(urls: Sequence[str], allowed_hosts: Sequence[str]) -> list[tuple[int, Wrong]]:
    """Return which of these RTMP addresses a page may not be relayed to, and why: no more of an address than its host.

    The globs are as for pages; `refuse` alone switches relays off.
    """
    told = [(number, _relay_wrong(url, allowed_hosts)) for number, url in enumerate(urls)]
    return [(number, why) for number, why in told if why]


def _relay_wrong(url: str, allowed_hosts: Sequence[str]) -> Wrong | None:
    if tuple(allowed_hosts) == (REFUSE,):
        return Wrong("relay_off")
    # RTMP clients read addresses each in their own way: only what has one reading is taken.
    found = _RELAY.fullmatch(url)
    try:
        host = host_of(f"http://{found['host']}") if found else ""
    except ValueError:
        host = ""
    if not found or not host or (as_address(host) and "[" not in host and host != found["host"]):
        return Wrong("relay_host")
    wrong = _host_wrong(host, allowed_hosts)
    return Wrong(f"relay_{wrong}", host=host[:200]) if wrong else None
