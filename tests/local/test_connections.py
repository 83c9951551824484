"""Connections that are opened and forgotten, and the descriptors that they take."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from local.bodies import BodyTooLate, read_body
from local.connections import IdleLimit, quieten
from tests.local.processes import ROOT


class Hasty(IdleLimit):
    idle_s = 0.2


class Slower(IdleLimit):
    idle_s = 1.0


class Patient(IdleLimit):
    idle_s = 3_600.0


@contextmanager
def served(app: Any, protocol: type[IdleLimit] = Hasty) -> Iterator[tuple[str, int]]:
    """Serve an application as the local cloud does, with less patience."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(app, http=protocol, lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            yield sock.getsockname()
        finally:
            server.should_exit = True
            thread.join()


async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
    await asyncio.sleep(5 * Hasty.idle_s)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_that_asks_nothing_is_closed(said: bytes) -> None:
    """Also one that never gets to the end of what it asks, after an answer, too."""
    with served(slow) as place:
        for before in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection(place, timeout=60) as client:
                client.sendall(before)
                if before:
                    assert client.recv(4096).startswith(b"HTTP/1.1 204")
                client.sendall(said)
                assert b"" == client.recv(4096)


def test_a_request_is_answered_however_long_that_takes() -> None:
    """IdleLimit is for whoever says nothing, not for what is waited for."""
    with served(slow) as place, socket.create_connection(place, timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 204")


async def reading(_scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await slow(_scope, receive, send)


def test_a_body_that_stops_half_way_is_waited_for_no_longer() -> None:
    """An upload whose sender hangs holds no connection, and no file, for ever; one that goes on may take its time."""
    asks = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab"
    with served(reading) as place:
        with socket.create_connection(place, timeout=60) as client:
            client.sendall(asks)
            assert b"" == client.recv(4096)
        with socket.create_connection(place, timeout=60) as client:
            client.sendall(asks)
            for byte in b"cdef":
                time.sleep(0.6 * Hasty.idle_s)
                client.sendall(bytes([byte]))
            assert client.recv(4096).startswith(b"HTTP/1.1 204")


WHOLE = 24 * 1024 * 1024
"""More than the system takes off our hands."""


async def at_once(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(WHOLE)})


async def piece_by_piece(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(24):
        await send({"type": "http.response.body", "body": bytes(WHOLE // 24), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


ANSWERS = pytest.mark.parametrize("app", [at_once, piece_by_piece])


@contextmanager
def asking(place: tuple[str, int], family: socket.AddressFamily = socket.AF_INET) -> Iterator[socket.socket]:
    """Ask, and take nothing of the answer yet."""
    with socket.socket(family) as client:
        client.settimeout(60)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(place if family == socket.AF_INET else (f"::ffff:{place[0]}", place[1]))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        yield client


def left_in(client: socket.socket) -> int:
    """Return how many bytes come until the connection ends."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    size = 0
    with suppress(ConnectionError):
        while data := client.recv(1 << 20):
            size += len(data)
    return size


@ANSWERS
def test_an_answer_that_nobody_takes_is_given_up(app: Any) -> None:
    """Whether all of it is handed over, or we wait to hand over more: it holds no connection and no memory."""
    with served(app) as place, asking(place) as client:
        time.sleep(5 * Hasty.idle_s)
        assert left_in(client) < WHOLE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a byte")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@ANSWERS
def test_an_answer_that_is_taken_byte_by_byte_goes_on(app: Any, family: socket.AddressFamily) -> None:
    """Also by a program whose sockets are all of IPv6."""
    with served(app, Slower) as place, asking(place, family) as client:
        for _ in range(30):
            time.sleep(0.1 * Slower.idle_s)
            assert 1 == len(client.recv(1))
        assert left_in(client) > WHOLE


@ANSWERS
def test_the_end_waits_for_no_reader_who_takes_nothing(app: Any) -> None:
    """It would wait for as long as a request may be answered, and tell of it by a trace."""
    with ExitStack() as behind, served(app, Patient) as place:
        assert 1 == len(behind.enter_context(asking(place)).recv(1))


def test_a_body_that_never_ends_is_given_up() -> None:
    """One byte after the other holds no memory for ever."""

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"x", "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, drip)
    with pytest.raises(BodyTooLate, match=r"did not come within 0\.1 s"):
        asyncio.run(read_body(request, 1 << 20, within_s=0.1))


def test_no_descriptor_left_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Not one for each connection that waits; other faults are logged as ever."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        quieten(loop)
        for _ in range(100):
            full = {
                "message": "socket.accept() out of system resource",
                "exception": OSError(24, "Too many open files"),
            }
            loop.call_exception_handler(full)
        loop.call_exception_handler({"message": "something else"})

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    lines = [record.getMessage() for record in caplog.records]
    assert ["no connection can be taken: [Errno 24] Too many open files; see `ulimit -n`", "something else"] == lines


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_low_limit_of_descriptors_is_raised() -> None:
    """Shells of many systems allow 256 or 1,024, and more if asked."""
    script = """import resource
from local.connections import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 2000))
raise_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE))"""
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "(2000, 2000)" == said.strip()
