"""Notifications on real sockets: what arrives verifies, what fails says how, and nothing private is reached."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from shared.adapters.notify import WebhookNotifier
from shared.domain.notify_hosts import NotificationError
from tests.serving import Server, free_port

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PROMPT_S = 10
"""Far more than the time allowed, far less than the servers here go on for: a busy machine is no failure."""
BODY = '{"type": "recording.completed", "data": {"note": "完成 ✓"}}\n'.encode()


@dataclass
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A web server that answers every POST alike and keeps what it got."""

    status: int = 204
    location: str | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def serve(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
        """Answer until the block ends."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        class Counting(Server):
            def get_request(self) -> tuple[socket.socket, object]:
                connection, address = super().get_request()
                receiver.connections += 1
                return connection, address

        server = Counting((host, port), Handler)
        if tls:
            tls.sni_callback = lambda _socket, name, _context: receiver.names.append(name)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with Receiver().serve() as receiver:
        yield receiver


@contextmanager
def speaking(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server that does what it likes with a connection; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    behave(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # ends a waiting accept
            thread.join()


@dataclass
class Names:
    """A name server: gives each answer once, the last one for ever, and keeps the questions."""

    answers: list[list[str]]
    asked: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def notifier(
    *hosts: str, names: Callable[[str, int], list[str]] | None = None, timeout_s: float = 5
) -> WebhookNotifier:
    """Return a notifier for this machine, or for these hosts."""
    return WebhookNotifier(
        SecretStr(SECRET), hosts or ("127.0.0.1",), timeout_s=timeout_s, resolve=names or Names([["127.0.0.1"]])
    )


def send(by: WebhookNotifier, url: str, webhook_id: str = "msg_1", at_s: int | None = None) -> None:
    """Send the body, now."""
    by.send(url, webhook_id, int(time.time()) if at_s is None else at_s, BODY)


def reason(by: WebhookNotifier, url: str) -> str:
    """Send what must fail; return the reason."""
    with pytest.raises(NotificationError) as caught:
        send(by, url)
    assert "\n" not in caught.value.reason
    return caught.value.reason


# What arrives


def test_the_receiver_can_verify_it(receiver: Receiver) -> None:
    """The specification's own library accepts what arrives, and the body is what was sent, byte for byte."""
    send(notifier(), f"http://127.0.0.1:{receiver.port}/hook?token=1&b=%20c#frag")
    [got] = receiver.received
    assert got.body == BODY
    assert got.path == "/hook?token=1&b=%20c"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "scf-webrecord"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert Webhook(SECRET).verify(got.body, got.headers)["type"] == "recording.completed"


def test_the_callers_trace_goes_on(receiver: Receiver) -> None:
    """The header that the recording was asked for with; none where there was none."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    url = f"http://127.0.0.1:{receiver.port}/hook"
    notifier().send(url, "msg_1", int(time.time()), BODY, trace)
    send(notifier(), url)
    first, second = receiver.received
    assert trace == first.headers["traceparent"]
    assert "traceparent" not in second.headers


def test_the_signature_is_the_specified_one(receiver: Receiver) -> None:
    """The signature is base64(HMAC-SHA256(key, id.timestamp.body)), computed here by hand."""
    send(notifier(), f"http://127.0.0.1:{receiver.port}", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1674087231)
    [got] = receiver.received
    digest = hmac.new(KEY, b"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.1674087231." + BODY, hashlib.sha256).digest()
    expected = {
        "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "webhook-timestamp": "1674087231",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    assert expected == {name: value for name, value in got.headers.items() if name.startswith("webhook-")}


def test_a_repetition_keeps_its_id(receiver: Receiver) -> None:
    """Two tries of one message have the same id and their own times."""
    receiver.status = 500
    url, by = f"http://127.0.0.1:{receiver.port}/", notifier()
    for at_s in (1_700_000_000, 1_700_000_060):
        with pytest.raises(NotificationError):
            send(by, url, at_s=at_s)
    assert ["msg_1", "msg_1"] == [got.headers["webhook-id"] for got in receiver.received]
    assert ["1700000000", "1700000060"] == [got.headers["webhook-timestamp"] for got in receiver.received]


def test_a_host_that_is_no_longer_allowed_is_not_notified(receiver: Receiver) -> None:
    """It was when the recording was accepted: its notifications end, with the reason, and nothing is sent."""
    by = notifier("hooks.example")
    with pytest.raises(NotificationError, match="is not among WEBRECORD_NOTIFY_HOSTS") as raised:
        send(by, f"http://127.0.0.1:{receiver.port}/")
    assert (True, 0) == (raised.value.ended, receiver.connections)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy in the environment would see the message, and connect where it likes: it is not asked."""
    with Receiver().serve() as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        send(notifier(), f"http://127.0.0.1:{receiver.port}/")
        assert (1, 0) == (receiver.connections, proxy.connections)


# What the receiver says


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    """Whatever 2xx comes, the notification is delivered."""
    receiver.status = status
    send(notifier(), f"http://127.0.0.1:{receiver.port}/")
    assert 1 == len(receiver.received)


@pytest.mark.parametrize("status", [103, 304, 400, 401, 404, 410, 429, 500, 502, 503, 599])
def test_anything_else_is_a_failure(receiver: Receiver, status: int) -> None:
    """Any other status is a failure that names it; one request was made."""
    receiver.status = status
    assert reason(notifier(), f"http://127.0.0.1:{receiver.port}/").startswith(f"127.0.0.1 answered {status}")
    assert 1 == receiver.connections


@pytest.mark.parametrize("status", [404, 409, 410, 411, 500])
def test_410_alone_ends_it(receiver: Receiver, status: int) -> None:
    """As Standard Webhooks has it: the endpoint is to be disabled. Everything else is tried again."""
    receiver.status = status
    with pytest.raises(NotificationError) as error:
        notifier().send(f"http://127.0.0.1:{receiver.port}/", "id", 1, b"{}")
    assert (status == 410) == error.value.ended


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    """A redirect is a failure that says so, and its target is not visited."""
    with Receiver().serve() as target:
        receiver.status, receiver.location = status, f"http://127.0.0.1:{target.port}/"
        expected = f"127.0.0.1 answered {status}: redirects are not followed"
        assert expected == reason(notifier(), f"http://127.0.0.1:{receiver.port}/")
        assert (1, 0) == (receiver.connections, target.connections)


def drip(prefix: bytes) -> Callable[[socket.socket], None]:
    """Return a server that sends the prefix at once, then a byte now and then for a long time."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(prefix)
        for _ in range(2_000):
            connection.sendall(b"x")
            time.sleep(0.02)

    return behave


def reset(connection: socket.socket) -> None:
    """Hang up as hard as one can."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang(connection: socket.socket) -> None:
    """Read everything until the other side gives up, and say nothing."""
    while connection.recv(65536):
        pass


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Return a server that gives this answer and closes."""

    def behave(connection: socket.socket) -> None:
        while BODY not in connection.recv(65536):
            pass
        connection.sendall(answer)

    return behave


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (saying(b""), "closed the connection without an answer"),
        (reset, "closed the connection without an answer"),
        (saying(b"private rubbish\r\n\r\n"), "did not answer in HTTP"),
        (saying(b"\x00\xff" * 100), "did not answer in HTTP"),
        (saying(b"\r\n"), "did not answer in HTTP"),
        (saying(b"HTTP/1.1 private\r\n\r\n"), "did not answer in HTTP"),
        (saying(b"HTTP/9.9 200 private\r\n\r\n"), "did not answer in HTTP"),
        (saying(b"HTTP/1.1 200 " + b"x" * 70_000), "did not answer in HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000), "did not answer in HTTP"),
        (saying(b"HTTP/1.1 500 private\r\n\r\nprivate"), "answered 500"),
    ],
)
def test_a_bad_server(behave: Callable[[socket.socket], None], expected: str) -> None:
    """However the server misbehaves, the kind of failure is told, and its words are not repeated."""
    with speaking(behave) as url, pytest.raises(NotificationError) as caught:
        send(notifier(), url)
    assert f"127.0.0.1 {expected}" == caught.value.reason
    assert "private" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "behave",
    [
        hang,
        drip(b""),
        drip(b"HTTP/1.1 200 "),
        drip(b"HTTP/1.1 200 OK\r\nA: "),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 3),
    ],
)
def test_a_slow_server(behave: Callable[[socket.socket], None]) -> None:
    """A server that hangs or drips costs no more than the time allowed."""
    with speaking(behave) as url:
        began = time.monotonic()
        told = reason(notifier(timeout_s=0.25), url)
        assert time.monotonic() - began < PROMPT_S
    assert "127.0.0.1 did not answer in time" == told


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"])
def test_an_endless_answer_is_success(answer: bytes) -> None:
    """The status is what counts: nobody waits for the rest of an answer."""
    with speaking(drip(answer)) as url:
        began = time.monotonic()
        send(notifier(), url)
        assert time.monotonic() - began < PROMPT_S


def test_a_large_body_into_a_slow_reader() -> None:
    """A server that takes the body drop by drop does not get more time either."""

    def sip(connection: socket.socket) -> None:
        for _ in range(250):
            connection.recv(65536)
            time.sleep(0.003)

    with speaking(sip) as url:
        began = time.monotonic()
        with pytest.raises(NotificationError, match="did not answer in time"):
            notifier(timeout_s=0.25).send(url, "msg_1", 1, b"1" * 30_000_000)
        assert time.monotonic() - began < PROMPT_S


def test_nobody_listens() -> None:
    """A closed port is told from a slow server."""
    assert "127.0.0.1 refused the connection" == reason(notifier(), f"http://127.0.0.1:{free_port()}/")


# Where it may go


@pytest.mark.parametrize(
    ("hosts", "url", "expected"),
    [
        (("hooks.example",), "http://127.0.0.1:{}/", "the URL has a host that may not be notified: 127.0.0.1"),
        (("*",), "https://127.0.0.1:{}/", "the URL has a private address as its host: 127.0.0.1"),
        (("*.1",), "http://127.0.0.1:{}/", "the URL must be https; only a host that is allowed by its full name"),
        (("127.0.0.1",), "http://u:p@127.0.0.1:{}/", "the URL must not hold a user name or password"),
        (("*",), "ftp://127.0.0.1:{}/", "the URL must be an absolute http"),
    ],
)
def test_not_allowed(receiver: Receiver, hosts: tuple[str, ...], url: str, expected: str) -> None:
    """A URL that may not be notified is refused before anything is resolved or connected."""
    names = Names([["127.0.0.1"]])
    assert reason(notifier(*hosts, names=names), url.format(receiver.port)).startswith(expected)
    assert ([], 0) == (names.asked, receiver.connections)


def test_nobody_by_default(receiver: Receiver) -> None:
    """Without allowed hosts nobody is notified."""
    by = WebhookNotifier(SecretStr(SECRET), [])
    said = reason(by, f"http://127.0.0.1:{receiver.port}/")
    assert "the URL has a host that may not be notified: 127.0.0.1 is not among WEBRECORD_NOTIFY_HOSTS" == said
    assert 0 == receiver.connections


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["0.0.0.0"],
        ["::1"],
        ["::"],
        ["fe80::1%lo"],
        ["::ffff:10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["2002:7f00:1::"],
        ["64:ff9b::127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "1.1.1.1", "9.9.9.9", "2606:4700::1111", "127.0.0.1"],
        ["localhost"],
        ["127.1"],
    ],
)
@pytest.mark.parametrize(
    ("host", "entry"), [("hooks.example", "hooks.example"), ("a.hooks.example", "*.hooks.example")]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_private_after_resolution(receiver: Receiver, addresses: list[str], host: str, entry: str, scheme: str) -> None:
    """One private address among a name's is enough to refuse it, and nobody sees a connection."""
    by = notifier(entry, names=Names([addresses]))
    if scheme == "http" and "*" in entry:
        assert "must be https" in reason(by, f"{scheme}://{host}:{receiver.port}/")
    else:
        expected = f"{host} resolves to an address that is not public"
        assert expected == reason(by, f"{scheme}://{host}:{receiver.port}/")
    assert 0 == receiver.connections


def test_a_name_is_resolved_once_and_that_address_is_used() -> None:
    """A name server that changes its mind changes nothing: one question, and the connection goes to the answer."""
    names = Names([["127.0.0.2"], ["127.0.0.1"]])
    port = free_port()
    with Receiver().serve("127.0.0.2", port) as right, Receiver().serve("127.0.0.1", port) as wrong:
        send(notifier("localhost", names=names), f"http://localhost:{right.port}/")
        assert [("localhost", right.port)] == names.asked
        assert (1, 0) == (right.connections, wrong.connections)
        assert f"localhost:{right.port}" == right.received[0].headers["host"]


class Guard:
    """Sees what this process asks of the network, from Python's own audit events, and refuses every connection."""

    def __init__(self) -> None:
        self.on = False
        self.looked_up: set[object] = set()
        self.opened: list[object] = []
        sys.addaudithook(self._see)  # there is no way to take it out again

    def _see(self, event: str, details: tuple[object, ...]) -> None:
        if self.on and event == "socket.getaddrinfo":
            self.looked_up.add(details[0])
        if self.on and event == "socket.connect":
            self.opened.append(details[1])
            raise ConnectionRefusedError


@pytest.fixture
def guard() -> Iterator[Guard]:
    """A guard before the Internet, which a test must not reach."""
    guard = Guard()
    guard.on = True
    yield guard
    guard.on = False


def test_a_public_name_is_tried_where_it_was_checked(guard: Guard) -> None:
    """Sockets are opened to the addresses that were checked, three at most, and the name is never looked up anew."""
    names = Names([["8.8.8.8", "9.9.9.9", "1.1.1.1", "8.8.4.4"], ["127.0.0.1"]])
    assert "hooks.example refused the connection" == reason(notifier("*", names=names), "https://hooks.example./x")
    assert [("8.8.8.8", 443), ("9.9.9.9", 443), ("1.1.1.1", 443)] == guard.opened
    assert {"8.8.8.8", "9.9.9.9", "1.1.1.1"} == guard.looked_up
    assert [("hooks.example", 443)] == names.asked


def test_public_ipv6(guard: Guard) -> None:
    """An IPv6 address of a name, or as the host, is connected to as it is."""
    reason(notifier("*", names=Names([["2606:4700::1111"]])), "https://hooks.example:8443/")
    reason(notifier("*"), "https://[2606:4700::2222]/")
    assert [("2606:4700::1111", 8443, 0, 0), ("2606:4700::2222", 443, 0, 0)] == guard.opened


def test_the_next_address_is_tried(receiver: Receiver) -> None:
    """When the first address does not connect, the next one gets the message."""
    send(notifier("localhost", names=Names([["127.0.0.3", "127.0.0.1"]])), f"http://localhost:{receiver.port}/")
    assert 1 == len(receiver.received)


def test_an_address_is_not_resolved(receiver: Receiver) -> None:
    """A host that is an address asks no name server, however it is spelt."""
    names = Names([["8.8.8.8"]])
    send(notifier(names=names), f"http://0x7f.1:{receiver.port}/")
    assert ([], f"127.0.0.1:{receiver.port}") == (names.asked, receiver.received[0].headers["host"])


def test_the_machine_resolves_by_itself(receiver: Receiver) -> None:
    """Without another resolver the system's is asked."""
    send(WebhookNotifier(SecretStr(SECRET), ["localhost"]), f"http://localhost:{receiver.port}/")
    assert 1 == len(receiver.received)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError("no net")])
def test_unresolved(error: Exception) -> None:
    """A name without an address is a failure of its own kind."""

    def fail(_host: str, _port: int) -> list[str]:
        raise error

    assert "hooks.example does not resolve" == reason(notifier("*", names=fail), "https://hooks.example/")
    assert "hooks.example does not resolve" == reason(notifier("*", names=Names([[]])), "https://hooks.example/")


def test_a_slow_name_server() -> None:
    """A name server that does not answer costs no more than the time allowed."""
    over = threading.Event()

    def wait(_host: str, _port: int) -> list[str]:
        over.wait(60)
        return ["8.8.8.8"]

    began = time.monotonic()
    expected = "hooks.example was not resolved in time"
    assert expected == reason(notifier("*", names=wait, timeout_s=0.1), "https://hooks.example/")
    assert time.monotonic() - began < PROMPT_S
    over.set()


# Secrets


@pytest.mark.parametrize("status", [200, 302, 500])
def test_nothing_secret_is_told(
    receiver: Receiver, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Neither the error, its traceback, the notifier's own text nor any log holds the secret, path or query."""
    caplog.set_level(0)
    receiver.status = status
    by, told = notifier(), ""
    with suppress(NotificationError):
        send(by, f"http://127.0.0.1:{receiver.port}/private-path?private=private-query")
    for url in ("http://127.0.0.1:1/private?private", "http://x:private@127.0.0.1/", "http://other?private"):
        with pytest.raises(NotificationError) as caught:
            send(notifier("127.0.0.1", timeout_s=0.5), url)
        told += "".join(traceback.format_exception(caught.value))
    told += repr(by) + str(by) + caplog.text + "".join(capfd.readouterr())
    assert "private" not in told
    assert SECRET[6:] not in told


def test_no_secret(receiver: Receiver) -> None:
    """Without a secret nothing is sent, and the error names the setting."""
    by = WebhookNotifier(None, ["127.0.0.1"])
    assert reason(by, f"http://127.0.0.1:{receiver.port}/").startswith("WEBRECORD_NOTIFY_SECRET is not set")
    assert 0 == receiver.connections


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_private12", "whsec_密private", "whsec_====", "whsec_!"])
def test_a_bad_secret(receiver: Receiver, secret: str) -> None:
    """A secret that is empty or no base64 is told from none, and not repeated."""
    by = WebhookNotifier(SecretStr(secret), ["127.0.0.1"])
    with pytest.raises(NotificationError, match="WEBRECORD_NOTIFY_SECRET is not `whsec_` and base64") as caught:
        send(by, f"http://127.0.0.1:{receiver.port}/")
    assert "private" not in "".join(traceback.format_exception(caught.value))
    assert 0 == receiver.connections


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` alone, signed by nobody, with its key."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    new = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:localhost", "-out", str(path), "-keyout", "-"]
    made = subprocess.run([*new, *named], capture_output=True, check=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Receiver]:
    """A receiver behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Receiver().serve(tls=context) as receiver:
        yield receiver


@pytest.mark.process
def test_https(secure: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address, and is asked to prove the name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    send(notifier("localhost"), f"https://localhost:{secure.port}/hook?a=b")
    [got] = secure.received
    assert ["localhost"] == secure.names
    assert f"localhost:{secure.port}" == got.headers["host"]
    assert Webhook(SECRET).verify(got.body, got.headers)["type"] == "recording.completed"


def test_the_usual_port_is_left_out(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Host header names no port where the URL needs none, as browsers do; receivers compare it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    by = notifier("localhost", names=Names([["127.0.0.4"]]))
    try:
        with Receiver().serve("127.0.0.4", 80) as plain, Receiver().serve("127.0.0.4", 443, context) as secure:
            send(by, "http://localhost/")
            send(by, "https://localhost/")
            assert ["localhost"] * 2 == [got.headers["host"] for got in plain.received + secure.received]
    except OSError:  # what `send` raises is none
        pytest.skip("may not listen on ports 80 and 443")


def test_https_of_nobody_we_trust(secure: Receiver) -> None:
    """A certificate that nobody trusted has signed is refused; the message is not sent."""
    expected = "localhost has a certificate that is not valid for it (self-signed certificate)"
    assert expected == reason(notifier("localhost"), f"https://localhost:{secure.port}/")
    assert [] == secure.received


def test_https_of_another(secure: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate for another host is refused; the message is not sent."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    told = reason(notifier("127.0.0.1"), f"https://127.0.0.1:{secure.port}/")
    assert told.startswith("127.0.0.1 has a certificate that is not valid for it (")
    assert [] == secure.received


def test_https_to_a_plain_server(receiver: Receiver) -> None:
    """A server without TLS is told from one that is away."""
    told = reason(notifier(), f"https://127.0.0.1:{receiver.port}/")
    assert "127.0.0.1 does not speak TLS as it should" == told


@pytest.mark.parametrize("behave", [hang, drip(b"\x16\x03\x03\x40\x00")])
def test_a_handshake_without_end(behave: Callable[[socket.socket], None]) -> None:
    """A handshake that hangs or drips is over in time, too."""
    with speaking(behave) as url:
        began = time.monotonic()
        told = reason(notifier(timeout_s=0.25), url.replace("http:", "https:"))
        assert time.monotonic() - began < PROMPT_S
    assert "127.0.0.1 did not answer in time" == told
