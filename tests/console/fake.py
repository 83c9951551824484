"""A server with the real page and an API after docs/api.md whose recordings a test writes as it likes."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.http.console import reply
from tests.serving import Server

TOKEN = "a-token-of-the-console-tests"
FILES = "https://files.example.com"
"""Where the recorded files of the examples lie."""


class FakeApi:
    """`with FakeApi() as api:` serves `api.url` until the block ends.

    Attributes:
        documents: recordings by id, as GET /recordings/{id} replies; the list shows them in this order.
        events: what /events replies, two a page.
        refuse: a problem document for every call that is not about the page, instead of an answer.
        calls: (method, path with query, body, headers) of every call of the API.
        page_size: recordings of one page of the list.
        base: a path in front of everything, as an API Gateway has it.
    """

    def __init__(self, base: str = "") -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.refuse: dict[str, Any] | None = None
        self.calls: list[tuple[str, str, Any, dict[str, str]]] = []
        self.page_size = 50
        self.base = base
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, text = api.answer(
                    self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
                )
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 (http.server's names)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"{self._server.url}{base}/console"

    def __enter__(self) -> FakeApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        """Reply to one request: status, headers, body."""
        path = urlsplit(target).path.removeprefix(self.base)
        if path.startswith("/console"):
            lang = parse_qs(urlsplit(target).query).get("lang", [""])[0]
            page = reply(path.removeprefix("/console").strip("/"), headers.get("accept-language", ""), FILES, lang)
            return page.status, dict(page.headers), page.body
        given = json.loads(body) if body else None
        self.calls.append((method, target.removeprefix(self.base), given, headers))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return _problem(401, "The call is not authorized", "send a token")
        if self.refuse:
            return self.refuse["status"], {"Content-Type": "application/problem+json"}, json.dumps(self.refuse)
        query = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        found = self._route(method, path.split("/")[2:], query)
        etag = f'"{hashlib.sha256(json.dumps(found[1]).encode()).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, ""
        content_type = "application/json" if found[0] < 400 else "application/problem+json"
        return found[0], {"Content-Type": content_type, "ETag": etag}, json.dumps(found[1]) if found[1] else ""

    def _route(self, method: str, parts: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if not parts:
            return 200, self._page(query)
        document = self.documents.get(parts[0])
        if document is None:
            return 404, json.loads(_problem(404, "Not found", f"there is no recording {parts[0]}")[2])
        if method == "DELETE":
            del self.documents[parts[0]]
            return 204, None
        if method == "POST":
            document["state"] = "stopping"
            return 202, document
        return 200, self._events(query) if parts[1:] == ["events"] else document

    def _events(self, query: dict[str, str]) -> dict[str, Any]:
        first = int(query.get("after", "-1")) + 1
        more = {"next_after": str(first + 1)} if len(self.events) > first + 2 else {}
        return {"events": self.events[first : first + 2], **more}

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        states = query.get("state", "").split(",") if query.get("state") else []
        films = query["film"].split(",") if query.get("film") else []
        labels = [label.partition(":") for label in query.get("label", "").split(",") if label]
        wanted = [
            document
            for document in self.documents.values()
            if (not states or document["state"] in states)
            and (not films or document.get("film") in films)
            and all(document.get("labels", {}).get(name) == value for name, _, value in labels)
        ]
        begin = int(query.get("cursor", "0"))
        page: dict[str, Any] = {"recordings": wanted[begin : begin + self.page_size]}
        if begin + self.page_size < len(wanted):
            page["next_cursor"] = str(begin + self.page_size)
        return page


def _problem(status: int, title: str, detail: str) -> tuple[int, dict[str, str], str]:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "request_id": "r-1"}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(body)
