"""Servers that stand between: a SOCKS5 proxy, an HTTP proxy that refuses, a server that speaks TLS."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.serving import Server


@contextmanager
def listening(answer: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Run a TCP server for the time of the block; give its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class Socks5(socketserver.BaseRequestHandler):
    """Connects to the asked port of this machine, whatever host is asked for, and carries all to and fro."""

    def handle(self) -> None:
        self.request.recv(64)
        self.request.sendall(b"\x05\x00")
        asked = self.request.recv(512)
        with socket.create_connection(("127.0.0.1", int.from_bytes(asked[-2:], "big"))) as there:
            self.request.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            threading.Thread(target=_carry, args=(self.request, there), daemon=True).start()
            _carry(there, self.request)


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until it ends, and then the end."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Gibberish(socketserver.BaseRequestHandler):
    """Says what no proxy says."""

    def handle(self) -> None:
        self.request.recv(64)
        self.request.sendall(b"hello, what do you want?\r\n")


class WantsLogin(BaseHTTPRequestHandler):
    """An HTTP proxy that lets nobody through."""

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def speaking_tls(folder: Path) -> Iterator[str]:
    """Run a server behind TLS with a certificate that nobody signed; give its address with https."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("no openssl to make a certificate with")
    path = folder / "localhost.pem"
    new = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    made = subprocess.run([*new, "-subj", "/CN=localhost", "-out", str(path), "-keyout", "-"], capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with Server(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
