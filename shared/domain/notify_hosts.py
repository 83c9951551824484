"""Where notifications may go: https to an allowed host, and never to a private address. Pure.

A caller chooses the URL, so the function must not become a way into the network it runs in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic_core import Url

from shared.domain import hosts
from shared.domain.addresses import as_address, host_of, is_public_host
from shared.domain.errors import WebRecordError
from shared.domain.pages import check_page_url
from shared.domain.wrongs import Wrong

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class NotificationError(WebRecordError):
    """A notification did not arrive, or may not be sent. `ended`: the receiver wants no more of this URL's (410).

    `reason` is one line: the HTTP status or the kind of failure. It never holds a secret, what the receiver said, or
    more of the URL than its host: a path may be a secret as well as a query.
    """

    def __init__(self, reason: str, *, ended: bool = False) -> None:
        super().__init__(reason)
        self.reason = str(self)
        self.ended = ended


def check_notify_url(url: str, allowed_hosts: Sequence[str]) -> None:
    """Check what a notification's URL tells without a name server, or raise Wrong that names no more than its host.

    No globs of hosts means that nobody is notified. An entry without wildcards also allows plain http, and a private
    address that it spells out.
    """
    check_page_url(url)
    parsed, host = Url(url), host_of(url)
    if parsed.username or parsed.password:
        raise Wrong("notify_login")
    if as_address(host) is None and not _NAME.fullmatch(host):
        raise Wrong("notify_host")
    if not hosts.matches(host, allowed_hosts):
        raise Wrong("notify_refused", host=host[:200])
    if hosts.names(host, allowed_hosts):
        return
    if parsed.scheme != "https":
        raise Wrong("notify_http")
    if not is_public_host(host):
        raise Wrong("notify_private", host=host)
