"""HTTP of both SDKs: each call has one deadline, from the DNS lookup to the last byte of the reply."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from shared.adapters.wire import BoundedSocket, Moment, connect, resolve

CONNECTIONS = 34
"""Kept open: more than an invocation has threads, those of a tick and those of the pool."""
ALONE_S = 5.0
"""The limit of a request outside of any call, seconds."""


class _Call(threading.local):
    moment: Moment | None = None


_call = _Call()


def _moment() -> Moment:
    """Return the deadline of this thread's present call."""
    return _call.moment or Moment(ALONE_S)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give every request of the block this deadline, with reading its reply."""
    _call.moment = Moment(seconds)
    try:
        yield
    finally:
        _call.moment = None


def bound(session: requests.Session) -> requests.Session:
    """Return the session, its requests bounded by `within`."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=CONNECTIONS))
    return session


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (as requests has it)
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 (as requests has it)
        args[0].headers["Accept-Encoding"] = "identity"  # what is packed grows beyond every bound
        answer = super().send(*args, **{**kwargs, "timeout": _moment().left()})
        if 300 <= answer.status_code < 400:  # followed, it would take keys along; taken as it is, it means success
            answer.close()
            raise requests.TooManyRedirects(f"the answer is a redirect ({answer.status_code})")
        raw = kwargs.get("stream") and args[0].method == "GET"  # of an object: read as it was stored
        if not raw and answer.headers.get("Content-Encoding", "identity") != "identity":
            answer.close()
            raise requests.exceptions.ContentDecodingError("the answer is packed")
        return answer


def _connected(connection: HTTPConnection) -> socket.socket:
    host, port = connection.host, connection.port or connection.default_port or 443
    moment = _moment()
    try:
        made = connect(moment.bound(lambda: resolve(host, port)), port, moment)
        made.settimeout(moment.left())  # for the handshake, whose timeout is over all of it
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"{host} did not answer in time") from error
    except OSError as error:
        raise NewConnectionError(connection, f"{host}: {type(error).__name__}") from error
    return made


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def connect(self) -> None:
        super().connect()
        self.sock: Any = BoundedSocket(self.sock, _moment)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
