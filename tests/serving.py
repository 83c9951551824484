"""An HTTP server for one test, on a socket of this machine."""

from __future__ import annotations

import random
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """A server whose clients may hang up; every other error is told as ever."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that is gone: its thread may outlive the test, and what the test prints to."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def answering(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Run a server that gives every call this answer; yield its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as server:
        yield server.url, asked


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[Server]:
    """Run a server for the time of the block."""
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def free_port() -> int:
    """Return a port nobody listens on."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return different ports nobody listens on: none of those that the system gives to whoever connects or asks."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)
