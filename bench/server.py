"""A cloud that answers at once, for measuring what talks to it: objects and TRTC's calls in memory, nothing checked.

Its own time is small and the same for all. It runs in a process of its own (`Answering`). Besides the two APIs it has
`/-/journal` (the calls since it was last asked), `/-/save` and `/-/restore` (the objects as they were).
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

Reply = tuple[int, dict[str, str], bytes]
_META = "x-cos-meta-"


class Objects:
    """What is stored, and what was called."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.saved: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.journal: list[dict[str, Any]] = []
        self.tasks = 0
        self.begun = False
        """Whether a call came since `save`."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one call."""
        url = urlsplit(target)
        key, query = unquote(url.path).lstrip("/"), dict(parse_qsl(url.query))
        if key.startswith("-/"):
            return self._control(key)
        meta = {name: value for name, value in headers.items() if name.startswith(_META)}
        call = {"method": method, "key": key, "query": query, "headers": meta, "body": body.decode("latin-1")}
        self.journal.append({**call, "action": headers.get("x-tc-action"), "host": headers.get("host")})
        if "x-tc-action" in headers:
            return self._trtc(headers["x-tc-action"])
        if method == "PUT":
            if headers.get("x-cos-forbid-overwrite") == "true" and key in self.stored:
                return 409, {}, _error("FileAlreadyExists")
            self.stored[key] = body, meta
            return 200, {"ETag": '"1"'}, b""
        if method == "DELETE":
            self.stored.pop(key, None)
            return 204, {}, b""
        if not key:
            return self._listing(query)
        if key not in self.stored:
            return 404, {}, _error("NoSuchKey")
        content, meta = self.stored[key]
        return 200, {"ETag": '"1"', **meta}, content

    def _control(self, key: str) -> Reply:
        if key == "-/save":
            self.saved, self.begun = dict(self.stored), False
        elif key == "-/restore":
            self.stored = dict(self.saved)
        calls, self.journal = self.journal, []
        return 200, {}, json.dumps(calls).encode() if key == "-/journal" else b""

    def _trtc(self, action: str) -> Reply:
        self.tasks += 1
        answer: dict[str, object] = {"RequestId": f"request-{self.tasks}", "TaskId": f"Task+{self.tasks:08d}/=."}
        if action == "DescribeWebRecord":
            answer["Status"] = 1
        return 200, {"Content-Type": "application/json"}, json.dumps({"Response": answer}).encode()

    def _listing(self, query: Mapping[str, str]) -> Reply:
        prefix, marker = query.get("prefix", ""), query.get("marker", "")
        most = int(query.get("max-keys", "1000"))
        found = sorted(key for key in self.stored if key.startswith(prefix) and key > marker)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.stored[key][0])}</Size></Contents>"
            for key in found[:most]
        )
        cut = "true" if len(found) > most else "false"
        text = f"<ListBucketResult><IsTruncated>{cut}</IsTruncated>{rows}</ListBucketResult>"
        return 200, {"Content-Type": "application/xml"}, text.encode()


class Answering:
    """`with Answering() as url:` runs it in a process of its own; answers wait for so long, the first for longer."""

    def __init__(self, wait_s: float = 0.0, first_s: float = 0.0) -> None:
        self._waits = wait_s, first_s

    def __enter__(self) -> str:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, *self._waits), daemon=True)
        self._process.start()
        if not ours.poll(30):
            raise RuntimeError("the answering server did not start")
        return f"http://127.0.0.1:{ours.recv()}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def control(url: str, name: str) -> None:
    """Let the server `save` or `restore` its objects."""
    _send(url, {f"-/{name}": b""})


def put(url: str, objects: Mapping[str, bytes]) -> None:
    """Store objects under their keys."""
    _send(url, objects)


def _send(url: str, objects: Mapping[str, bytes]) -> None:
    connection = HTTPConnection(url.removeprefix("http://"))
    for key, body in objects.items():
        connection.request("PUT", f"/{key}", body)
        connection.getresponse().read()
    connection.close()


def _run(told: Connection, wait_s: float, first_s: float) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    told.send(listening.getsockname()[1])
    objects, lock = Objects(), threading.Lock()
    while True:
        caller, _ = listening.accept()
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(caller, objects, lock, wait_s, first_s), daemon=True).start()


def _serve(caller: socket.socket, objects: Objects, lock: threading.Lock, wait_s: float, first_s: float) -> None:
    with caller, caller.makefile("rb") as stream:
        while line := stream.readline():
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = {}
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            if headers.get("expect"):
                caller.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = stream.read(int(headers.get("content-length", "0")))
            if wait_s:
                with lock:
                    first, objects.begun = not objects.begun, True
                time.sleep(first_s if first else wait_s)
            with lock:
                status, more, content = objects.answer(method, target, headers, body)
            head = {"Content-Length": str(len(content)), **more}
            lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in head.items()), "", ""]
            caller.sendall("\r\n".join(lines).encode("latin-1") + content)


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
