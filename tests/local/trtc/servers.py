"""Real servers for the tests: an ASGI application on a free port, and HTTP receivers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import uvicorn
from starlette.applications import Starlette

from tests.serving import Server

KEY = "123654"


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait for a condition, fail when it does not come.

    What takes longer is asked for less often: each time it may cost a call to a cloud.
    """
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        assert waited_s < timeout_s, "the awaited condition did not come"
        time.sleep(min(0.005 + waited_s / 20, 0.05))


@contextmanager
def serve(app: Starlette) -> Iterator[str]:
    """Run an application under uvicorn in a thread; yields `127.0.0.1:PORT`."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class WebhookServer:
    """An HTTP server that keeps what it receives; `statuses` are answered first, then 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.status = 200
        self.delays_s: list[float] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
                time.sleep(receiver.delays_s.pop(0) if receiver.delays_s else 0)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.send_header("ETag", '"0"')
                self.end_headers()

            do_POST = do_PUT = _take  # noqa: N815 - names of the standard library's server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = self._server.url
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def callbacks(self) -> list[dict[str, Any]]:
        """Return the received callbacks after checking each signature by a computation of the test's own."""
        events = []
        for _, headers, body in list(self.requests):
            expected = base64.b64encode(hmac.digest(KEY.encode(), body, hashlib.sha256)).decode()
            assert expected == headers["Sign"]
            assert headers["Content-Type"] == "application/json"
            events.append(json.loads(body))
        return events

    def types(self) -> list[int]:
        """Return the event types received so far."""
        return [event["EventType"] for event in self.callbacks()]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
