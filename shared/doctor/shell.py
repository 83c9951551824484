"""What the doctor takes from a shell: proxies, of which only calls to TRTC's API make use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def unusable_proxies(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that name a proxy which can't be used, each with what is wrong, without its value."""
    found = {name: _wrong(value.strip()) for name, value in sorted(environ.items()) if name.lower() in PROXIES}
    return {name: wrong for name, wrong in found.items() if wrong}


def _wrong(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        fine = bool(parts.hostname) and parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:
        fine = False
    if fine and parts.scheme.startswith("socks"):
        return "names a SOCKS proxy, which this command does not speak"
    return "" if fine and parts.scheme in ("http", "https") else "is not http://host:port"


def call_this_machine_directly(endpoint: str | None) -> None:
    """Keep proxies out of calls to an endpoint on this machine, of this process."""
    host = (endpoint or "").rpartition("://")[2]
    name = host.partition(":")[0].lower()
    if name == "localhost" or name.startswith("127."):
        for variable in ("NO_PROXY", "no_proxy"):  # TRTC's SDK looks for host:port in it, requests for the host
            os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), host, name)))
