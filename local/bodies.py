"""Read a request's body, at most as many bytes as its route allows, whatever length the sender claims."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

__all__ = ["ANSWERS", "BodyTooLarge", "BodyTooLate", "read_body"]

_DRAIN_BYTES = 64 * 1024 * 1024
BODY_S = 60.0
"""For a body of some megabytes, from this machine."""


class BodyTooLarge(Exception):
    """The body is larger than `limit` bytes; nothing of it was kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {_words(limit)}")


class BodyTooLate(Exception):
    """The body did not come to its end in time; nothing of it was kept."""


async def read_body(request: Request, limit: int, within_s: float = BODY_S) -> bytes:
    """Return the body: by Content-Length where there is one, chunk by chunk in any case.

    Raises:
        BodyTooLarge: it has more than `limit` bytes.
        BodyTooLate: it took longer than `within_s` seconds.
        ClientDisconnect: the sender went away.
    """
    try:
        return await asyncio.wait_for(_read(request, limit), within_s)
    except asyncio.TimeoutError:
        raise BodyTooLate(f"the body did not come within {within_s:g} s") from None


async def _read(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    refused = length.isdecimal() and int(length) > limit
    if refused and "expect" in request.headers:
        raise BodyTooLarge(limit)  # the sender waits for our word, and need not send it
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        refused = refused or size > limit
        if refused:
            # Passed over up to a bound: an answer before the end of a body looks like a broken connection.
            body.clear()
            if size > _DRAIN_BYTES:
                break
        else:
            body += chunk
    if refused:
        raise BodyTooLarge(limit)
    return bytes(body)


async def _refuse(_request: Request, error: Exception) -> Response:
    return JSONResponse({"errorCode": 413, "errorMessage": str(error)}, 413, {"Connection": "close"})


async def _late(_request: Request, error: Exception) -> Response:
    return JSONResponse({"errorCode": 408, "errorMessage": str(error)}, 408, {"Connection": "close"})


async def _nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # the sender is gone: nobody reads it


ANSWERS = {BodyTooLarge: _refuse, BodyTooLate: _late, ClientDisconnect: _nobody}
"""What an application answers, by the exception of `read_body`."""


def _words(limit: int) -> str:
    mib = 1024 * 1024
    return f"{limit // mib} MB" if limit % mib == 0 else f"{limit} bytes"
