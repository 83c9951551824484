"""A real HTTP server whose answers a test writes: for what the local cloud does not do on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving


@dataclass
class Call:
    """A request as it came; header names are lower-case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """A reply. `cut` sends only so many bytes of the body and breaks the connection."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Scripted:
    """A server at `url`; `calls` has every request in order."""

    url: str
    calls: list[Call] = field(default_factory=list)


@contextmanager
def scripted(answer: Callable[[Call], Answer]) -> Iterator[Scripted]:
    """Run a server that answers as the function says."""
    calls: list[Call] = []
    with serving(_handler(answer, calls)) as server:
        yield Scripted(server.url, calls)


def _handler(answer: Callable[[Call], Answer], calls: list[Call]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            calls.append(call := Call(self.command, parts.path, query, headers, body))
            reply = answer(call)
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            for name, value in {"Content-Length": str(len(data)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: reply.cut])
            self.wfile.flush()
            if reply.cut is not None:
                self.close_connection = True

        do_GET = do_POST = do_DELETE = _any  # noqa: N815 (the base class's names)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
