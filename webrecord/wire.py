"""Connections of the command line: proxies, certificates, and plain words for their errors."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi
import httpcore
import httpx
from socksio.exceptions import SOCKSError

from webrecord.errors import BadUsage
from webrecord.proxies import Proxy, proxy_for
from webrecord.words import t

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL")
"""What OpenSSL's releases call an answer that is no TLS."""
SYSTEM = (
    "Connection refused",
    "Connection reset by peer",
    "Network is unreachable",
    "No route to host",
    "Permission denied",
)
"""What the operating system says of connections."""
_ASK = "is the address right, is a proxy needed (HTTPS_PROXY)?"
_PROXY_ANSWERS_S = 20.0
_ASKED_S = 5.0


class Ways(httpx.BaseTransport):
    """Sends each request directly or through the proxy that the environment names for its address."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._ways: dict[tuple[Proxy | None, bool], httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            BadUsage: a variable about proxies or certificates is wrong; it is named.
            httpx.HTTPError: what went wrong on the way.
        """
        proxy = proxy_for(str(request.url), self._environ)
        secret = request.url.scheme == "https" or (proxy is not None and proxy.url.startswith("https:"))
        with self._lock:
            if (way := self._ways.get((proxy, secret))) is None:
                way = self._ways[proxy, secret] = _way(proxy, trusted(self._environ) if secret else None)
        return way.handle_request(request)

    def close(self) -> None:
        """Close every connection."""
        for way in self._ways.values():
            way.close()


def trusted(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the trusted certificates: SSL_CERT_FILE, SSL_CERT_DIR, else the usual authorities.

    Raises:
        BadUsage: a variable names a file that can't be used.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    variable, path = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", folder)
    try:
        if file:
            return ssl.create_default_context(cafile=file)
        return (
            ssl.create_default_context(capath=folder) if folder else ssl.create_default_context(cafile=certifi.where())
        )
    except OSError as error:
        if not path or (
            environ.get("SSLKEYLOGFILE") and not isinstance(error, ssl.SSLError) and os.access(path, os.R_OK)
        ):
            variable, path = "SSLKEYLOGFILE", environ.get("SSLKEYLOGFILE")
        why = t("it holds no certificate") if isinstance(error, ssl.SSLError) else error.strerror
        raise BadUsage(
            t(
                "{variable} names {path}, which can't be used: {why}; correct or unset it",
                variable=variable,
                path=path,
                why=why,
            )
        ) from None


class Why(NamedTuple):
    """A connection error in words, and whether a retry may help."""

    line: str
    passing: bool = True


def why(error: Exception, url: str, proxy: Proxy | None) -> Why:
    """Return the reason and the remedy of a connection error, in words."""
    causes = list(_causes(error))
    ask = (
        t("does the proxy run? Unset {variable}, or put the host into NO_PROXY, to do without", variable=proxy.variable)
        if proxy
        else t(_ASK)
    )
    through = t(" through the proxy {shown} of {variable}", shown=proxy.shown, variable=proxy.variable) if proxy else ""
    if isinstance(error, httpx.ProxyError) and proxy:
        wants_login = "407" in str(error) or "username/password" in str(error).lower()
        said = t("it requires a login") if wants_login else _words(str(error))
        return Why(
            t("the proxy {shown} of {variable} failed: {said}", shown=proxy.shown, variable=proxy.variable, said=said),
            not wants_login,
        )
    if untrusted := next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None):
        said = untrusted.verify_message
        return Why(
            t(
                "its certificate is not trusted{through}: {said}; SSL_CERT_FILE can name another authority",
                through=through,
                said=said,
            ),
            False,
        )
    if broken := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
        if broken.reason not in _NO_TLS:
            return Why(t("the secure connection{through} failed: {words}", through=through, words=_words(str(broken))))
        plain = "http" + url.removeprefix("https")
        return Why(
            t("it does not speak https{through}; if it speaks plain http, write {plain}", through=through, plain=plain),
            False,
        )
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        if url.startswith("http:") and proxy is None and speaks_tls(url):
            return Why(t("it speaks https, not http; write https{names}", names=url.removeprefix("http")), False)
        return Why(t("the connection closed before the whole answer arrived{through}", through=through))
    if any(isinstance(one, socket.gaierror) for one in causes):
        return Why(t("there is no host of that name{through}; {ask}", through=through, ask=ask))
    if isinstance(error, httpx.ConnectTimeout):
        return Why(t("it can't be reached in time{through}; {ask}", through=through, ask=ask))
    if isinstance(error, httpx.TimeoutException):
        return Why(t("it took too long{through}", through=through))
    if isinstance(error, httpx.ConnectError):
        told = next((one.strerror for one in causes if isinstance(one, OSError) and one.strerror), "") or str(error)
        ask = ask if proxy else t("does it run, {ask}", ask=ask)
        return Why(t("; ").join((f"{_words(told)}{through}", ask)))
    return Why(_words(str(error)) or t("the connection failed"))


def speaks_tls(url: str) -> bool:
    """Ask whether a server speaks TLS, whatever its certificate is; nothing is sent to it but the greeting."""
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 80), _ASKED_S) as connection,
            context.wrap_socket(connection, server_hostname=parts.hostname),
        ):
            return True
    except (OSError, ValueError):
        return False


def _way(proxy: Proxy | None, context: ssl.SSLContext | None) -> httpx.HTTPTransport:
    verify = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if proxy is None:
        return httpx.HTTPTransport(verify=verify, trust_env=False)
    try:
        own = httpx.Proxy(proxy.url, ssl_context=context if proxy.url.startswith("https:") else None)
        return (
            _Socks(own, verify)
            if proxy.url.startswith("socks")
            else httpx.HTTPTransport(verify=verify, trust_env=False, proxy=own)
        )
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise BadUsage(
            t("{variable} is not a proxy's address; write http://host:port", variable=proxy.variable)
        ) from None


class _Socks(httpx.HTTPTransport):
    """Like httpx's own, but with a timeout for a silent proxy: httpcore would wait forever."""

    def __init__(self, proxy: httpx.Proxy, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        url = proxy.url
        self._pool = httpcore.SOCKSProxy(
            proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port or 1080, target=b"/"),
            proxy_auth=proxy.raw_auth,
            ssl_context=verify,
            network_backend=(backend := _Backend()),
        )
        self._backend = backend

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except (SOCKSError, AssertionError, IndexError, ValueError) as error:
            if (stream := getattr(self._backend.newest, "stream", None)) is not None:
                stream.close()  # of this thread; httpcore leaves it open
            raise httpx.ProxyError(t("it does not answer as a SOCKS5 proxy does"), request=request) from error


class _Backend(httpcore.SyncBackend):
    def __init__(self) -> None:
        super().__init__()
        self.newest = threading.local()

    def connect_tcp(self, *arguments: Any, **named: Any) -> httpcore.NetworkStream:  # noqa: ANN401 (the base class's)
        self.newest.stream = stream = _Stream(super().connect_tcp(*arguments, **named))
        return stream


class _Stream(httpcore.NetworkStream):
    """A stream on which every read ends."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _PROXY_ANSWERS_S if timeout is None else timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _PROXY_ANSWERS_S if timeout is None else timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return self._inner.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (the base class's)
        return self._inner.get_extra_info(info)


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _words(text: str) -> str:
    """Return a library's message without `[Errno 111]` and `(_ssl.c:1006)`, in the reader's language if it is known."""
    plain = re.sub(r"\[[^\]]*\] ?|\s*\(_ssl[^)]*\)", "", text).strip()
    return t(plain) if plain in SYSTEM else plain
