"""Read a reply of the API within bounds: an endless one would fill the memory or never return."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from webrecord.errors import NotTheApi
from webrecord.words import t

LONGEST = 16_000_000
"""Bytes; the platform lets through 6 MB."""
WITHIN_S = 35.0
_OF_THE_WAY = (b"content-encoding", b"content-length", b"transfer-encoding")


def whole(http: httpx.Client, request: httpx.Request, clock: Callable[[], float] = time.monotonic) -> httpx.Response:
    """Send a request; return the answer, which is read.

    Raises:
        httpx.HTTPError: there is none, or it did not end in time.
        NotTheApi: it is longer than the API's are.
    """
    until, body = clock() + WITHIN_S, bytearray()
    reply = http.send(request, stream=True)
    try:
        for part in reply.iter_bytes():
            body += part
            if len(body) > LONGEST:
                where = request.url.copy_with(query=None, fragment=None)
                raise NotTheApi(
                    t(
                        "{where} is not a webrecord API: it answered more than {longest} bytes; is the endpoint right?",
                        where=where,
                        longest=LONGEST,
                    )
                )
            if clock() > until:
                raise httpx.ReadTimeout(t("the answer does not end"), request=request)
    finally:
        reply.close()
    headers = [(name, value) for name, value in reply.headers.raw if name.lower() not in _OF_THE_WAY]
    read = httpx.Response(reply.status_code, headers=headers, content=bytes(body), request=request)
    read.elapsed = reply.elapsed
    return read
