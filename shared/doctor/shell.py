"""What the doctor takes from a shell: a .env file, and proxies, of which only calls to TRTC's API make use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

MAX_BYTES = 1_000_000
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def read_env(path: Path) -> dict[str, str]:
    """Return what a .env file sets; an empty line keeps the default.

    Raises:
        ValueError: there is no such file, or it is none; one line that names it and never holds a value.
    """
    from io import StringIO

    from dotenv.main import DotEnv
    from dotenv.parser import parse_stream

    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{path} is no .env file: it has more than {MAX_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"there is no file {path}") from None
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8: save it as UTF-8") from None
    lines = list(parse_stream(StringIO(text)))
    wrong = next((line for line in lines if line.error or "\0" in (line.value or "")), None)
    if wrong:
        raise ValueError(f"{path}, line {wrong.original.line}: is not NAME=value")
    values = DotEnv(None, StringIO(text), interpolate=False).dict()
    twice = [name for name in values if len({line.value for line in lines if line.key == name}) > 1]
    if twice:
        raise ValueError(f"{path} sets {', '.join(twice)} more than once: keep one line of each")
    return {name: value for name, value in values.items() if name and value}


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
